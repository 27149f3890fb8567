// Waits in a fiber for one Asio operation.
//
// Threads: the fiber's loop.
#pragma once

#include <functional>
#include <optional>
#include <tuple>
#include <utility>

#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor {

// Results: the types of the completion handler's arguments, such as error_code and size_t.
// start: called with the handler to give to the operation.
// cancel: makes the operation end early; it is still waited for, because its buffers may stand on this
//   fiber's stack.
// Returns the handler's arguments. Throws Failure{timeout|cancelled} when cut short.
template <typename... Results, typename Start, typename Cancel>
std::tuple<Results...> wait_for_asio(Fiber& fiber, Start&& start, Cancel&& cancel) {
  struct Operation {
    std::optional<std::tuple<Results...>> results;
    std::optional<Waker> waker;
  } operation;
  const Woken reason = fiber.wait([&](Waker waker) {
    operation.waker = std::move(waker);
    start([&operation](Results... results) {
      operation.results.emplace(std::move(results)...);
      // A copy: the fiber that continues inline destroys the operation.
      const Waker wake = *operation.waker;
      wake.wake_inline();
    });
  });
  if (reason != Woken::by_waker) {
    // A deadline that was over before the wait began started nothing, so nothing would ever end.
    if (operation.waker) cancel();
    if (operation.waker && !operation.results)
      fiber.wait_uninterruptible([&](Waker waker) { operation.waker = std::move(waker); });
    fiber.check();
  }
  return std::move(*operation.results);
}

}  // namespace junctor
