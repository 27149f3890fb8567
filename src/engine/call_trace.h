// What a call leaves behind for the run it belongs to: counters, log lines, and every request that went
// out.
//
// Threads: the fiber that makes the call.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/ports.h"
#include "connector/redaction.h"
#include "connector/secret_values.h"
#include "engine/runs.h"
#include "junctor/context.h"

namespace junctor {

class Fiber;
class Store;

struct CallTrace final : connector::CallRecorder {
  static constexpr std::size_t most_lines = 1'000;

  struct Line {
    LogLevel level;
    std::string message;
    std::int64_t at;
  };

  // Beyond most_lines one last line says so, and the rest is left out.
  void note(LogLevel level, std::string_view message, Timestamp at);
  // A listing ended at a bound before its end: a warning, the counter `cut_short`, and what callers are told.
  void note_cut(const std::string& action, ListingBound bound, Timestamp at);
  void record(connector::RecordedCall call) override { calls.push_back(std::move(call)); }

  std::string connection;  // as resolved: "integration/name"
  std::map<std::string, std::int64_t> counters;
  std::vector<Line> log;
  std::vector<connector::RecordedCall> calls;  // not stored yet
  connector::SecretValues secrets;             // what nothing that is kept of the run may hold
  std::uint64_t done = 0, total = 0;
  std::optional<ListingBound> cut_short;       // of the first listing that was

  std::int64_t listings_cut() const;

  std::vector<connector::RecordedCall> shown_calls() const;
  // What the journal keeps of an output, as JSON text: without the run's secrets, and without members that are
  // named like a secret or that the action declares. Its caller gets it without credentials alone.
  std::string shown_output(const Json& output, const connector::Redaction& declared = connector::Redaction()) const;
};

// "pages", "items", "time".
std::string_view to_string(ListingBound bound);

// How a run ends with a failure: cancelled where somebody asked to stop.
RunEnd end_with(const Failure& failure, const CallTrace& trace);

// A whole run that is over now, with everything its calls left behind, in one commit.
void record_run(Fiber& fiber, Store& store, const Clock& clock, RunStart start, RunEnd end, const CallTrace& trace);

// Adds the lines and calls of a trace to its run.
void store_trace(Transaction& transaction, const TenantId& tenant, RunId run,
                 const CallTrace& trace);

}  // namespace junctor
