// One SQLite connection as a Session: statements, and error codes turned into Failures.
//
// Threads: one at a time.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "junctor/failure.h"
#include "store/transaction.h"

namespace junctor::sqlite {

enum class Access { read_write, read_only };

struct ConnectionOptions {
  std::string path;
  std::string vfs;
  std::chrono::milliseconds busy_timeout{5'000};
  Access access = Access::read_write;
};

class Connection final : public Session {
 public:
  explicit Connection(const ConnectionOptions& options);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Dialect dialect() const override { return Dialect::sqlite; }
  std::int64_t run(std::string_view sql, std::span<const SqlParam> params,
                   const RowVisitor* visit) override;
  void run_script(std::string_view sql) override;

  // A statement without arguments or rows, kept prepared.
  void command(std::string_view sql) { run(sql, {}, nullptr); }
  // Whether a transaction is open; SQLite ends one by itself after some errors.
  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  sqlite3* handle() { return handle_; }

  [[noreturn]] void fail(int code, std::string_view doing) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  sqlite3_stmt* prepare(std::string_view sql);

  sqlite3* handle_ = nullptr;
  std::unordered_map<std::string, Statement, TextHash, std::equal_to<>> statements_;
};

}  // namespace junctor::sqlite
