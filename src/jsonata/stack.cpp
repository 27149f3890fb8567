#include "jsonata/stack.h"

#include <boost/context/fiber.hpp>
#include <boost/context/preallocated.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <exception>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define JUNCTOR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define JUNCTOR_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define JUNCTOR_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define JUNCTOR_TSAN 1
#endif
#ifdef JUNCTOR_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef JUNCTOR_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace junctor::jsonata {
namespace {

namespace context = boost::context;

// Left at the end of a segment for functions that do not look.
constexpr std::size_t reserve_bytes = 128u << 10;

struct Borrowed {
  void deallocate(context::stack_context&) noexcept {}
};

}  // namespace

struct StackGuard::Segment {
  context::protected_fixedsize_stack allocator;
  context::stack_context stack = allocator.allocate();
  Segment* next = nullptr;
  explicit Segment(std::size_t bytes) : allocator(bytes) {}
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment() {
#ifdef JUNCTOR_ASAN
    // The outermost frame never returns: its marks would lie on whatever is mapped here next.
    ASAN_UNPOISON_MEMORY_REGION(static_cast<char*>(stack.sp) - stack.size, stack.size);
#endif
    allocator.deallocate(stack);
  }
};

void StackGuard::give_back() {
  while (free_) delete std::exchange(free_, free_->next);
}

void StackGuard::run(void (*entry)(void*), void* argument) {
  Segment* const segment = free_ ? std::exchange(free_, free_->next) : new Segment(segment_bytes_);
  const char* const outer_limit = limit_;
  const char* const bottom = static_cast<const char*>(segment->stack.sp) - segment->stack.size;
  limit_ = bottom + reserve_bytes;
  std::exception_ptr thrown;
#ifdef JUNCTOR_ASAN
  const void* outer_bottom = nullptr;
  std::size_t outer_size = 0;
#endif
#ifdef JUNCTOR_TSAN
  void* const outer_fiber = __tsan_get_current_fiber();
  void* const inner_fiber = __tsan_create_fiber(0);
#endif
  const context::preallocated where(segment->stack.sp, segment->stack.size, segment->stack);
  context::fiber fiber(std::allocator_arg, where, Borrowed{}, [&](context::fiber&& back) {
#ifdef JUNCTOR_ASAN
    __sanitizer_finish_switch_fiber(nullptr, &outer_bottom, &outer_size);
#endif
    try {
      entry(argument);
    } catch (...) {
      thrown = std::current_exception();
    }
#ifdef JUNCTOR_ASAN
    __sanitizer_start_switch_fiber(nullptr, outer_bottom, outer_size);
#endif
#ifdef JUNCTOR_TSAN
    __tsan_switch_to_fiber(outer_fiber, 0);
#endif
    return std::move(back);
  });
#ifdef JUNCTOR_ASAN
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, bottom, segment->stack.size);
#endif
#ifdef JUNCTOR_TSAN
  __tsan_switch_to_fiber(inner_fiber, 0);
#endif
  fiber = std::move(fiber).resume();
#ifdef JUNCTOR_ASAN
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
#ifdef JUNCTOR_TSAN
  __tsan_destroy_fiber(inner_fiber);
#endif
  limit_ = outer_limit;
  segment->next = std::exchange(free_, segment);
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace junctor::jsonata
