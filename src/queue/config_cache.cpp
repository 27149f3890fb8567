#include "queue/config_cache.h"

namespace junctor::queue {
namespace {

QueueInfo read_queue(const Row& row) {
  QueueInfo info;
  info.id = row.int64(0);
  info.tenant = row.get<TenantId>(1);
  info.name = row.get<std::string>(2);
  info.paused = row.boolean(3);
  info.settings.most_attempts = row.get<int>(4);
  info.settings.lease = std::chrono::milliseconds(row.int64(5));
  info.settings.backoff.first = std::chrono::milliseconds(row.int64(6));
  info.settings.backoff.factor = row.real(7);
  info.settings.backoff.most = std::chrono::milliseconds(row.int64(8));
  return info;
}

}  // namespace

std::optional<QueueInfo> find_queue(Snapshot& view, const TenantId& tenant, const std::string& name) {
  std::optional<QueueInfo> found;
  view.for_each(
      "SELECT id, tenant, name, paused, most_attempts, lease_ms, backoff_first_ms, backoff_factor,"
      " backoff_most_ms FROM queues WHERE tenant = ? AND name = ?",
      [&](const Row& row) { found = read_queue(row); }, tenant, name);
  return found;
}

std::optional<QueueInfo> find_queue_by_id(Snapshot& view, std::int64_t id) {
  std::optional<QueueInfo> found;
  view.for_each(
      "SELECT id, tenant, name, paused, most_attempts, lease_ms, backoff_first_ms, backoff_factor,"
      " backoff_most_ms FROM queues WHERE id = ?",
      [&](const Row& row) { found = read_queue(row); }, id);
  return found;
}

std::vector<QueueInfo> list_queues(Snapshot& view, const TenantId& tenant) {
  std::vector<QueueInfo> found;
  view.for_each(
      "SELECT id, tenant, name, paused, most_attempts, lease_ms, backoff_first_ms, backoff_factor,"
      " backoff_most_ms FROM queues WHERE tenant = ? ORDER BY name",
      [&](const Row& row) { found.push_back(read_queue(row)); }, tenant);
  return found;
}

void ConfigCache::forget() {
  std::lock_guard lock(mutex_);
  entries_.clear();
  ++generation_;
}

void ConfigCache::touch(Transaction& tx) {
  forget();
  if (tx.local<Touched>().touched) return;
  tx.local<Touched>().touched = true;
  tx.after_commit([this] { forget(); });
}

KnownQueue ConfigCache::find(Transaction& tx, Tables& tables, const TenantId& tenant,
                             const std::string& name) {
  if (tx.local<Touched>().touched) {
    auto info = find_queue(tx, tenant, name);
    return info ? std::make_shared<const QueueInfo>(std::move(*info)) : nullptr;
  }
  auto& known = tx.local<Known>().queues;
  for (const KnownQueue& queue : known)
    if (queue->name == name && queue->tenant == tenant) return queue;
  KnownQueue found = find_shared(tx, tables, tenant, name);
  if (found) known.push_back(found);
  return found;
}

KnownQueue ConfigCache::find_shared(Transaction& tx, Tables& tables, const TenantId& tenant,
                                    const std::string& name) {
  const std::int64_t outside = tables.outside_changes(tx);
  const bool ages = tx.dialect() == Dialect::postgres;
  const auto now = ages ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
  std::uint64_t generation;
  {
    std::lock_guard lock(mutex_);
    if (outside != outside_ || (ages && now - filled_at_ > most_age)) {
      entries_.clear();
      outside_ = outside;
      filled_at_ = now;
    }
    const auto found = entries_.find(Key(tenant.text(), name));
    if (found != entries_.end()) return found->second;
    generation = generation_;
  }
  auto info = find_queue(tx, tenant, name);
  if (!info) return nullptr;
  auto shared = std::make_shared<const QueueInfo>(std::move(*info));
  // Kept only once this transaction's view of it has been committed.
  tx.after_commit([this, generation, shared] {
    std::lock_guard lock(mutex_);
    if (generation == generation_) entries_.emplace(Key(shared->tenant.text(), shared->name), shared);
  });
  return shared;
}

}  // namespace junctor::queue
