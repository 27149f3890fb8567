// Answers kept in the store: for caches declared `store`, shared by every process on it.
//
// Threads: any loop.
// Lifetime: store and clock outlive it.
#pragma once

#include "connector/ports.h"
#include "store/migrations.h"

namespace junctor {

class Store;
class Transaction;

class StoredCache final : public connector::SharedCache {
 public:
  static constexpr std::size_t most_value_bytes = 1024 * 1024;  // larger ones are not kept
  static constexpr std::int64_t most_entries = 100'000;         // upkeep removes those that end first

  StoredCache(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  static MigrationSet migrations();

  std::optional<Json> get(Fiber& fiber, const TenantId& tenant, const std::string& key) override;
  void put(Fiber& fiber, const TenantId& tenant, const std::string& key, const Json& value,
           std::chrono::milliseconds ttl) override;

  // Forgets what is over, and what is too much; returns how many.
  static std::int64_t forget(Transaction& transaction, Timestamp now, int most,
                             std::int64_t entries = most_entries);

 private:
  Store& store_;
  const Clock& clock_;
};

}  // namespace junctor
