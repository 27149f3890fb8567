// The machinery behind Fiber: stack switching and the state of a wait. Only for the async room.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/context/fiber.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "async/loop.h"
#include "async/stack_pool.h"
#include "junctor/fiber.h"

namespace junctor {

// What a sanitizer must be told at every switch; empty without one.
struct SwitchNotes {
  void* fake_stack = nullptr;        // address sanitizer, of the side that is left
  const void* other_bottom = nullptr;  // the loop's stack, learned on arrival in the fiber
  std::size_t other_bytes = 0;
  void* thread_fiber = nullptr;      // thread sanitizer, this fiber
  void* thread_loop = nullptr;       // thread sanitizer, the loop's own context
};

struct FiberCore : std::enable_shared_from_this<FiberCore> {
  FiberCore(Loop& owner, std::function<void(Fiber&)> work);
  ~FiberCore();

  // Creates the stack and enters the body; on the loop's thread, outside any fiber.
  void start();
  // Enters the suspended fiber; returns when it waits again or ends.
  void resume();
  // Called inside the fiber: back to the loop until resume().
  void switch_to_loop();

  // Ends the present wait if nobody has: true for the one caller who did.
  bool win(std::uint64_t generation, Woken reason);
  // Deadline and cancellation, on the loop's thread.
  void interrupt(Woken reason);
  void arm_deadline();

  Loop& loop;
  std::function<void(Fiber&)> body;
  std::function<void()> on_end;
  TraceContext trace;
  std::optional<std::chrono::steady_clock::time_point> deadline;
  bool cancelled = false;
  bool interruptible = false;
  bool ended = false;
  std::uint64_t last_generation = 0;
  std::atomic<std::uint64_t> waiting{0};  // generation of the present wait, 0 when none
  Woken reason = Woken::by_waker;         // written by the winner before the resume is posted

 private:
  void enter();
  boost::context::fiber run_body(boost::context::fiber&& loop_context);

  boost::context::fiber context_;       // the suspended fiber, seen from the loop
  boost::context::fiber loop_context_;  // the loop, seen from the fiber
  // Only while there is a deadline; gone before the loop is, though wakers may keep this object.
  std::optional<boost::asio::steady_timer> timer_;
  boost::context::stack_context stack_{};
  SwitchNotes notes_;
  // Exceptions being handled (libstdc++'s __cxa_eh_globals): per thread, so saved at each switch.
  struct ExceptionState {
    void* caught = nullptr;
    unsigned int uncaught = 0;
  };
  ExceptionState exceptions_;
  void swap_exception_state();
};

}  // namespace junctor
