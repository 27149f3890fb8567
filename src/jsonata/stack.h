// Room for recursion: when the caller's stack gets short, work goes on on another one.
//
// Fibers have small stacks, expressions may recurse deeply. A StackGuard measures how much of the
// stack has been used and continues on a segment of its own beyond that.
//
// Threads: belongs to one evaluation.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace junctor::jsonata {

class StackGuard {
 public:
  // From here on `budget_bytes` of the current stack may be used; then segments of `segment_bytes`
  // (address space, touched only as far as used).
  explicit StackGuard(std::size_t budget_bytes, std::size_t segment_bytes = 8u << 20)
      : limit_(static_cast<const char*>(__builtin_frame_address(0)) - budget_bytes),
        segment_bytes_(segment_bytes) {}
  ~StackGuard() {
    if (free_) give_back();
  }
  StackGuard(const StackGuard&) = delete;
  StackGuard& operator=(const StackGuard&) = delete;

  bool is_short() const { return static_cast<const char*>(__builtin_frame_address(0)) < limit_; }

  // Runs `work` on a fresh segment and returns what it returns; exceptions pass through.
  template <typename Work>
  auto elsewhere(Work&& work) {
    using Result = std::invoke_result_t<Work&>;
    if constexpr (std::is_void_v<Result>) {
      run([](void* w) { (*static_cast<std::remove_reference_t<Work>*>(w))(); }, &work);
    } else {
      struct Task {
        std::remove_reference_t<Work>& work;
        Result result{};
      } task{work};
      run([](void* t) { static_cast<Task*>(t)->result = static_cast<Task*>(t)->work(); }, &task);
      return task.result;
    }
  }

 private:
  struct Segment;
  [[gnu::noinline]] void run(void (*entry)(void*), void* argument);
  void give_back();

  const char* limit_;
  const std::size_t segment_bytes_;
  Segment* free_ = nullptr;  // a list of those not in use now
};

}  // namespace junctor::jsonata
