// Statistics for whoever asks often: a count that was dear is used again for a while.
//
// Counting looks at every waiting message, which is what makes promise 2 a check and not a claim. It takes
// about 50 ms per million; so a count that took longer than `cheap` is made again only after a hundred
// times what it took, and meanwhile answers with its time.
//
// Threads: any thread; fibers of any loop.
// Lifetime: the store and the clock outlive it.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "queue/stats.h"
#include "store/store.h"

namespace junctor::queue {

class StatsKeeper final {
 public:
  static constexpr std::chrono::milliseconds cheap{100};
  static constexpr int rest = 100;

  struct Report {
    std::vector<QueueStats> queues;  // of every tenant
    Timestamp counted_at{};
  };

  StatsKeeper(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // A fresh count, or the last one where it was dear.
  std::shared_ptr<const Report> latest(Fiber& fiber);

 private:
  using Time = std::chrono::steady_clock::time_point;

  // Null when a count is due; then the caller makes it.
  std::shared_ptr<const Report> kept();

  Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  // Shared by this and the requests that are still writing it out.
  std::shared_ptr<const Report> report_;
  Time next_count_{};
  bool counting_ = false;
};

}  // namespace junctor::queue
