#include "store/sqlite/connection.h"

#include <fmt/format.h>

namespace junctor::sqlite {
namespace {

// Statements kept per connection; beyond it the idle ones are dropped.
constexpr std::size_t most_statements = 512;

FailureKind kind_of(int code, int system_error) {
  switch (code & 0xff) {
    case SQLITE_FULL: return FailureKind::no_space;
    case SQLITE_IOERR:
      return system_error == ENOSPC || system_error == EDQUOT ? FailureKind::no_space
                                                              : FailureKind::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return FailureKind::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_READONLY: return FailureKind::unavailable;
    case SQLITE_CONSTRAINT: return FailureKind::conflict;
    case SQLITE_TOOBIG: return FailureKind::too_large;
    default: return FailureKind::bug;
  }
}

std::string message_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::no_space: return "the disk of the database is full";
    case FailureKind::corrupt: return "the database file is damaged; restore a backup";
    case FailureKind::unavailable: return "the database cannot be used at the moment";
    case FailureKind::conflict: return "the change contradicts stored data";
    case FailureKind::too_large: return "a value is larger than the database can hold";
    default: return "the database refused a statement";
  }
}

class CurrentRow final : public Row {
 public:
  explicit CurrentRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t int64(int column) const override { return sqlite3_column_int64(statement_, column); }
  double real(int column) const override { return sqlite3_column_double(statement_, column); }
  std::string_view text(int column) const override {
    const void* bytes = sqlite3_column_blob(statement_, column);
    const int count = sqlite3_column_bytes(statement_, column);
    if (bytes == nullptr) return {};
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(count)};
  }
  int columns() const override { return sqlite3_column_count(statement_); }
  Cell cell(int column) const override {
    switch (sqlite3_column_type(statement_, column)) {
      case SQLITE_NULL: return std::monostate();
      case SQLITE_INTEGER: return int64(column);
      case SQLITE_FLOAT: return real(column);
      default: return std::string(text(column));
    }
  }

 private:
  sqlite3_stmt* statement_;
};

struct Binder {
  sqlite3_stmt* statement;
  int index;

  int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
  int operator()(std::int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
  int operator()(double value) const { return sqlite3_bind_double(statement, index, value); }
  // The argument outlives the run, so nothing is copied. A null pointer would bind NULL.
  int operator()(std::string_view text) const {
    return sqlite3_bind_text64(statement, index, text.data() ? text.data() : "", text.size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(Blob blob) const {
    if (blob.bytes.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
    return sqlite3_bind_blob64(statement, index, blob.bytes.data(), blob.bytes.size(), SQLITE_STATIC);
  }
  template <typename Array>
  int operator()(const Array&) const {
    throw Failure(FailureKind::bug, "arrays are arguments for PostgreSQL only");
  }
};

// Whatever way the run ends, the statement is ready for the next.
struct ResetAtEnd {
  sqlite3_stmt* statement;
  ~ResetAtEnd() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

}  // namespace

Connection::Connection(const ConnectionOptions& options) {
  const int flags = SQLITE_OPEN_NOMUTEX | (options.access == Access::read_only
                                               ? SQLITE_OPEN_READONLY
                                               : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(options.path.c_str(), &handle_, flags,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (code != SQLITE_OK) {
    const std::string detail = handle_ != nullptr ? sqlite3_errmsg(handle_) : "out of memory";
    sqlite3_close(handle_);
    throw Failure(kind_of(code, 0), fmt::format("cannot open the database '{}'", options.path), detail);
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, static_cast<int>(options.busy_timeout.count()));
}

Connection::~Connection() {
  statements_.clear();
  sqlite3_close_v2(handle_);
}

void Connection::fail(int code, std::string_view doing) const {
  const FailureKind kind = kind_of(code, sqlite3_system_errno(handle_));
  Failure failure(kind, message_of(kind),
                  fmt::format("sqlite {} ({}): {}", code, sqlite3_errmsg(handle_), doing));
  if (kind == FailureKind::unavailable || kind == FailureKind::no_space)
    failure.retry_after(std::chrono::seconds(1));
  throw failure;
}

sqlite3_stmt* Connection::prepare(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second.get();
  if (statements_.size() >= most_statements)
    std::erase_if(statements_,
                  [](const auto& entry) { return sqlite3_stmt_busy(entry.second.get()) == 0; });
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) fail(code, sql);
  JUNCTOR_CHECK(statement != nullptr);
  return statements_.emplace(std::string(sql), Statement(statement)).first->second.get();
}

std::int64_t Connection::run(std::string_view sql, std::span<const SqlParam> params,
                             const RowVisitor* visit) {
  sqlite3_stmt* statement = prepare(sql);
  // A visitor that runs the same text again must not disturb this run.
  JUNCTOR_CHECK(sqlite3_stmt_busy(statement) == 0);
  JUNCTOR_CHECK(sqlite3_bind_parameter_count(statement) == static_cast<int>(params.size()));
  const ResetAtEnd reset{statement};
  for (std::size_t i = 0; i < params.size(); ++i) {
    const int code = std::visit(Binder{statement, static_cast<int>(i) + 1}, params[i].value());
    if (code != SQLITE_OK) fail(code, sql);
  }
  const CurrentRow row(statement);
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW)
    if (visit != nullptr) (*visit)(row);
  if (code != SQLITE_DONE) fail(code, sql);
  return sqlite3_changes64(handle_);
}

void Connection::run_script(std::string_view sql) {
  const int code = sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, sql);
}

}  // namespace junctor::sqlite
