// Owns the fibers it spawned: nothing is detached.
//
// Threads: the loop's thread, except stop_blocking() (any other thread) and stop_then() (any).
// Lifetime: the last member of its owner; stop() before destruction, which asserts emptiness.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace junctor {

class Fiber;
class Loop;

struct FiberCore;

class Scope final {
 public:
  // One fiber of a scope. Copyable; does nothing once the fiber has ended.
  class Handle {
   public:
    Handle() = default;
    // Asks this fiber alone to stop; on the loop's thread.
    void cancel() const;

   private:
    friend class Scope;
    explicit Handle(std::weak_ptr<FiberCore> core) : core_(std::move(core)) {}
    std::weak_ptr<FiberCore> core_;
  };

  // name appears in logs when a fiber of this scope ends with an exception.
  Scope(Loop& loop, std::string name);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // Starts body on a fiber of its own in a later turn of the loop. An exception that leaves it is
  // logged, except Failure{cancelled}. After stop() nothing is started.
  Handle spawn(std::function<void(Fiber&)> body);

  // Asks every fiber to stop; returns at once.
  void cancel();
  // Waits until no fiber is left; not cut short by the caller's own cancellation.
  void join(Fiber& fiber);
  // cancel, then join.
  void stop(Fiber& fiber);
  // The same from a thread that is not the loop's, while the loop runs.
  void stop_blocking();
  // The same from any thread without waiting: done is called on the loop's thread when the scope is
  // empty and may be destroyed.
  void stop_then(std::function<void()> done);

  std::size_t size() const;
  Loop& loop() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Runs body on a fresh loop in the calling thread until it returns; rethrows what it threw. For main
// functions, commands and tests.
void run_in_fiber(const std::function<void(Fiber&)>& body);

}  // namespace junctor
