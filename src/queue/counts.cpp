#include "queue/counts.h"

#include <map>

namespace junctor::queue {
namespace {

struct Pending {
  std::map<std::pair<std::int64_t, TenantId>, CountDelta> queues;
};

}  // namespace

void add_count(Transaction& tx, Tables& tables, const TenantId& tenant, std::int64_t queue_id,
               const CountDelta& delta) {
  auto& pending = tx.local<Pending>();
  if (pending.queues.empty())
    tx.before_commit([&tables](Transaction& inner) {
      // Work of other hooks may count again: it finds an empty map and hooks anew.
      const auto queues = std::move(inner.local<Pending>().queues);
      inner.local<Pending>().queues.clear();
      for (const auto& [key, sum] : queues) tables.count(inner, key.second, key.first, sum);
    });
  auto& sum = pending.queues[{queue_id, tenant}];
  sum.accepted += delta.accepted;
  sum.finished += delta.finished;
  sum.retried += delta.retried;
}

}  // namespace junctor::queue
