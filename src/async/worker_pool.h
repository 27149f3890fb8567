// Threads for work that blocks or computes for more than a millisecond.
//
// Threads: run() from any loop's fibers.
// Lifetime: outlives the fibers that wait for it; the destructor finishes what has begun.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace junctor {

class Fiber;

class WorkerPool final {
 public:
  // most_waiting: work beyond it is refused with Failure{overloaded}.
  WorkerPool(std::string name, std::size_t threads, std::size_t most_waiting = 10'000);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs work on a thread of the pool while the fiber waits; returns its value, rethrows its exception.
  // The wait is not cut short by deadlines: work may hold references into the fiber's stack.
  template <typename Work>
  auto run(Fiber& fiber, Work&& work) -> std::invoke_result_t<Work> {
    using Value = std::invoke_result_t<Work>;
    if constexpr (std::is_void_v<Value>) {
      run_erased(fiber, work);
    } else {
      std::optional<Value> value;
      run_erased(fiber, [&] { value.emplace(work()); });
      return std::move(*value);
    }
  }

 private:
  void run_erased(Fiber& fiber, const std::function<void()>& work);
  void serve();

  const std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace junctor
