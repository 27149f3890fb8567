#include "async/loop.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "async/stack_pool.h"

namespace junctor {
namespace {

// Sanitizers make frames several times larger.
#ifdef JUNCTOR_SANITIZED
constexpr std::size_t stack_factor = 4;
#else
constexpr std::size_t stack_factor = 1;
#endif

}  // namespace

Loop::Loop(std::size_t stack_bytes)
    : context_(std::make_unique<boost::asio::io_context>(1)),
      stacks_(std::make_unique<StackPool>(stack_bytes * stack_factor)) {}

Loop::~Loop() {
  while (visits_.load(std::memory_order_acquire) > 0) std::this_thread::yield();
}

void Loop::run() {
  context_->restart();
  const auto guard = boost::asio::make_work_guard(*context_);
  context_->run();
}

void Loop::stop() { context_->stop(); }

void Loop::post(std::function<void()> work) {
  const Visit visit(*this);
  boost::asio::post(*context_, std::move(work));
}

bool Loop::is_current() const { return context_->get_executor().running_in_this_thread(); }

LoopThread::LoopThread(const std::string& name, std::size_t stack_bytes)
    : loop_(stack_bytes), thread_([this] { loop_.run(); }) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

LoopThread::~LoopThread() {
  // By way of the queue, because a stop before run() would be undone by it.
  loop_.post([this] { loop_.stop(); });
  thread_.join();
}

}  // namespace junctor
