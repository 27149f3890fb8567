// Rate limits that every process on one store shares: the token buckets stand in the store, processes take
// small batches.
//
// Threads: any loop.
// Lifetime: store and clock outlive it.
// Invariants:
//   1. A token is handed out once. What a process that dies held is lost, never given twice.
//   2. No pause ends before the latest moment that any process was told.
#pragma once

#include "connector/ports.h"
#include "store/migrations.h"

namespace junctor {

class Store;
class Transaction;

class StoredLimits final : public connector::LimitShare {
 public:
  StoredLimits(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  static MigrationSet migrations();

  connector::LimitLease lease(Fiber& fiber, const connector::LimitKey& key, const RateLimit& limit, int wanted,
                              int unused) override;
  void pause(Fiber& fiber, const connector::LimitKey& key, std::chrono::milliseconds duration) override;
  std::vector<std::pair<connector::LimitKey, std::chrono::milliseconds>> pauses(Fiber& fiber) override;

  // Forgets pauses that are over and buckets nobody has used for a day; returns how many.
  static std::int64_t forget(Transaction& transaction, Timestamp now, int most);

 private:
  Store& store_;
  const Clock& clock_;
};

}  // namespace junctor
