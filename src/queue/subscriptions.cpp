#include "queue/subscriptions.h"

#include "junctor/failure.h"
#include "queue/queues.h"

namespace junctor::queue {

// Greedy with one point of return: enough for '*'.
bool topic_matches(std::string_view pattern, std::string_view topic) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < topic.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == topic[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

void subscribe(Transaction& tx, Queues& queues, const Subscription& subscription) {
  if (subscription.name.empty() || subscription.name.size() > 200 || subscription.pattern.empty() ||
      subscription.pattern.size() > most_topic_bytes)
    throw Failure(FailureKind::invalid, "a subscription has a name and a topic pattern");
  queues.require(tx, subscription.tenant, subscription.queue);
  queues.subscriptions_change(tx);
  tx.execute(
      "INSERT INTO subscriptions (tenant, name, pattern, queue, ignore_source, created_at)"
      " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, name) DO UPDATE SET"
      " pattern = excluded.pattern, queue = excluded.queue, ignore_source = excluded.ignore_source",
      subscription.tenant, subscription.name, subscription.pattern, subscription.queue,
      subscription.ignore_source, system_clock().now());
}

bool unsubscribe(Transaction& tx, Queues& queues, const TenantId& tenant, const std::string& name) {
  queues.subscriptions_change(tx);
  return tx.execute("DELETE FROM subscriptions WHERE tenant = ? AND name = ?", tenant, name) == 1;
}

std::vector<Subscription> subscriptions(Snapshot& view, const TenantId& tenant) {
  std::vector<Subscription> found;
  view.for_each(
      "SELECT tenant, name, pattern, queue, ignore_source FROM subscriptions WHERE tenant = ?"
      " ORDER BY name",
      [&](const Row& row) {
        found.push_back({row.get<TenantId>(0), row.get<std::string>(1), row.get<std::string>(2),
                         row.get<std::string>(3), row.get<std::string>(4)});
      },
      tenant);
  return found;
}

}  // namespace junctor::queue
