// Fibers leave and enter stacks behind the compiler's back. Each test does what has gone wrong with
// that somewhere: exceptions in flight, deep and large frames, stacks used again, values handed over
// between threads. The sanitizer presets must be quiet about all of it.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/scope.h"
#include "async/signal.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor {
namespace {

using namespace std::chrono_literals;

// Recursion with a large frame and a switch at every level.
int deep(Fiber& fiber, int level) {
  std::array<int, 256> frame;
  std::iota(frame.begin(), frame.end(), level);
  fiber.yield();
  const int below = level == 0 ? 0 : deep(fiber, level - 1);
  return below + frame.front() + frame.back();
}

TEST(Toolchain, frames_keep_their_values_over_switches_at_every_depth) {
  run_in_fiber([](Fiber& fiber) {
    Scope scope(fiber.loop(), "test");
    int sum = 0;
    for (int i = 0; i < 4; ++i) scope.spawn([&](Fiber& inner) { sum += deep(inner, 40); });
    scope.join(fiber);
    EXPECT_EQ(sum, 4 * (41 * 255 + 2 * 820));
  });
}

TEST(Toolchain, exceptions_cross_frames_that_were_switched) {
  run_in_fiber([](Fiber& fiber) {
    Scope scope(fiber.loop(), "test");
    std::vector<std::string> caught;
    for (int i = 0; i < 10; ++i)
      scope.spawn([&caught, i](Fiber& inner) {
        try {
          const auto owned = std::make_unique<int>(i);
          inner.yield();
          throw std::runtime_error(std::to_string(*owned));
        } catch (const std::runtime_error& error) {
          inner.sleep_for(1ms);
          caught.emplace_back(error.what());
        }
      });
    scope.join(fiber);
    EXPECT_EQ(caught.size(), 10u);
  });
}

TEST(Toolchain, stacks_are_used_again_without_stale_marks) {
  run_in_fiber([](Fiber& fiber) {
    for (int round = 0; round < 50; ++round) {
      Scope scope(fiber.loop(), "test");
      for (int i = 0; i < 10; ++i)
        scope.spawn([round, i](Fiber& inner) {
          volatile char buffer[4096];
          buffer[(round * 37 + i) % 4096] = 1;
          if (i % 2 == 0) inner.yield();
          const char kept = buffer[(round * 37 + i) % 4096];
          EXPECT_EQ(kept, 1);
          if (i % 3 == 0) throw Failure(FailureKind::cancelled, "left early");
        });
      scope.join(fiber);
    }
  });
}

// Plain memory, ordered by the signal alone.
TEST(Toolchain, a_signal_orders_memory_between_loops) {
  LoopThread other("other");
  Signal ready;
  std::vector<int> values;
  Scope scope(other.loop(), "test");
  other.loop().post([&] {
    scope.spawn([&](Fiber& fiber) {
      fiber.yield();
      values.assign(100, 7);
      ready.notify_all();
    });
  });
  run_in_fiber([&](Fiber& fiber) {
    if (ready.count() == 0) ready.wait(fiber, 0);
    EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0), 700);
  });
  scope.stop_blocking();
}

}  // namespace
}  // namespace junctor
