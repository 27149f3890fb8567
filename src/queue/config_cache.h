// Reading queues and keeping what was read. Only for this room.
//
// Invariant: a transaction that changed a queue reads the database; others see a change at once when it
// was made in this process or in the same SQLite file, and within `most_age` on PostgreSQL.
//
// Threads: any thread.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "queue/queues.h"
#include "queue/tables.h"

namespace junctor::queue {

std::optional<QueueInfo> find_queue(Snapshot& view, const TenantId& tenant, const std::string& name);
std::optional<QueueInfo> find_queue_by_id(Snapshot& view, std::int64_t id);
std::vector<QueueInfo> list_queues(Snapshot& view, const TenantId& tenant);

class ConfigCache {
 public:
  static constexpr std::chrono::milliseconds most_age{200};

  // To be called by a transaction before it changes a queue.
  void touch(Transaction& tx);
  std::optional<QueueInfo> find(Transaction& tx, Tables& tables, const TenantId& tenant,
                                const std::string& name);

 private:
  using Key = std::pair<std::string, std::string>;
  struct Touched {
    bool touched = false;
  };
  void forget();

  std::mutex mutex_;
  std::map<Key, QueueInfo> entries_;
  std::uint64_t generation_ = 0;
  std::int64_t outside_ = 0;
  std::chrono::steady_clock::time_point filled_at_{};
};

}  // namespace junctor::queue
