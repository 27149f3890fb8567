#include "queue/upkeep.h"

#include <fmt/format.h>

#include "base/log.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/idempotency.h"
#include "queue/inbox.h"
#include "queue/segments.h"

namespace junctor::queue {
namespace {

constexpr std::chrono::milliseconds pause{10};
constexpr int most_steps = 1'000;

template <typename Step>
std::int64_t repeat(Fiber& fiber, Store& store, int most, Step&& step) {
  std::int64_t total = 0;
  for (int i = 0; i < most_steps; ++i) {
    const int done = store.write(fiber, step);
    total += done;
    if (done < most) break;
    fiber.sleep_for(pause);
  }
  return total;
}

int forget_publish_keys(Transaction& tx, Timestamp before, int most) {
  return static_cast<int>(tx.execute(
      "DELETE FROM publish_keys WHERE (tenant, scope, key) IN (SELECT tenant, scope, key"
      " FROM publish_keys WHERE created_at < ? ORDER BY created_at LIMIT ?)",
      before, most));
}

}  // namespace

UpkeepDone upkeep(Fiber& fiber, Store& store, Timestamp now, const UpkeepOptions& options) {
  UpkeepDone done;
  const int most = options.most_rows;
  done.rows += repeat(fiber, store, most, [&](Transaction& tx) {
    return forget_publish_keys(tx, now - options.publish_keys, most);
  });
  done.rows +=
      repeat(fiber, store, most, [&](Transaction& tx) { return forget_received(tx, now, most); });
  done.rows +=
      repeat(fiber, store, most, [&](Transaction& tx) { return forget_answers(tx, now, most); });
  if (store.dialect() == Dialect::sqlite) return done;
  done.segments_made = make_segments(fiber, store);
  done.segments_dropped = drop_segments(fiber, store);
  sum_counters(fiber, store);
  return done;
}

}  // namespace junctor::queue
