#include "junctor/fiber.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "async/asio_wait.h"
#include "async/fiber_core.h"
#include "async/loop.h"
#include "junctor/failure.h"

namespace junctor {
namespace {

[[noreturn]] void throw_interrupted(Woken reason) {
  if (reason == Woken::by_cancellation)
    throw Failure(FailureKind::cancelled, "the work was asked to stop");
  throw Failure(FailureKind::timeout, "the time allowed for this was over");
}

}  // namespace

void Waker::wake() const {
  if (!core_->win(generation_, Woken::by_waker)) return;
  const Loop::Visit visit(core_->loop);
  boost::asio::post(core_->loop.context(), [core = core_] { core->resume(); });
}

void Waker::wake_inline() const {
  if (!core_->loop.is_current() || core_->loop.running_fiber() != nullptr) return wake();
  if (core_->win(generation_, Woken::by_waker)) core_->resume();
}

Fiber::Fiber(std::shared_ptr<FiberCore> core) : core_(std::move(core)) {}

Loop& Fiber::loop() const { return core_->loop; }
TraceContext& Fiber::trace() { return core_->trace; }
std::optional<Fiber::SteadyTime> Fiber::deadline() const { return core_->deadline; }
bool Fiber::cancelled() const { return core_->cancelled; }

std::chrono::milliseconds Fiber::time_left(std::chrono::milliseconds otherwise) const {
  if (!core_->deadline) return otherwise;
  const auto left = *core_->deadline - std::chrono::steady_clock::now();
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(left), std::chrono::milliseconds(0));
}

void Fiber::check() const {
  if (core_->cancelled) throw_interrupted(Woken::by_cancellation);
  if (core_->deadline && std::chrono::steady_clock::now() >= *core_->deadline)
    throw_interrupted(Woken::by_deadline);
}

void Fiber::sleep_for(std::chrono::milliseconds duration) {
  boost::asio::steady_timer timer(core_->loop.context(), duration);
  wait_for_asio<boost::system::error_code>(
      *this, [&](auto handler) { timer.async_wait(std::move(handler)); }, [&] { timer.cancel(); });
}

void Fiber::yield() {
  wait_uninterruptible([](Waker waker) { waker.wake(); });
}

Woken Fiber::suspend(const std::function<void(Waker)>& start, bool interruptible) {
  if (interruptible && core_->cancelled) return Woken::by_cancellation;
  if (interruptible && core_->deadline && std::chrono::steady_clock::now() >= *core_->deadline)
    return Woken::by_deadline;
  const std::uint64_t generation = ++core_->last_generation;
  core_->interruptible = interruptible;
  core_->waiting.store(generation);
  try {
    start(Waker(core_, generation));
  } catch (...) {
    // When the waker was called all the same, its resume is on its way and must find us waiting.
    if (!core_->win(generation, Woken::by_waker)) core_->switch_to_loop();
    throw;
  }
  core_->switch_to_loop();
  return core_->reason;
}

Woken Fiber::wait(const std::function<void(Waker)>& start) { return suspend(start, true); }

void Fiber::wait_or_throw(const std::function<void(Waker)>& start) {
  const Woken reason = suspend(start, true);
  if (reason != Woken::by_waker) throw_interrupted(reason);
}

void Fiber::wait_uninterruptible(const std::function<void(Waker)>& start) { suspend(start, false); }

DeadlineScope::DeadlineScope(Fiber& fiber, std::chrono::milliseconds at_most)
    : fiber_(fiber), before_(fiber.core_->deadline) {
  const auto limit = std::chrono::steady_clock::now() + at_most;
  if (before_ && *before_ <= limit) return;
  fiber_.core_->deadline = limit;
  fiber_.core_->arm_deadline();
}

DeadlineScope::~DeadlineScope() {
  if (fiber_.core_->deadline == before_) return;
  fiber_.core_->deadline = before_;
  fiber_.core_->arm_deadline();
}

}  // namespace junctor
