#include "async/worker_pool.h"

#include <pthread.h>

#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor {

WorkerPool::WorkerPool(std::string name, std::size_t threads, std::size_t most_waiting)
    : most_waiting_(most_waiting) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { serve(); });
    pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
  }
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void WorkerPool::run_erased(Fiber& fiber, const std::function<void()>& work) {
  std::exception_ptr error;
  fiber.check();
  fiber.wait_uninterruptible([&](Waker waker) {
    {
      std::lock_guard lock(mutex_);
      if (waiting_.size() >= most_waiting_)
        throw Failure(FailureKind::overloaded, "too much work is waiting; try again later");
      waiting_.push_back([&work, &error, waker] {
        try {
          work();
        } catch (...) {
          error = std::current_exception();
        }
        waker.wake();
      });
    }
    changed_.notify_one();
  });
  if (error) std::rethrow_exception(error);
}

void WorkerPool::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace junctor
