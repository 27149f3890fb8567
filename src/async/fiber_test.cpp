#include "junctor/fiber.h"

#include <gtest/gtest.h>

#include <thread>

#include "async/loop.h"
#include "async/scope.h"
#include "async/signal.h"
#include "async/worker_pool.h"
#include "junctor/failure.h"

namespace junctor {
namespace {

using namespace std::chrono_literals;

FailureKind kind_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure.kind();
  }
  return FailureKind::bug;
}

TEST(Fiber, is_woken_from_another_thread) {
  run_in_fiber([](Fiber& fiber) {
    std::thread other;
    fiber.wait_or_throw([&](Waker waker) { other = std::thread([waker] { waker.wake(); }); });
    other.join();
  });
}

// What TSan sees without it: the other thread still signals inside an io_context that is being destroyed.
TEST(Fiber, a_loop_that_ends_at_once_waits_for_who_woke_its_last_fiber) {
  WorkerPool workers("waker", 1);
  for (int i = 0; i < 500; ++i)
    run_in_fiber([&](Fiber& fiber) { workers.run(fiber, [] {}); });
}

TEST(Fiber, a_deadline_ends_a_wait_and_the_late_waker_does_nothing) {
  run_in_fiber([](Fiber& fiber) {
    std::optional<Waker> late;
    {
      DeadlineScope scope(fiber, 5ms);
      EXPECT_EQ(fiber.wait([&](Waker waker) { late = waker; }), Woken::by_deadline);
      EXPECT_EQ(kind_of([&] { fiber.check(); }), FailureKind::timeout);
    }
    late->wake();
    fiber.sleep_for(1ms);
    EXPECT_EQ(fiber.deadline(), std::nullopt);
  });
}

TEST(Fiber, waits_inside_a_catch_block_and_rethrows_the_right_exception) {
  run_in_fiber([](Fiber& fiber) {
    Scope scope(fiber.loop(), "test");
    int right = 0;
    for (int i = 0; i < 20; ++i)
      scope.spawn([i, &right](Fiber& inner) {
        try {
          try {
            throw i;
          } catch (...) {
            inner.sleep_for(std::chrono::milliseconds(20 - i));
            throw;
          }
        } catch (int caught) {
          right += caught == i;
        }
      });
    scope.join(fiber);
    EXPECT_EQ(right, 20);
  });
}

TEST(Fiber, sleeping_is_cut_short_by_cancellation) {
  run_in_fiber([](Fiber& fiber) {
    Scope scope(fiber.loop(), "test");
    FailureKind seen = FailureKind::bug;
    scope.spawn([&](Fiber& inner) { seen = kind_of([&] { inner.sleep_for(1h); }); });
    fiber.sleep_for(2ms);
    scope.stop(fiber);
    EXPECT_EQ(seen, FailureKind::cancelled);
  });
}

// The deadline may pass at any instruction, also between two looks at it.
TEST(Fiber, a_deadline_that_passes_just_before_a_wait_ends_it_all_the_same) {
  run_in_fiber([](Fiber& fiber) {
    Signal signal;
    Semaphore none(0);
    int timeouts = 0;
    for (int i = 0; i < 600; ++i) {
      DeadlineScope scope(fiber, 1ms);
      const auto nearly = *fiber.deadline() - std::chrono::nanoseconds(i * 5);
      while (std::chrono::steady_clock::now() < nearly) {
      }
      const auto kind = kind_of([&] {
        if (i % 3 == 0) fiber.sleep_for(1h);
        if (i % 3 == 1) signal.wait(fiber, signal.count());
        if (i % 3 == 2) (void)none.acquire(fiber);
      });
      timeouts += kind == FailureKind::timeout;
    }
    EXPECT_EQ(timeouts, 600);
  });
}

TEST(Scope, one_fiber_is_cancelled_and_the_others_go_on) {
  run_in_fiber([](Fiber& fiber) {
    Scope scope(fiber.loop(), "test");
    FailureKind seen = FailureKind::bug;
    bool finished = false;
    const Scope::Handle first =
        scope.spawn([&](Fiber& inner) { seen = kind_of([&] { inner.sleep_for(1h); }); });
    scope.spawn([&](Fiber& inner) {
      inner.sleep_for(5ms);
      finished = true;
    });
    fiber.sleep_for(1ms);
    first.cancel();
    scope.join(fiber);
    first.cancel();
    EXPECT_EQ(seen, FailureKind::cancelled);
    EXPECT_TRUE(finished);
  });
}

TEST(Fiber, ten_thousand_share_a_thread) {
  run_in_fiber([](Fiber& fiber) {
    Scope scope(fiber.loop(), "test");
    int finished = 0;
    for (int i = 0; i < 10'000; ++i)
      scope.spawn([&](Fiber& inner) {
        inner.yield();
        ++finished;
      });
    scope.join(fiber);
    EXPECT_EQ(finished, 10'000);
  });
}

TEST(Scope, stops_from_another_thread) {
  LoopThread thread("test");
  Scope scope(thread.loop(), "test");
  thread.loop().post([&] { scope.spawn([](Fiber& fiber) { fiber.sleep_for(1h); }); });
  scope.stop_blocking();
  EXPECT_EQ(scope.size(), 0u);
}

TEST(WorkerPool, returns_the_value_and_the_exception_of_the_work) {
  WorkerPool pool("test", 2);
  run_in_fiber([&](Fiber& fiber) {
    EXPECT_EQ(pool.run(fiber, [] { return 42; }), 42);
    EXPECT_EQ(kind_of([&] {
                pool.run(fiber, [] { throw Failure(FailureKind::conflict, "taken"); });
              }),
              FailureKind::conflict);
  });
}

TEST(Signal, misses_no_notification_between_look_and_wait) {
  Signal signal;
  run_in_fiber([&](Fiber& fiber) {
    const auto seen = signal.count();
    std::thread([&] { signal.notify_all(); }).join();
    signal.wait(fiber, seen);
    EXPECT_FALSE(signal.wait_for(fiber, signal.count(), 3ms));
  });
}

TEST(Semaphore, lets_no_more_in_than_it_has_permits) {
  run_in_fiber([](Fiber& fiber) {
    Semaphore semaphore(3);
    Scope scope(fiber.loop(), "test");
    int inside = 0, most = 0, served = 0;
    for (int i = 0; i < 30; ++i)
      scope.spawn([&](Fiber& inner) {
        const auto permit = semaphore.acquire(inner);
        most = std::max(most, ++inside);
        inner.sleep_for(1ms);
        --inside;
        ++served;
      });
    scope.join(fiber);
    EXPECT_EQ(most, 3);
    EXPECT_EQ(served, 30);
  });
}

}  // namespace
}  // namespace junctor
