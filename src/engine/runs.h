// The journal of runs: what was executed, when, how it ended, and what its steps returned.
//
// Threads: any; every function works inside the caller's transaction.
// Invariants:
//   1. A terminal state is final: finish() and retry() change only a run that is running, and only for
//      the attempt they were given.
//   2. A finished step is stored once per (run, name) and never replaced.
//   3. Inputs, outputs, messages and logs are bounded; what is cut says so.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/clock.h"
#include "junctor/failure.h"
#include "junctor/ids.h"
#include "store/migrations.h"

namespace junctor {

class Snapshot;
class Transaction;

enum class RunStatus { running, retrying, completed, partial, failed, cancelled };
std::string_view to_string(RunStatus status);
std::optional<RunStatus> run_status_of(std::string_view text);
bool is_terminal(RunStatus status);

struct RunStart {
  TenantId tenant;
  RunId id;
  std::string kind;         // "action", "pass", "catch", "flow", "authorisation"
  std::string integration;  // slug
  std::string subject;      // action, pass, catch or flow name; step of an authorisation
  std::string trigger;      // "api", "event", "schedule", "person", "plug", "test", "options"
  std::string connection;   // name, empty when none
  std::string event;        // id of the event that started it, empty when none
  int attempt = 1;
  Timestamp at;
  std::string input;  // JSON text
};

struct RunEnd {
  RunStatus status = RunStatus::completed;
  std::map<std::string, std::int64_t> counters;  // "extracted", "created", "updated", "failed", …
  std::optional<FailureKind> failure;
  std::string error;   // what a person may read
  std::string output;  // JSON text
  Timestamp at;
  std::string connection;  // for finish(): of the first call, where the run began without one
};

struct RunRow {
  std::string id, kind, integration, subject, trigger, connection, event;
  RunStatus status = RunStatus::running;
  int attempt = 0;
  std::int64_t started_at = 0;   // milliseconds since 1970
  std::int64_t finished_at = 0;  // 0 while it runs
  std::string counters, failure, error, input, output;  // JSON text where structured
};

struct RunFilter {
  std::string integration, subject, kind, status;  // empty: any
  std::string before;                              // run id: only older ones
  int limit = 50;                                  // 1 to 500
};

struct RunLogLine {
  std::int64_t at = 0;
  std::string level;
  std::string message;
};

namespace runs {

const MigrationSet& migrations();

// Inserts the run, or moves a retrying one to the next attempt. False when the run already ended or a
// later attempt has begun: the caller must not go on.
bool begin(Transaction& transaction, const RunStart& start);

// Ends the attempt. False when another has ended it or a later attempt has begun.
bool finish(Transaction& transaction, const TenantId& tenant, RunId id, int attempt,
            const RunEnd& end);

// A whole run in one row, for work that is over before anything could be lost.
void record(Transaction& transaction, const RunStart& start, const RunEnd& end);

std::optional<std::string> step(Snapshot& snapshot, const TenantId& tenant, RunId id,
                                std::string_view name);
// False when the step was stored before; the stored output stands.
bool store_step(Transaction& transaction, const TenantId& tenant, RunId id, std::string_view name,
                std::string_view output, Timestamp at);

// At most 1,000 lines a run; later ones are counted in the last line.
void append_logs(Transaction& transaction, const TenantId& tenant, RunId id,
                 const std::vector<RunLogLine>& lines);

std::optional<RunRow> get(Snapshot& snapshot, const TenantId& tenant, RunId id);
// Newest first.
std::vector<RunRow> list(Snapshot& snapshot, const TenantId& tenant, const RunFilter& filter);
std::vector<RunLogLine> logs(Snapshot& snapshot, const TenantId& tenant, RunId id);

// Deletes at most `most` finished runs that ended before this moment, with their steps, logs and
// calls; returns how many, so that a caller can go on in small bites.
// sealed: called for a run with steps whose output is in the vault, to forget it there.
using Sealed = std::function<void(Transaction&, const TenantId&, RunId)>;
std::int64_t forget(Transaction& transaction, Timestamp ended_before, int most, const Sealed& sealed = {});

// Stands for the output of a step that holds a secret; the vault has the output under owner_of its run.
inline constexpr std::string_view sealed_output = R"("[redacted]")";
inline std::string owner_of(RunId id) { return "run/" + id.to_string(); }

}  // namespace runs
}  // namespace junctor
