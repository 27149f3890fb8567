// One PostgreSQL connection as a Session: prepared statements in pipeline mode, binary results, and
// SQLSTATEs turned into Failures.
//
// BEGIN travels with the first statement, and statements whose result nobody looks at with the next one or
// with COMMIT: a transaction costs as many round trips as it has answers to wait for, and one.
//
// Threads: one at a time.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "junctor/failure.h"
#include "store/transaction.h"

namespace junctor::postgres {

// The transaction must be run again: a serialization failure or a deadlock.
class RetryTransaction final : public Failure {
 public:
  explicit RetryTransaction(std::string detail)
      : Failure(FailureKind::unavailable, "the database is too busy with conflicting changes",
                std::move(detail)) {}
};

class Connection final : public Session {
 public:
  // Throws Failure{unavailable} when there is no server.
  explicit Connection(const std::string& url);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Dialect dialect() const override { return Dialect::postgres; }
  std::int64_t run(std::string_view sql, std::span<const SqlParam> params,
                   const RowVisitor* visit) override;
  void run_later(std::string_view sql, std::span<const SqlParam> params) override;
  void run_script(std::string_view sql) override;
  // A second connection while a serializable transaction is open, made when it is asked for.
  Session* committed_now() override;

  // Sends this before the next statement; nothing yet.
  void begin(std::string_view sql, Isolation isolation = Isolation::read_committed) {
    begin_ = sql;
    isolation_ = isolation;
  }
  // Ends the transaction. After the call the outcome of a lost connection is unknown.
  void commit();
  void rollback() noexcept;
  bool usable() const;
  PGconn* handle() { return connection_.get(); }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Result = std::unique_ptr<PGresult, Clear>;
  struct Statement {
    std::string name;
    std::string text;
  };

  Statement& statement_for(std::string_view sql);
  void send(const char* command);
  void send_begin();
  void send_statement(std::string_view sql, std::span<const SqlParam> params);
  // Reads the results of everything sent; keeps the last. Throws for the first error.
  Result receive(std::string_view sql);
  [[noreturn]] void fail(const PGresult* result, std::string_view sql) const;
  void check_sent(int sent, std::string_view sql) const;

  const std::string url_;
  std::unique_ptr<PGconn, Finish> connection_;
  std::unique_ptr<Connection> beside_;
  Isolation isolation_ = Isolation::read_committed;
  std::string begin_;
  bool in_transaction_ = false;
  std::size_t sent_ = 0;                // commands without an answer yet
  std::vector<std::string> unproven_;   // statements whose preparation is among them
  std::uint64_t names_given_ = 0;
  std::unordered_map<std::string, Statement> statements_;
};

// "SELECT ?2, '?'" → "SELECT $2, '?'".
std::string numbered_placeholders(std::string_view sql);

}  // namespace junctor::postgres
