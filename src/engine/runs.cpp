#include "engine/runs.h"

#include <array>
#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"
#include "store/transaction.h"

namespace junctor {
namespace {

constexpr std::size_t most_payload_bytes = 64 * 1024;
constexpr std::size_t most_message_bytes = 4 * 1024;
constexpr int most_log_lines = 1'000;

constexpr std::array<Migration, 2> steps{{{1, "runs, their steps and logs", R"sql(
CREATE TABLE runs (
  tenant TEXT NOT NULL,
  id BLOB NOT NULL,
  kind TEXT NOT NULL,
  integration TEXT NOT NULL,
  subject TEXT NOT NULL,
  started_by TEXT NOT NULL,
  connection TEXT NOT NULL,
  event TEXT NOT NULL,
  status TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  finished_at BIGINT NOT NULL DEFAULT 0,
  counters TEXT NOT NULL DEFAULT '{}',
  failure TEXT NOT NULL DEFAULT '',
  error TEXT NOT NULL DEFAULT '',
  input TEXT NOT NULL DEFAULT '',
  output TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (tenant, id)
);
CREATE INDEX runs_by_subject ON runs (tenant, integration, subject, id);
CREATE INDEX runs_finished ON runs (finished_at);
CREATE TABLE run_steps (
  tenant TEXT NOT NULL,
  run BLOB NOT NULL,
  name TEXT NOT NULL,
  output TEXT NOT NULL,
  finished_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, run, name)
);
CREATE TABLE run_logs (
  tenant TEXT NOT NULL,
  run BLOB NOT NULL,
  line BIGINT NOT NULL,
  logged_at BIGINT NOT NULL,
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (tenant, run, line)
);
)sql",
                                             {}},
                                            {2, "the calls of runs", R"sql(
CREATE TABLE run_calls (
  tenant TEXT NOT NULL,
  run BLOB NOT NULL,
  number BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  method TEXT NOT NULL,
  url TEXT NOT NULL,
  status BIGINT NOT NULL,
  total_us BIGINT NOT NULL,
  failure TEXT NOT NULL,
  detail TEXT NOT NULL,
  left_out BIGINT NOT NULL,
  PRIMARY KEY (tenant, run, number)
);
)sql",
                                             {}}}};

constexpr std::array<std::pair<RunStatus, std::string_view>, 6> statuses{{
    {RunStatus::running, "running"},
    {RunStatus::retrying, "retrying"},
    {RunStatus::completed, "completed"},
    {RunStatus::partial, "partial"},
    {RunStatus::failed, "failed"},
    {RunStatus::cancelled, "cancelled"},
}};

std::string bounded(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  return std::string(whole_characters(text, most)) + "… (cut, " + std::to_string(text.size()) + " bytes)";
}

// A provider's words may be any bytes.
std::string bounded_message(std::string_view text) { return as_stored_text(bounded(text, most_message_bytes)); }

std::string counters_text(const std::map<std::string, std::int64_t>& counters) {
  boost::json::object object;
  for (const auto& [name, count] : counters) object[name] = count;
  return boost::json::serialize(object);
}

constexpr std::string_view columns =
    "id, kind, integration, subject, started_by, connection, event, status, attempt, started_at, "
    "finished_at, counters, failure, error, input, output";

RunRow read_row(const Row& row) {
  RunRow run;
  run.id = row.uuid(0).to_string();
  run.kind = row.text(1);
  run.integration = row.text(2);
  run.subject = row.text(3);
  run.trigger = row.text(4);
  run.connection = row.text(5);
  run.event = row.text(6);
  run.status = run_status_of(row.text(7)).value_or(RunStatus::failed);
  run.attempt = static_cast<int>(row.int64(8));
  run.started_at = row.int64(9);
  run.finished_at = row.int64(10);
  run.counters = row.text(11);
  run.failure = row.text(12);
  run.error = row.text(13);
  run.input = row.text(14);
  run.output = row.text(15);
  return run;
}

}  // namespace

std::string_view to_string(RunStatus status) {
  for (const auto& [value, text] : statuses)
    if (value == status) return text;
  return "failed";
}

std::optional<RunStatus> run_status_of(std::string_view text) {
  for (const auto& [value, name] : statuses)
    if (name == text) return value;
  return std::nullopt;
}

bool is_terminal(RunStatus status) {
  return status != RunStatus::running && status != RunStatus::retrying;
}

namespace runs {

const MigrationSet& migrations() {
  static constexpr MigrationSet set{"runs", steps};
  return set;
}

bool begin(Transaction& transaction, const RunStart& start) {
  const auto inserted = transaction.execute(
      "INSERT INTO runs (tenant, id, kind, integration, subject, started_by, connection, event, "
      "status, attempt, started_at, input) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?) "
      "ON CONFLICT DO NOTHING",
      start.tenant, start.id, start.kind, start.integration, start.subject, start.trigger,
      start.connection, start.event, start.attempt, start.at,
      bounded(start.input, most_payload_bytes));
  if (inserted == 1) return true;
  // The same attempt again is a takeover of one whose worker died before it could say so.
  return transaction.execute(
             "UPDATE runs SET status = 'running', attempt = ? WHERE tenant = ? AND id = ? AND "
             "status IN ('running', 'retrying') AND attempt <= ?",
             start.attempt, start.tenant, start.id, start.attempt) == 1;
}

bool finish(Transaction& transaction, const TenantId& tenant, RunId id, int attempt,
            const RunEnd& end) {
  return transaction.execute(
             "UPDATE runs SET status = ?, finished_at = ?, counters = ?, failure = ?, error = ?, "
             "output = ?, connection = CASE WHEN connection = '' THEN ? ELSE connection END "
             "WHERE tenant = ? AND id = ? AND attempt = ? AND status = 'running'",
             to_string(end.status),
             is_terminal(end.status) ? end.at : Timestamp(std::chrono::milliseconds(0)),
             counters_text(end.counters), end.failure ? to_string(*end.failure) : "",
             bounded_message(end.error), bounded(end.output, most_payload_bytes),
             end.connection, tenant, id, attempt) == 1;
}

void record(Transaction& transaction, const RunStart& start, const RunEnd& end) {
  transaction.execute(
      "INSERT INTO runs (tenant, id, kind, integration, subject, started_by, connection, event, "
      "status, attempt, started_at, finished_at, counters, failure, error, input, output) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      start.tenant, start.id, start.kind, start.integration, start.subject, start.trigger,
      start.connection, start.event, to_string(end.status), start.attempt, start.at, end.at,
      counters_text(end.counters), end.failure ? to_string(*end.failure) : "",
      bounded_message(end.error), bounded(start.input, most_payload_bytes),
      bounded(end.output, most_payload_bytes));
}

std::optional<std::string> step(Snapshot& snapshot, const TenantId& tenant, RunId id,
                                std::string_view name) {
  return snapshot.value<std::string>(
      "SELECT output FROM run_steps WHERE tenant = ? AND run = ? AND name = ?", tenant, id, name);
}

bool store_step(Transaction& transaction, const TenantId& tenant, RunId id, std::string_view name,
                std::string_view output, Timestamp at) {
  return transaction.execute(
             "INSERT INTO run_steps (tenant, run, name, output, finished_at) VALUES (?, ?, ?, ?, ?) "
             "ON CONFLICT DO NOTHING",
             tenant, id, name, output, at) == 1;
}

void append_logs(Transaction& transaction, const TenantId& tenant, RunId id,
                 const std::vector<RunLogLine>& lines) {
  auto next = transaction
                  .value<std::int64_t>(
                      "SELECT COALESCE(MAX(line), 0) FROM run_logs WHERE tenant = ? AND run = ?",
                      tenant, id)
                  .value_or(0);
  std::int64_t left_out = 0;
  for (const RunLogLine& line : lines) {
    if (next >= most_log_lines) {
      ++left_out;
      continue;
    }
    transaction.execute(
        "INSERT INTO run_logs (tenant, run, line, logged_at, level, message) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        tenant, id, ++next, line.at, line.level, bounded_message(line.message));
  }
  if (left_out == 0) return;
  transaction.execute(
      "INSERT INTO run_logs (tenant, run, line, logged_at, level, message) VALUES (?, ?, ?, ?, "
      "'warning', ?) ON CONFLICT DO NOTHING",
      tenant, id, most_log_lines + 1, lines.back().at, "further lines were left out");
}

std::optional<RunRow> get(Snapshot& snapshot, const TenantId& tenant, RunId id) {
  static const std::string sql =
      "SELECT " + std::string(columns) + " FROM runs WHERE tenant = ? AND id = ?";
  std::optional<RunRow> found;
  snapshot.for_each(sql, [&](const Row& row) { found = read_row(row); }, tenant, id);
  return found;
}

std::vector<RunRow> list(Snapshot& snapshot, const TenantId& tenant, const RunFilter& filter) {
  // Ids sort by time, so "older than this id" is the page after it. An absent filter compares a column
  // with itself: one statement for every combination.
  static const std::string sql = "SELECT " + std::string(columns) +
                                 " FROM runs WHERE tenant = ?1 AND id < ?2"
                                 " AND (?3 = '' OR integration = ?3) AND (?4 = '' OR subject = ?4)"
                                 " AND (?5 = '' OR kind = ?5) AND (?6 = '' OR status = ?6)"
                                 " ORDER BY id DESC LIMIT ?7";
  const auto before = RunId::parse(filter.before)
                          .value_or(RunId(Uuid({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})));
  const int limit = std::clamp(filter.limit, 1, 500);
  std::vector<RunRow> rows;
  snapshot.for_each(
      sql, [&](const Row& row) { rows.push_back(read_row(row)); }, tenant, before,
      filter.integration, filter.subject, filter.kind, filter.status, limit);
  return rows;
}

std::vector<RunLogLine> logs(Snapshot& snapshot, const TenantId& tenant, RunId id) {
  std::vector<RunLogLine> lines;
  snapshot.for_each(
      "SELECT logged_at, level, message FROM run_logs WHERE tenant = ? AND run = ? ORDER BY line",
      [&](const Row& row) {
        lines.push_back({row.int64(0), std::string(row.text(1)), std::string(row.text(2))});
      },
      tenant, id);
  return lines;
}

std::int64_t forget(Transaction& transaction, Timestamp ended_before, int most, const Sealed& sealed) {
  const Rows old = transaction.query(
      "SELECT tenant, id FROM runs WHERE finished_at > 0 AND finished_at < ? "
      "ORDER BY finished_at LIMIT ?",
      ended_before, most);
  for (const auto& row : old) {
    const std::string tenant(row.text(0));
    const Uuid id = row.uuid(1);
    const auto in_vault = transaction.execute(
        "DELETE FROM run_steps WHERE tenant = ? AND run = ? AND output = ?", tenant, id, sealed_output);
    if (in_vault > 0 && sealed) sealed(transaction, TenantId(tenant), RunId(id));
    transaction.execute("DELETE FROM run_steps WHERE tenant = ? AND run = ?", tenant, id);
    transaction.execute("DELETE FROM run_logs WHERE tenant = ? AND run = ?", tenant, id);
    transaction.execute("DELETE FROM run_calls WHERE tenant = ? AND run = ?", tenant, id);
    transaction.execute("DELETE FROM runs WHERE tenant = ? AND id = ?", tenant, id);
  }
  return static_cast<std::int64_t>(old.size());
}

}  // namespace runs
}  // namespace junctor
