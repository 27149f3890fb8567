#include "async/signal.h"

#include <optional>
#include <utility>

#include "junctor/failure.h"

namespace junctor {

std::uint64_t Signal::count() const {
  std::lock_guard lock(mutex_);
  return count_;
}

void Signal::wait(Fiber& fiber, std::uint64_t seen) {
  fiber.check();
  std::optional<Waker> mine;
  const Woken reason = fiber.wait([&](Waker waker) {
    mine = waker;
    std::unique_lock lock(mutex_);
    if (count_ == seen) {
      waiting_.push_back(std::move(waker));
      return;
    }
    lock.unlock();
    waker.wake();
  });
  if (reason == Woken::by_waker) return;
  if (mine) {  // not where the deadline was over before the wait began
    std::lock_guard lock(mutex_);
    std::erase(waiting_, *mine);
  }
  fiber.check();
}

bool Signal::wait_for(Fiber& fiber, std::uint64_t seen, std::chrono::milliseconds at_most) {
  const auto limit = std::chrono::steady_clock::now() + at_most;
  try {
    DeadlineScope scope(fiber, at_most);
    wait(fiber, seen);
    return true;
  } catch (const Failure& failure) {
    // The caller's own deadline must not pass for ours.
    if (failure.kind() != FailureKind::timeout || std::chrono::steady_clock::now() < limit) throw;
  }
  fiber.check();
  return count() != seen;
}

void Signal::notify_all() {
  std::vector<Waker> woken;
  {
    std::lock_guard lock(mutex_);
    ++count_;
    woken.swap(waiting_);
  }
  for (const Waker& waker : woken) waker.wake();
}

Semaphore::Permit Semaphore::acquire(Fiber& fiber) {
  fiber.check();
  while (free_ == 0) {
    std::optional<Waker> mine;
    const Woken reason =
        fiber.wait([&](Waker waker) { waiting_.push_back(mine.emplace(std::move(waker))); });
    if (reason == Woken::by_waker) continue;
    if (mine) std::erase(waiting_, *mine);
    fiber.check();
  }
  --free_;
  return Permit(this);
}

// Every waiter is woken and looks again: one that gave up cannot swallow the permit, and arrivals
// keep their order because the first to be resumed takes it.
void Semaphore::release() {
  ++free_;
  for (const Waker& waker : std::exchange(waiting_, {})) waker.wake();
}

}  // namespace junctor
