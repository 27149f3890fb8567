// Work under way that several wait for: they share its result or its error.
//
// Threads: any; fibers of any loop wait.
// Lifetime: shared by who does the work and those who wait.
#pragma once

#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "async/signal.h"
#include "junctor/failure.h"
#include "vault/connection.h"

namespace junctor::auth {

// The same error as an exception of its own: who lets go of a shared one last frees it on either thread, counted inside
// the standard library, where the thread sanitizer sees nothing.
inline std::exception_ptr copy_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const vault::ConnectionFailure& failure) {
    return std::make_exception_ptr(vault::ConnectionFailure(failure));
  } catch (const Failure& failure) {
    return std::make_exception_ptr(Failure(failure));
  } catch (...) {
    return error;
  }
}

template <class Outcome>
class Flight final {
 public:
  // Called once, either of them.
  void land(Outcome outcome) {
    {
      const std::lock_guard lock(mutex_);
      outcome_ = std::move(outcome);
    }
    changed_.notify_all();
  }
  void fail(std::exception_ptr error) {
    {
      const std::lock_guard lock(mutex_);
      error_ = std::move(error);
    }
    changed_.notify_all();
  }

  // Throws what the work threw, or as Fiber::check().
  Outcome wait(Fiber& fiber) {
    for (;;) {
      const std::uint64_t seen = changed_.count();
      {
        const std::lock_guard lock(mutex_);
        if (error_) std::rethrow_exception(copy_of(error_));
        if (outcome_) return *outcome_;
      }
      changed_.wait(fiber, seen);
    }
  }

 private:
  std::mutex mutex_;
  Signal changed_;
  std::optional<Outcome> outcome_;
  std::exception_ptr error_;
};

}  // namespace junctor::auth
