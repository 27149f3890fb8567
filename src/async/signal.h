// Waiting for one another: a signal across threads, a semaphore within a loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "junctor/fiber.h"

namespace junctor {

// "Something changed": wakes those who wait and forgets. Who waits re-checks its condition.
//
// Threads: any thread notifies; fibers of any loop wait.
class Signal final {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  // A count that grows with each notification; pass it to wait to miss none between look and wait.
  std::uint64_t count() const;
  // Waits until the count differs from seen. Throws as Fiber::check().
  void wait(Fiber& fiber, std::uint64_t seen);
  // The same for at most this long; false when the time passed without a notification.
  bool wait_for(Fiber& fiber, std::uint64_t seen, std::chrono::milliseconds at_most);
  void notify_all();

 private:
  mutable std::mutex mutex_;
  std::uint64_t count_ = 0;
  std::vector<Waker> waiting_;
};

// At most so many at once, first come, first served.
//
// Threads: one loop.
class Semaphore final {
 public:
  explicit Semaphore(std::size_t permits) : free_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // A permit that returns itself.
  class Permit {
   public:
    explicit Permit(Semaphore* owner) : owner_(owner) {}
    Permit(Permit&& other) noexcept : owner_(other.owner_) { other.owner_ = nullptr; }
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (owner_ != nullptr) owner_->release();
    }

   private:
    Semaphore* owner_;
  };

  // Throws as Fiber::check().
  [[nodiscard]] Permit acquire(Fiber& fiber);
  std::size_t free() const { return free_; }

 private:
  void release();

  std::size_t free_;
  std::deque<Waker> waiting_;
};

}  // namespace junctor
