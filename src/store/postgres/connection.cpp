#include "store/postgres/connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/postgres/connect.h"
#include "store/postgres/parameters.h"

namespace junctor::postgres {
namespace {

// Statements kept prepared per connection; beyond it all are dropped.
constexpr std::size_t most_statements = 512;

FailureKind kind_of(std::string_view state) {
  if (state.starts_with("23")) return FailureKind::conflict;
  if (state == "53100") return FailureKind::no_space;
  if (state == "XX001" || state == "XX002") return FailureKind::corrupt;
  if (state.starts_with("08") || state.starts_with("57") || state.starts_with("53") ||
      state.starts_with("58") || state == "55P03" || state == "25006")
    return FailureKind::unavailable;
  // Text with a NUL, or not in the server's encoding.
  if (state == "22021" || state == "22P05") return FailureKind::invalid;
  return FailureKind::bug;
}

std::string message_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::conflict: return "the change contradicts stored data";
    case FailureKind::no_space: return "the disk of the database is full";
    case FailureKind::corrupt: return "the database is damaged; restore a backup";
    case FailureKind::unavailable: return "the database cannot be reached at the moment";
    case FailureKind::invalid: return "a text cannot be stored: it has a zero byte or is not UTF-8";
    default: return "the database refused a statement";
  }
}

}  // namespace

std::string numbered_placeholders(std::string_view sql) {
  std::string out;
  out.reserve(sql.size() + 16);
  int count = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    if (c == '\'') quoted = !quoted;
    if (c != '?' || quoted) {
      out += c;
      continue;
    }
    out += '$';
    const bool numbered = i + 1 < sql.size() && sql[i + 1] >= '1' && sql[i + 1] <= '9';
    if (!numbered) out += std::to_string(++count);
  }
  return out;
}

Connection::Connection(const std::string& url) : url_(url), connection_(connect(url)) {
  if (PQstatus(connection_.get()) != CONNECTION_OK)
    throw Failure(FailureKind::unavailable, message_of(FailureKind::unavailable),
                  PQerrorMessage(connection_.get()))
        .retry_after(std::chrono::seconds(1));
  // Small tables must be read through their indexes: a scan would conflict with every other closure.
  // Joins are a few rows against an index; without statistics the planner would read whole tables.
  const Result set(PQexec(connection_.get(),
                          "SET client_min_messages = warning; SET enable_seqscan = off;"
                          "SET enable_hashjoin = off; SET enable_mergejoin = off;"
                          "SET application_name = 'junctor'; SET plan_cache_mode = force_generic_plan;"
                          // A server may be set up to acknowledge before the disk has it; not to us.
                          "SELECT set_config('synchronous_commit', 'on', false)"
                          " WHERE current_setting('synchronous_commit') = 'off';"
                          "SET jit = off"));
  PQenterPipelineMode(connection_.get());
}

Connection::~Connection() = default;

bool Connection::usable() const { return PQstatus(connection_.get()) == CONNECTION_OK; }

void Connection::fail(const PGresult* result, std::string_view sql) const {
  const char* raw = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  const std::string state = raw != nullptr ? raw : "08006";
  const std::string text =
      result != nullptr ? PQresultErrorMessage(result) : PQerrorMessage(connection_.get());
  const std::string detail = fmt::format("postgres {}: {} ({})", state, text, sql);
  if (state == "40001" || state == "40P01") throw RetryTransaction(detail);
  const FailureKind kind = kind_of(state);
  Failure failure(kind, message_of(kind), detail);
  if (is_retryable(kind) || kind == FailureKind::no_space) failure.retry_after(std::chrono::seconds(1));
  throw failure;
}

void Connection::check_sent(int sent, std::string_view sql) const {
  if (sent != 1) fail(nullptr, sql);
}

Connection::Statement& Connection::statement_for(std::string_view sql) {
  const auto [entry, added] = statements_.try_emplace(std::string(sql));
  if (added) entry->second.text = numbered_placeholders(sql);
  return entry->second;
}

void Connection::send(const char* command) {
  check_sent(PQsendQueryParams(connection_.get(), command, 0, nullptr, nullptr, nullptr, nullptr, 1),
             command);
  ++sent_;
}

void Connection::send_begin() {
  if (begin_.empty()) return;
  // Several commands may stand there; the extended protocol takes one each.
  for (std::size_t at = 0; at < begin_.size();) {
    const std::size_t end = std::min(begin_.find(';', at), begin_.size());
    send(begin_.substr(at, end - at).c_str());
    at = end + 1;
  }
  begin_.clear();
  in_transaction_ = true;
}

Connection::Result Connection::receive(std::string_view sql) {
  check_sent(PQpipelineSync(connection_.get()), sql);
  Result last, error;
  for (; sent_ > 0 && usable(); --sent_) {
    while (Result result{PQgetResult(connection_.get())}) {
      const ExecStatusType status = PQresultStatus(result.get());
      if (status == PGRES_FATAL_ERROR && !error) error = std::move(result);
      else if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) last = std::move(result);
    }
  }
  sent_ = 0;
  const Result sync{PQgetResult(connection_.get())};
  // Whether the server has these is not known after an error.
  if (error || !usable())
    for (const auto& text : unproven_) statements_.erase(text);
  unproven_.clear();
  if (error) fail(error.get(), sql);
  if (!usable() || !last) fail(nullptr, sql);
  return last;
}

void Connection::send_statement(std::string_view sql, std::span<const SqlParam> params) {
  const Parameters parameters(params);
  send_begin();
  if (statements_.size() >= most_statements) {
    statements_.clear();
    unproven_.clear();
    send("DEALLOCATE ALL");
  }
  Statement& statement = statement_for(sql);
  if (statement.name.empty()) {
    statement.name = fmt::format("s{}", ++names_given_);
    unproven_.emplace_back(sql);
    check_sent(PQsendPrepare(connection_.get(), statement.name.c_str(), statement.text.c_str(),
                             parameters.count(), parameters.types()),
               sql);
    ++sent_;
  }
  check_sent(PQsendQueryPrepared(connection_.get(), statement.name.c_str(), parameters.count(),
                                 parameters.values(), parameters.lengths(), parameters.formats(), 1),
             sql);
  ++sent_;
}

std::int64_t Connection::run(std::string_view sql, std::span<const SqlParam> params,
                             const RowVisitor* visit) {
  send_statement(sql, params);
  const Result result = receive(sql);
  if (visit != nullptr)
    for (int i = 0; i < PQntuples(result.get()); ++i) (*visit)(ResultRow(result.get(), i));
  const char* changed = PQcmdTuples(result.get());
  return std::strtoll(changed, nullptr, 10);
}

void Connection::run_later(std::string_view sql, std::span<const SqlParam> params) {
  send_statement(sql, params);
}

void Connection::run_script(std::string_view sql) {
  if (!begin_.empty() || sent_ > 0) run("SELECT 1", {}, nullptr);
  PQexitPipelineMode(connection_.get());
  const Result result(PQexec(connection_.get(), std::string(sql).c_str()));
  PQenterPipelineMode(connection_.get());
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
    fail(result.get(), sql.substr(0, 200));
}

Session* Connection::committed_now() {
  if (isolation_ != Isolation::serializable) return nullptr;
  if (!beside_ || !beside_->usable()) beside_ = std::make_unique<Connection>(url_);
  return beside_.get();
}

void Connection::commit() {
  begin_.clear();
  if (!in_transaction_) return;
  send("COMMIT");
  const Result result = receive("COMMIT");
  in_transaction_ = false;
  // The server answers ROLLBACK to the COMMIT of a transaction that had failed.
  if (std::string_view(PQcmdStatus(result.get())) != "COMMIT")
    throw Failure(FailureKind::bug, "a failed statement was ignored by its closure");
}

void Connection::rollback() noexcept {
  begin_.clear();
  if (!in_transaction_ || !usable()) return;
  in_transaction_ = false;
  // After an error the server skips everything up to the next sync: what is on its way ends first.
  try {
    if (sent_ > 0) receive("statements taken back");
  } catch (const Failure&) {
  }
  // A COMMIT that was refused has ended the transaction as well.
  if (PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) return;
  try {
    send("ROLLBACK");
    receive("ROLLBACK");
  } catch (const Failure&) {
    // The connection is gone, and the transaction with it.
  }
}

}  // namespace junctor::postgres
