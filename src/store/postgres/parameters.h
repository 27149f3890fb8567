// Arguments and columns on PostgreSQL's wire. Only for this folder.
//
// Threads: values.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/value.h"

namespace junctor::postgres {

// Arguments in the form PQsendQueryPrepared takes.
class Parameters {
 public:
  explicit Parameters(std::span<const SqlParam> params);

  int count() const { return static_cast<int>(types_.size()); }
  const Oid* types() const { return types_.data(); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  void add(const SqlParam& param);
  void add_bytes(Oid type, std::string_view bytes);
  void add_owned(Oid type, std::string bytes);

  std::vector<Oid> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_, formats_;
  std::vector<std::unique_ptr<std::string>> owned_;
};

// One row of a binary result.
class ResultRow final : public Row {
 public:
  ResultRow(const PGresult* result, int row) : result_(result), row_(row) {}
  bool is_null(int column) const override { return PQgetisnull(result_, row_, column) != 0; }
  std::int64_t int64(int column) const override;
  double real(int column) const override;
  std::string_view text(int column) const override;
  int columns() const override { return PQnfields(result_); }
  Cell cell(int column) const override;

 private:
  std::string_view raw(int column) const;

  const PGresult* result_;
  int row_;
};

}  // namespace junctor::postgres
