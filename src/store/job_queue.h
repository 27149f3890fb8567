// Closures on their way to a thread of the store: bounded, first come, first served.
//
// Threads: any thread pushes; the store's threads take.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "junctor/failure.h"
#include "store/store.h"

namespace junctor {

class JobQueue final {
 public:
  explicit JobQueue(std::size_t most_waiting) : most_waiting_(most_waiting) {}

  // Throws Failure{overloaded} when full, {unavailable} after stop().
  void push(StoreJob& job) {
    {
      std::lock_guard lock(mutex_);
      if (stopping_) throw Failure(FailureKind::unavailable, "the database is being closed");
      if (jobs_.size() >= most_waiting_)
        throw Failure(FailureKind::overloaded, "too many transactions are waiting; try again later")
            .retry_after(std::chrono::seconds(1));
      jobs_.push_back(&job);
      if (jobs_.size() < wanted_) return;
    }
    changed_.notify_one();
  }

  // The next job; null once stopped and empty.
  StoreJob* take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return nullptr;
    StoreJob* job = jobs_.front();
    jobs_.pop_front();
    return job;
  }

  // Waits for a job, then up to `linger` for `wanted` of them, and takes at most `most` into jobs.
  // False once stopped and empty, or when `idle` passed without a job (jobs is then empty).
  bool take_group(std::vector<StoreJob*>& jobs, std::size_t most, std::size_t wanted,
                  std::chrono::microseconds linger, std::chrono::milliseconds idle) {
    jobs.clear();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, idle, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return !stopping_;
    if (jobs_.size() < wanted && !stopping_) {
      wanted_ = wanted;
      changed_.wait_for(lock, linger, [&] { return stopping_ || jobs_.size() >= wanted; });
      wanted_ = 1;
    }
    const std::size_t count = std::min(most, jobs_.size());
    jobs.assign(jobs_.begin(), jobs_.begin() + static_cast<std::ptrdiff_t>(count));
    jobs_.erase(jobs_.begin(), jobs_.begin() + static_cast<std::ptrdiff_t>(count));
    return true;
  }

  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return jobs_.size();
  }

  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
  }

 private:
  const std::size_t most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<StoreJob*> jobs_;
  std::size_t wanted_ = 1;
  bool stopping_ = false;
};

}  // namespace junctor
