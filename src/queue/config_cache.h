// Reading queues and keeping what was read. Only for this room.
//
// Invariant: a transaction that changed a queue reads the database; others see a change at once when it
// was made in this process or in the same SQLite file, and within `most_age` on PostgreSQL.
//
// Threads: any thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
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
  // Null: there is no such queue.
  KnownQueue find(Transaction& tx, Tables& tables, const TenantId& tenant, const std::string& name);

 private:
  using Key = std::pair<std::string, std::string>;
  struct Touched {
    bool touched = false;
  };
  // What this transaction has looked up already.
  struct Known {
    std::vector<KnownQueue> queues;
  };
  void forget();
  KnownQueue find_shared(Transaction& tx, Tables& tables, const TenantId& tenant,
                         const std::string& name);

  std::mutex mutex_;
  std::map<Key, KnownQueue> entries_;
  std::uint64_t generation_ = 0;
  std::int64_t outside_ = 0;
  std::chrono::steady_clock::time_point filled_at_{};
};

}  // namespace junctor::queue
