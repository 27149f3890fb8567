// Waiting without blocking a thread.
//
// A Fiber is a stack of its own on one loop. Code that runs in it reads like any other function; where
// it waits, the loop's thread runs other fibers. A function that may wait takes `Fiber& fiber` first.
//
// Threads: a fiber belongs to the loop that started it and never moves; its functions are called only
//   from inside it. Waker: any thread.
// Lifetime: the Scope that spawned a fiber outlives it.
// Invariants:
//   1. Exactly one of waker, deadline and cancellation ends a wait.
//   2. A waker that comes late does nothing.
//   3. Waiting inside a catch block is allowed: the state of exception handling travels with the fiber.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace junctor {

class Loop;
class Scope;
struct FiberCore;

enum class Woken { by_waker, by_deadline, by_cancellation };

// Ends one wait of one fiber. Copyable, callable any number of times from any thread.
class Waker {
 public:
  // The fiber continues in a later turn of its loop.
  void wake() const;
  // The fiber continues before this returns. Only on the loop's thread, outside any fiber, as the
  // last thing a completion handler does; elsewhere it falls back to wake().
  void wake_inline() const;

  friend bool operator==(const Waker&, const Waker&) = default;

 private:
  friend class Fiber;
  Waker(std::shared_ptr<FiberCore> core, std::uint64_t generation)
      : core_(std::move(core)), generation_(generation) {}
  std::shared_ptr<FiberCore> core_;
  std::uint64_t generation_;
};

// W3C trace context of the work in progress, plus the run it belongs to; travels into logs and calls.
struct TraceContext {
  std::string traceparent;  // "00-…", empty when unknown
  std::string run;          // run id, empty outside a run
};

class Fiber final {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  Loop& loop() const;
  TraceContext& trace();

  // When the work must be over; nullopt for no limit. Nobody below invents a later one.
  std::optional<SteadyTime> deadline() const;
  // What is left of it, at least zero; `otherwise` when there is no deadline.
  std::chrono::milliseconds time_left(std::chrono::milliseconds otherwise) const;
  bool cancelled() const;

  // Throws Failure{cancelled} or Failure{timeout} when the work should stop.
  void check() const;

  // Throws as check() does when it is cut short.
  void sleep_for(std::chrono::milliseconds duration);
  // Lets the loop's other work run once.
  void yield();

  // Suspends until a waker, the deadline or cancellation. start runs first, on this fiber, and hands
  // the waker to whoever will call it. What start gave away must survive a wait that ended early.
  Woken wait(const std::function<void(Waker)>& start);
  // Like wait, and throws as check() does unless the waker ended it.
  void wait_or_throw(const std::function<void(Waker)>& start);
  // Suspends until the waker alone: for work that holds references into this stack.
  void wait_uninterruptible(const std::function<void(Waker)>& start);

 private:
  friend struct FiberCore;
  friend class DeadlineScope;
  explicit Fiber(std::shared_ptr<FiberCore> core);
  Woken suspend(const std::function<void(Waker)>& start, bool interruptible);

  std::shared_ptr<FiberCore> core_;
};

// Narrows the fiber's deadline for a block; a wider one than the present is ignored.
class DeadlineScope final {
 public:
  DeadlineScope(Fiber& fiber, std::chrono::milliseconds at_most);
  ~DeadlineScope();
  DeadlineScope(const DeadlineScope&) = delete;
  DeadlineScope& operator=(const DeadlineScope&) = delete;

 private:
  Fiber& fiber_;
  std::optional<Fiber::SteadyTime> before_;
};

}  // namespace junctor
