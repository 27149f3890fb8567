#include "queue/queue_info.h"

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

}  // namespace junctor::queue
