// What stands in the queues, for metrics and the hub.
//
// Threads: the store's thread that reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "queue/types.h"
#include "store/transaction.h"

namespace junctor::queue {

struct QueueStats {
  TenantId tenant;
  std::string queue;
  bool paused = false;
  // Counted from the tables at this moment.
  std::int64_t ready = 0, delayed = 0, leased = 0, behind_lane = 0, dead_letters = 0;
  // Of the oldest message that could be finished now: ready, or being worked on.
  std::chrono::milliseconds oldest_age{0};
  // Counted as it happened, since the queue exists; rates are their differences.
  std::int64_t accepted = 0, finished = 0, retried = 0;

  std::int64_t waiting() const { return ready + delayed + leased + behind_lane; }
  // Promise 2: 0 at every commit. Anything else is a message that is nowhere.
  std::int64_t unaccounted() const { return accepted - finished - dead_letters - waiting(); }
};

// Every queue of the tenant (of all, without one). Counting costs about 50 ns per waiting
// message: for answers to whoever asks, see StatsKeeper.
std::vector<QueueStats> queue_stats(Snapshot& view, const std::optional<TenantId>& tenant,
                                    Timestamp now);

}  // namespace junctor::queue
