// Waiting for messages: woken by the commit that brings one, by the time one becomes due, or by the
// backstop.
#include <algorithm>

#include "junctor/fiber.h"
#include "queue/queues.h"
#include "queue/tables.h"

namespace junctor::queue {
std::vector<Message> Queues::wait_and_lease(Fiber& fiber, const LeaseRequest& request,
                                            std::chrono::milliseconds at_most) {
  const auto limit = std::chrono::steady_clock::now() + at_most;
  auto messages = lease(fiber, request);
  if (!messages.empty() || at_most.count() <= 0) return messages;
  const std::int64_t id =
      store_.read(fiber, [&](Snapshot& view) { return require(view, request.tenant, request.queue).id; });
  Signal& changed = signal(id);
  for (;;) {
    const auto seen = changed.count();
    messages = lease(fiber, request);
    if (!messages.empty()) return messages;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        limit - std::chrono::steady_clock::now());
    if (left.count() <= 0) return messages;
    changed.wait_for(fiber, seen, std::min(left, time_to_next(fiber, id)));
  }
}

// Until the next delayed message or lease of the queue comes up; at most the backstop.
std::chrono::milliseconds Queues::time_to_next(Fiber& fiber, std::int64_t queue_id) {
  const auto next = store_.read(
      fiber, [&](Snapshot& view) { return tables_->next_time(view, queue_id); });
  const std::int64_t now = clock().now().time_since_epoch().count();
  if (next <= now) return std::chrono::milliseconds(1);
  return std::min(options_.backstop, std::chrono::milliseconds(next == INT64_MAX ? 60'000 : next - now));
}

void Queues::check_hints(Fiber& fiber) {
  store_.read(fiber, [&](Snapshot& view) { tables_->check_hints(view); });
}

}  // namespace junctor::queue
