// Housekeeping of this room's tables, in steps short enough that nobody waits for them.
//
// Threads: one fiber; several engines may do it at once.
#pragma once

#include <chrono>

#include "queue/types.h"
#include "store/store.h"

namespace junctor::queue {

struct UpkeepOptions {
  // How long the idempotency keys of published events and messages are kept.
  std::chrono::milliseconds publish_keys{std::chrono::hours(24 * 7)};
  int most_rows = 1'000;  // per commit
};

struct UpkeepDone {
  std::int64_t rows = 0;     // keys and records that were old enough
  int segments_made = 0;     // PostgreSQL: for messages to come
  int segments_dropped = 0;  // PostgreSQL: of which every message was finished
};

// One round: old publish keys, inbox records and answers; on PostgreSQL also the segments of message
// contents and the summing up of counters. Every minute is often enough. Where another transaction is
// in the way of a segment, it is left for the next round.
UpkeepDone upkeep(Fiber& fiber, Store& store, Timestamp now, const UpkeepOptions& options = {});

}  // namespace junctor::queue
