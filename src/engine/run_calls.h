// The requests that a run sent to other systems, as they may be stored: redacted and bounded by the
// connector room.
//
// Threads: any; every function works inside the caller's transaction.
// Invariants:
//   1. A run keeps at most most_calls; of those behind them only their number is kept.
//   2. Bodies of calls without a fault are kept for the first calls_with_bodies of a run; those of
//      calls with one are kept for all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connector/ports.h"
#include "junctor/ids.h"

namespace junctor {

class Snapshot;
class Transaction;

struct RunCall {
  std::int64_t number = 0;      // from 1, in the order they ended
  std::int64_t started_at = 0;  // milliseconds since 1970
  std::string method;
  std::string url;
  int status = 0;  // 0: no answer
  std::int64_t total_us = 0;
  std::string failure;
  std::string detail;  // JSON text of everything else
};

struct RunCalls {
  std::vector<RunCall> calls;
  std::int64_t left_out = 0;
};

namespace runs {

inline constexpr std::int64_t most_calls = 1'000;
inline constexpr std::int64_t calls_with_bodies = 50;

void append_calls(Transaction& transaction, const TenantId& tenant, RunId run,
                  const std::vector<connector::RecordedCall>& calls);

// In their order. details: whether RunCall::detail is filled.
enum class CallDetails { without, with };
RunCalls calls(Snapshot& snapshot, const TenantId& tenant, RunId run, CallDetails details);

}  // namespace runs
}  // namespace junctor
