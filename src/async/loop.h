// One io_context on one thread: where fibers live.
//
// Threads: run() on one thread; post(), stop() and is_current() from any.
// Lifetime: outlives its scopes, streams and timers. Work posted after the last run() never happens.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace boost::asio {
class io_context;
}

namespace junctor {

class StackPool;

class Loop final {
 public:
  // stack_bytes: address space of each fiber's stack, touched lazily, with a guard page below.
  explicit Loop(std::size_t stack_bytes = 512 * 1024);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Serves until stop(); may be called again.
  void run();
  void stop();

  void post(std::function<void()> work);

  // Around a post from another thread. What was posted may end the loop before the post has returned, and
  // the destructor waits for those who are still on their way out.
  class Visit final {
   public:
    explicit Visit(Loop& loop) : loop_(loop) { loop_.visits_.fetch_add(1, std::memory_order_relaxed); }
    ~Visit() { loop_.visits_.fetch_sub(1, std::memory_order_release); }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    Loop& loop_;
  };
  // Whether the calling thread is inside run() of this loop.
  bool is_current() const;

  // For the files of this room and of net that speak Asio.
  boost::asio::io_context& context() { return *context_; }
  StackPool& stacks() { return *stacks_; }

  // The fiber that runs at this moment; null at the loop's own level. Maintained by the fiber code.
  const void* running_fiber() const { return running_fiber_; }
  void set_running_fiber(const void* core) { running_fiber_ = core; }

 private:
  std::unique_ptr<boost::asio::io_context> context_;
  std::unique_ptr<StackPool> stacks_;
  const void* running_fiber_ = nullptr;
  std::atomic<int> visits_{0};
};

// A loop with a thread of its own, from construction to destruction.
class LoopThread final {
 public:
  explicit LoopThread(const std::string& name, std::size_t stack_bytes = 512 * 1024);
  ~LoopThread();
  Loop& loop() { return loop_; }

 private:
  Loop loop_;
  std::thread thread_;
};

}  // namespace junctor
