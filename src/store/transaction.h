// What a store closure works with: Snapshot reads, Transaction reads and writes.
//
// SQL is written once for both backends where possible: `?` (or `?1`, `?2` …) for arguments, types
// BIGINT, TEXT, BLOB (BYTEA on PostgreSQL, see sql_blob()), DOUBLE PRECISION; 0 and 1 for truth.
// Statements are prepared once per connection and found again by their text: keep the text constant.
//
// Threads: the thread that runs the closure, while it runs. Closures do not wait, sleep or start fibers.
// Lifetime: ends with the closure; nothing of it may be kept.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "store/value.h"

namespace junctor {

enum class Dialect { sqlite, postgres };

// How strictly a PostgreSQL transaction is isolated. SQLite always gives `serializable`.
enum class Isolation {
  serializable,    // as if alone; what rooms use
  read_committed,  // for statements that take their own locks
};

using RowVisitor = std::function<void(const Row&)>;

// One database connection; implemented by the backends.
class Session {
 public:
  virtual ~Session() = default;
  virtual Dialect dialect() const = 0;
  // Runs one statement; visits its rows. Returns the number of rows changed.
  virtual std::int64_t run(std::string_view sql, std::span<const SqlParam> params,
                           const RowVisitor* visit) = 0;
  // Runs one statement whose result nobody looks at, at the latest with the commit.
  virtual void run_later(std::string_view sql, std::span<const SqlParam> params) {
    run(sql, params, nullptr);
  }
  // Several statements separated by ';', without arguments: for migrations.
  virtual void run_script(std::string_view sql) = 0;
  // A session that sees what is committed at this moment; null when this one does.
  virtual Session* committed_now() { return nullptr; }
};

// A consistent view: every read of one closure sees the same commit.
//
// Errors of every call: Failure{unavailable} when the database is away, {corrupt}, {conflict} for a
// violated constraint, {no_space}, {bug} for wrong SQL.
class Snapshot {
 public:
  explicit Snapshot(Session& session) : session_(session) {}
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  Dialect dialect() const { return session_.dialect(); }

  // All rows, owned. For results of bounded size: say LIMIT.
  template <typename... Args>
  Rows query(std::string_view sql, const Args&... args) {
    return query_params(sql, pack(args...));
  }
  // The visitor sees one row at a time.
  template <typename Visitor, typename... Args>
  void for_each(std::string_view sql, Visitor&& visitor, const Args&... args) {
    const RowVisitor visit = std::ref(visitor);
    const auto params = pack(args...);
    session_.run(sql, params, &visit);
  }
  // The first column of the only row as T; nullopt without a row or when it is NULL.
  template <typename T, typename... Args>
  std::optional<T> value(std::string_view sql, const Args&... args) {
    std::optional<T> found;
    for_each(
        sql, [&](const Row& row) { found = row.get<std::optional<T>>(0); }, args...);
    return found;
  }
  Rows query_params(std::string_view sql, std::span<const SqlParam> params);

 protected:
  template <typename... Args>
  static std::array<SqlParam, sizeof...(Args)> pack(const Args&... args) {
    return {SqlParam(args)...};
  }
  Session& session_;
};

// A Snapshot that may also change things. Everything a closure did is committed, or nothing is.
class Transaction final : public Snapshot {
 public:
  using Snapshot::Snapshot;

  // Returns the number of rows inserted, updated or deleted.
  template <typename... Args>
  std::int64_t execute(std::string_view sql, const Args&... args) {
    const auto params = pack(args...);
    return session_.run(sql, params, nullptr);
  }
  std::int64_t execute_params(std::string_view sql, std::span<const SqlParam> params) {
    return session_.run(sql, params, nullptr);
  }
  // The same without the number: on PostgreSQL it travels with the next statement or the commit, which
  // also tells its error.
  template <typename... Args>
  void execute_later(std::string_view sql, const Args&... args) {
    const auto params = pack(args...);
    session_.run_later(sql, params);
  }
  void run_script(std::string_view sql) { session_.run_script(sql); }

  // Reads what is committed at this moment, without this transaction's own changes; null where the
  // transaction itself sees that. A serializable transaction on PostgreSQL reads the state at its begin:
  // for who holds a lock and must know what its last holder did.
  Snapshot* committed_now() {
    if (Session* beside = session_.committed_now(); beside != nullptr && !beside_)
      beside_.emplace(*beside);
    return beside_ ? &*beside_ : nullptr;
  }

  // Runs after the commit is on disk, on the store's thread: short, and must not throw or use the
  // store. For waking who waits. Forgotten when the transaction fails.
  void after_commit(std::function<void()> hook) { after_commit_.push_back(std::move(hook)); }
  // Runs as the closure's last work, still inside the transaction.
  void before_commit(std::function<void(Transaction&)> hook) {
    before_commit_.push_back(std::move(hook));
  }

  // State of a room for the length of this transaction: one default-constructed T per type.
  template <typename T>
  T& local() {
    static const char key = 0;
    for (auto& [tag, state] : locals_)
      if (tag == &key) return *std::static_pointer_cast<T>(state);
    auto state = std::make_shared<T>();
    locals_.emplace_back(&key, state);
    return *state;
  }

  // For the backends.
  void finish_closure();
  std::vector<std::function<void()>> take_after_commit() { return std::move(after_commit_); }

 private:
  std::optional<Snapshot> beside_;
  std::vector<std::function<void()>> after_commit_;
  std::vector<std::function<void(Transaction&)>> before_commit_;
  std::vector<std::pair<const void*, std::shared_ptr<void>>> locals_;
};

}  // namespace junctor
