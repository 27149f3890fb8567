#include "queue/stats_keeper.h"

#include "junctor/fiber.h"

namespace junctor::queue {

std::shared_ptr<const StatsKeeper::Report> StatsKeeper::kept() {
  std::lock_guard lock(mutex_);
  if (report_ && (counting_ || std::chrono::steady_clock::now() < next_count_)) return report_;
  counting_ = true;
  return nullptr;
}

std::shared_ptr<const StatsKeeper::Report> StatsKeeper::latest(Fiber& fiber) {
  if (auto report = kept()) return report;
  auto report = std::make_shared<Report>();
  const auto started = std::chrono::steady_clock::now();
  try {
    report->counted_at = clock_.now();
    report->queues = store_.read(
        fiber, [&](Snapshot& view) { return queue_stats(view, std::nullopt, clock_.now()); });
  } catch (...) {
    std::lock_guard lock(mutex_);
    counting_ = false;
    throw;
  }
  const auto ended = std::chrono::steady_clock::now();
  std::lock_guard lock(mutex_);
  counting_ = false;
  report_ = report;
  next_count_ = ended - started > cheap ? ended + (ended - started) * rest : ended;
  return report;
}

}  // namespace junctor::queue
