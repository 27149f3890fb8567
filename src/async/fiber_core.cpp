#include "async/fiber_core.h"

#include <cxxabi.h>

#include <boost/asio/post.hpp>
#include <boost/context/fiber.hpp>
#include <cstring>

#include "async/loop.h"
#include "base/log.h"
#include "junctor/failure.h"

#if defined(__SANITIZE_ADDRESS__)
#define JUNCTOR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define JUNCTOR_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define JUNCTOR_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define JUNCTOR_TSAN 1
#endif
#endif

#ifdef JUNCTOR_ASAN
extern "C" {
void __sanitizer_start_switch_fiber(void** fake_stack_save, const void* bottom, std::size_t size);
void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom_old,
                                     std::size_t* size_old);
}
#endif
#ifdef JUNCTOR_TSAN
extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
}
#endif

namespace junctor {
namespace {

// Each of these is one side of a switch, told to whichever sanitizer is on.
void leaving_loop([[maybe_unused]] SwitchNotes& notes, [[maybe_unused]] void** fake_stack,
                  [[maybe_unused]] const boost::context::stack_context& stack) {
#ifdef JUNCTOR_ASAN
  __sanitizer_start_switch_fiber(fake_stack, static_cast<char*>(stack.sp) - stack.size, stack.size);
#endif
#ifdef JUNCTOR_TSAN
  notes.thread_loop = __tsan_get_current_fiber();
  if (notes.thread_fiber == nullptr) notes.thread_fiber = __tsan_create_fiber(0);
  __tsan_switch_to_fiber(notes.thread_fiber, 0);
#endif
}

void back_in_loop([[maybe_unused]] void* fake_stack) {
#ifdef JUNCTOR_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

void arrived_in_fiber([[maybe_unused]] SwitchNotes& notes) {
#ifdef JUNCTOR_ASAN
  __sanitizer_finish_switch_fiber(notes.fake_stack, &notes.other_bottom, &notes.other_bytes);
#endif
}

void leaving_fiber([[maybe_unused]] SwitchNotes& notes, [[maybe_unused]] bool for_good) {
#ifdef JUNCTOR_ASAN
  __sanitizer_start_switch_fiber(for_good ? nullptr : &notes.fake_stack, notes.other_bottom,
                                 notes.other_bytes);
#endif
#ifdef JUNCTOR_TSAN
  __tsan_switch_to_fiber(notes.thread_loop, 0);
#endif
}

void fiber_gone([[maybe_unused]] SwitchNotes& notes) {
#ifdef JUNCTOR_TSAN
  if (notes.thread_fiber != nullptr) __tsan_destroy_fiber(notes.thread_fiber);
  notes.thread_fiber = nullptr;
#endif
}

// Remembers the stack it hands out, which the sanitizers need to know.
struct NotedStack {
  PooledStack pool;
  boost::context::stack_context* note;
  boost::context::stack_context allocate() { return *note = pool.allocate(); }
  void deallocate(boost::context::stack_context& stack) noexcept { pool.deallocate(stack); }
};

}  // namespace

FiberCore::FiberCore(Loop& owner, std::function<void(Fiber&)> work)
    : loop(owner), body(std::move(work)) {}

FiberCore::~FiberCore() { fiber_gone(notes_); }

void FiberCore::swap_exception_state() {
  static_assert(sizeof(ExceptionState) == 16);
  void* globals = abi::__cxa_get_globals();
  ExceptionState current;
  std::memcpy(&current, globals, sizeof current);
  std::memcpy(globals, &exceptions_, sizeof exceptions_);
  exceptions_ = current;
}

void FiberCore::start() {
  context_ = boost::context::fiber(
      std::allocator_arg, NotedStack{{&loop.stacks()}, &stack_},
      [this](boost::context::fiber&& loop_context) { return run_body(std::move(loop_context)); });
  enter();
}

void FiberCore::resume() { enter(); }

void FiberCore::enter() {
  const auto keep = shared_from_this();
  void* fake_stack = nullptr;
  loop.set_running_fiber(this);
  swap_exception_state();
  leaving_loop(notes_, &fake_stack, stack_);
  context_ = std::move(context_).resume();
  back_in_loop(fake_stack);
  swap_exception_state();
  loop.set_running_fiber(nullptr);
  if (ended && on_end) std::exchange(on_end, nullptr)();
}

boost::context::fiber FiberCore::run_body(boost::context::fiber&& loop_context) {
  arrived_in_fiber(notes_);
  loop_context_ = std::move(loop_context);
  {
    Fiber fiber(shared_from_this());
    try {
      body(fiber);
    } catch (const Failure& failure) {
      if (failure.kind() != FailureKind::cancelled)
        log::write(log::Level::error, "async", "a fiber ended with {}: {} {}",
                   to_string(failure.kind()), failure.message(), failure.detail());
    } catch (const std::exception& error) {
      log::write(log::Level::error, "async", "a fiber ended with an exception: {}", error.what());
    }
    body = nullptr;
  }
  ended = true;
  deadline.reset();
  timer_.reset();
  leaving_fiber(notes_, true);
  return std::move(loop_context_);
}

void FiberCore::switch_to_loop() {
  leaving_fiber(notes_, false);
  loop_context_ = std::move(loop_context_).resume();
  arrived_in_fiber(notes_);
}

bool FiberCore::win(std::uint64_t generation, Woken why) {
  std::uint64_t expected = generation;
  if (generation == 0 || !waiting.compare_exchange_strong(expected, 0)) return false;
  reason = why;
  return true;
}

void FiberCore::interrupt(Woken why) {
  if (interruptible && win(waiting.load(), why))
    boost::asio::post(loop.context(), [self = shared_from_this()] { self->resume(); });
}

void FiberCore::arm_deadline() {
  if (!deadline) {
    timer_.reset();
    return;
  }
  if (!timer_) timer_.emplace(loop.context());
  timer_->expires_at(*deadline);
  timer_->async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || !self->deadline || std::chrono::steady_clock::now() < *self->deadline) return;
    self->interrupt(Woken::by_deadline);
  });
}

}  // namespace junctor
