// What a call leaves behind for the run it belongs to: counters, log lines, and every request that went
// out.
//
// Threads: the fiber that makes the call.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connector/ports.h"
#include "engine/runs.h"
#include "junctor/context.h"

namespace junctor {

struct CallTrace final : connector::CallRecorder {
  static constexpr std::size_t most_lines = 1'000;

  struct Line {
    LogLevel level;
    std::string message;
    std::int64_t at;
  };

  // Beyond most_lines one last line says so, and the rest is left out.
  void note(LogLevel level, std::string_view message, Timestamp at);
  void record(connector::RecordedCall call) override { calls.push_back(std::move(call)); }

  std::string connection;  // as resolved: "integration/name"
  std::map<std::string, std::int64_t> counters;
  std::vector<Line> log;
  std::vector<connector::RecordedCall> calls;  // not stored yet
  std::uint64_t done = 0, total = 0;
};

// Adds the lines and calls of a trace to its run.
void store_trace(Transaction& transaction, const TenantId& tenant, RunId run,
                 const CallTrace& trace);

}  // namespace junctor
