// What goes into a statement and what comes out of it.
//
// Threads: values; a Row belongs to the closure that reads it.
// Lifetime: a SqlParam refers to its argument and lives for one call. A Row inside for_each is valid until
//   the visitor returns; Rows own their cells.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "junctor/clock.h"
#include "junctor/ids.h"

namespace junctor {

// Bytes that are not text.
struct Blob {
  std::string_view bytes;
};

// A whole column of values as one parameter; PostgreSQL only (`unnest(?)`).
struct Int64Array {
  const std::vector<std::int64_t>& values;
};
struct TextArray {
  const std::vector<std::optional<std::string_view>>& values;
};
struct BlobArray {
  const std::vector<std::optional<std::string_view>>& values;
};

// One argument of a statement.
class SqlParam {
 public:
  using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, Blob,
                             const std::vector<std::int64_t>*, TextArray, BlobArray>;

  SqlParam(std::nullptr_t) {}    // NOLINT: implicit by design, here and below
  SqlParam(std::nullopt_t) {}    // NOLINT
  SqlParam(double value) : value_(value) {}                          // NOLINT
  SqlParam(std::string_view text) : value_(text) {}                  // NOLINT
  SqlParam(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT
  SqlParam(const char* text) : value_(std::string_view(text)) {}     // NOLINT
  SqlParam(Blob blob) : value_(blob) {}                              // NOLINT
  SqlParam(Int64Array array) : value_(&array.values) {}              // NOLINT
  SqlParam(TextArray array) : value_(array) {}                       // NOLINT
  SqlParam(BlobArray array) : value_(array) {}                       // NOLINT
  // Integers and bool become 64-bit integers.
  template <std::integral T>
  SqlParam(T value) : value_(static_cast<std::int64_t>(value)) {}  // NOLINT
  // Milliseconds since 1970, in both directions.
  SqlParam(Timestamp time) : value_(std::int64_t{time.time_since_epoch().count()}) {}  // NOLINT
  SqlParam(std::chrono::milliseconds span) : value_(std::int64_t{span.count()}) {}     // NOLINT
  // Ids are stored as 16 bytes, names as text.
  template <typename Tag>
  SqlParam(const UuidOf<Tag>& id) : SqlParam(id.uuid()) {}  // NOLINT
  SqlParam(const Uuid& id)                               // NOLINT
      : value_(Blob{{reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size()}}) {}
  template <typename Tag>
  SqlParam(const NameOf<Tag>& name) : value_(std::string_view(name.text())) {}  // NOLINT
  template <typename T>
  SqlParam(const std::optional<T>& value)  // NOLINT
      : value_(value ? SqlParam(*value).value_ : Value()) {}

  const Value& value() const { return value_; }

 private:
  Value value_;
};

// A stored value: NULL, integer, real, or text and blob as bytes.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

// One row of a result. Columns count from 0; reading NULL gives 0, 0.0 or "".
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t int64(int column) const = 0;
  virtual double real(int column) const = 0;
  // Text or blob, as bytes.
  virtual std::string_view text(int column) const = 0;
  virtual int columns() const = 0;
  // The value with its stored type.
  virtual Cell cell(int column) const = 0;

  Blob blob(int column) const { return Blob{text(column)}; }
  bool boolean(int column) const { return int64(column) != 0; }
  Timestamp time(int column) const { return Timestamp(std::chrono::milliseconds(int64(column))); }
  // 16 bytes as an id; the nil id for anything else.
  Uuid uuid(int column) const;

  // T: an integer, bool, double, std::string, std::string_view, Timestamp, Uuid, UuidOf, NameOf, or
  // std::optional of one.
  template <typename T>
  T get(int column) const;
};

// A result read whole.
class Rows {
 public:
  class Owned final : public Row {
   public:
    explicit Owned(std::vector<Cell> cells) : cells_(std::move(cells)) {}
    bool is_null(int column) const override { return at(column).index() == 0; }
    std::int64_t int64(int column) const override;
    double real(int column) const override;
    std::string_view text(int column) const override;
    int columns() const override { return static_cast<int>(cells_.size()); }
    Cell cell(int column) const override { return at(column); }

   private:
    const Cell& at(int column) const { return cells_.at(static_cast<std::size_t>(column)); }
    std::vector<Cell> cells_;
  };

  void add(Owned row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  std::size_t size() const { return rows_.size(); }
  const Owned& operator[](std::size_t index) const { return rows_.at(index); }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }
  // The only row, or null when there is none; more than one is a bug.
  const Owned* one() const&;
  const Owned* one() const&& = delete;

 private:
  std::vector<Owned> rows_;
};

namespace store_detail {
template <typename T>
struct Column;
template <std::integral T>
struct Column<T> {
  static T read(const Row& row, int column) { return static_cast<T>(row.int64(column)); }
};
template <>
struct Column<bool> {
  static bool read(const Row& row, int column) { return row.boolean(column); }
};
template <>
struct Column<double> {
  static double read(const Row& row, int column) { return row.real(column); }
};
template <>
struct Column<std::string> {
  static std::string read(const Row& row, int column) { return std::string(row.text(column)); }
};
template <>
struct Column<std::string_view> {
  static std::string_view read(const Row& row, int column) { return row.text(column); }
};
template <>
struct Column<Timestamp> {
  static Timestamp read(const Row& row, int column) { return row.time(column); }
};
template <>
struct Column<Uuid> {
  static Uuid read(const Row& row, int column) { return row.uuid(column); }
};
template <typename Tag>
struct Column<UuidOf<Tag>> {
  static UuidOf<Tag> read(const Row& row, int column) { return UuidOf<Tag>(row.uuid(column)); }
};
template <typename Tag>
struct Column<NameOf<Tag>> {
  static NameOf<Tag> read(const Row& row, int column) {
    return NameOf<Tag>(std::string(row.text(column)));
  }
};
template <typename T>
struct Column<std::optional<T>> {
  static std::optional<T> read(const Row& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return Column<T>::read(row, column);
  }
};
}  // namespace store_detail

template <typename T>
T Row::get(int column) const {
  return store_detail::Column<T>::read(*this, column);
}

}  // namespace junctor
