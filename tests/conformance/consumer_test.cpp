#include "queue/consumer.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "async/loop.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/stats.h"
#include "support/test_store.h"

namespace junctor::queue {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto patience = 20s;

// On the real clock: consumers wait for leases to end.
class ConsumerTest : public test::OnEveryStore {
 protected:
  void SetUp() override {
    OnEveryStore::SetUp();
    if (IsSkipped()) return;
    open_queues();
    settings_.most_attempts = 3;
    settings_.lease = 30s;
    settings_.backoff = {0ms, 1.0, 0ms};
    define();
  }
  void TearDown() override {
    if (store_ && real_) {
      for (const QueueStats& stats : counts()) EXPECT_EQ(stats.unaccounted(), 0) << stats.queue;
    }
    real_.reset();
    OnEveryStore::TearDown();
  }

  void open_queues() { real_ = std::make_unique<Queues>(**store_); }
  void define() {
    (*store_)->write_blocking([&](Transaction& tx) { real_->ensure(tx, tenant_, "work", settings_); });
  }
  void add(int count) {
    (*store_)->write_blocking([&](Transaction& tx) {
      for (int i = 0; i < count; ++i) {
        NewMessage message;
        message.payload = std::to_string(i);
        real_->enqueue(tx, tenant_, "work", message);
      }
    });
  }
  std::vector<QueueStats> counts() {
    return (*store_)->read_blocking(
        [](Snapshot& view) { return queue_stats(view, std::nullopt, system_clock().now()); });
  }
  QueueStats count() { return counts().at(0); }
  std::vector<Message> take(int most, const char* who = "other") {
    LeaseRequest request{tenant_, "work", most, std::nullopt, who};
    return (*store_)->write_blocking([&](Transaction& tx) { return real_->lease(tx, request); });
  }
  std::vector<DeadLetter> dead() {
    return (*store_)->read_blocking(
        [&](Snapshot& view) { return real_->dead_letters(view, tenant_, "work", 0, 100); });
  }
  ConsumeOptions options(std::size_t concurrency, std::size_t prefetch = 0) {
    ConsumeOptions made;
    made.queue = "work";
    made.concurrency = concurrency;
    made.prefetch = prefetch;
    return made;
  }
  // Runs a consumer until done() is true, then stops it; false when it never was.
  template <typename Done>
  bool consume(const ConsumeOptions& how, const Handler& handler, Done&& done) {
    bool reached = false;
    run_in_fiber([&](Fiber& fiber) {
      Consumer consumer(fiber.loop(), *real_, how, handler);
      const auto limit = std::chrono::steady_clock::now() + patience;
      while (!(reached = done(consumer)) && std::chrono::steady_clock::now() < limit) fiber.sleep_for(2ms);
      consumer.stop(fiber);
      stats_ = consumer.stats();
    });
    return reached;
  }
  static void wait_for_ever(Fiber& fiber) { fiber.sleep_for(1h); }

  TenantId tenant_ = default_tenant();
  QueueSettings settings_;
  std::unique_ptr<Queues> real_;
  Consumer::Stats stats_;
};

INSTANTIATE_TEST_SUITE_P(stores, ConsumerTest, test::every_store(), test::store_name);

TEST_P(ConsumerTest, at_most_so_many_handlers_run_at_once) {
  add(30);
  int running = 0, most = 0, handled = 0;
  EXPECT_TRUE(consume(
      options(4, 8),
      [&](Fiber& fiber, Delivery&) {
        most = std::max(most, ++running);
        fiber.sleep_for(3ms);
        --running;
        ++handled;
      },
      [&](Consumer& consumer) { return consumer.stats().handled == 30; }));
  EXPECT_EQ(most, 4);
  EXPECT_EQ(handled, 30);
  EXPECT_EQ(count().finished, 30);
}

TEST_P(ConsumerTest, messages_are_leased_in_batches) {
  add(40);
  std::set<Timestamp> leases;
  EXPECT_TRUE(consume(
      options(40), [&](Fiber&, Delivery& delivery) { leases.insert(delivery.message().leased_until); },
      [&](Consumer& consumer) { return consumer.stats().handled == 40; }));
  EXPECT_THAT(leases, SizeIs(1));
}

TEST_P(ConsumerTest, prefetched_messages_are_held_and_the_rest_is_for_others) {
  add(10);
  std::size_t others = 0;
  ConsumeOptions how = options(1, 4);
  how.grace = 10ms;
  EXPECT_TRUE(consume(
      how, [](Fiber& fiber, Delivery&) { wait_for_ever(fiber); },
      [&](Consumer& consumer) {
        if (consumer.running() == 0 || count().leased != 5) return false;
        others = take(100).size();
        return true;
      }));
  EXPECT_EQ(others, 5u);
  // What the stopped consumer held is free, and no attempt was used.
  const auto released = take(100);
  ASSERT_THAT(released, SizeIs(5));
  for (const Message& message : released) EXPECT_EQ(message.attempts, 1);
}

TEST_P(ConsumerTest, stopping_lets_handlers_finish) {
  add(3);
  EXPECT_TRUE(consume(
      options(3), [](Fiber& fiber, Delivery&) { fiber.sleep_for(80ms); },
      [](Consumer& consumer) { return consumer.running() == 3; }));
  EXPECT_EQ(count().finished, 3);
  EXPECT_EQ(count().leased, 0);
}

TEST_P(ConsumerTest, stopping_cancels_handlers_after_the_grace_and_releases_their_messages) {
  add(1);
  ConsumeOptions how = options(1);
  how.grace = 20ms;
  const auto started = std::chrono::steady_clock::now();
  EXPECT_TRUE(consume(
      how, [](Fiber& fiber, Delivery&) { wait_for_ever(fiber); },
      [](Consumer& consumer) { return consumer.running() == 1; }));
  EXPECT_LT(std::chrono::steady_clock::now() - started, 10s);
  const auto again = take(1);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].attempts, 1);
}

TEST_P(ConsumerTest, a_handler_that_always_throws_makes_a_dead_letter_with_every_attempt) {
  add(1);
  EXPECT_TRUE(consume(
      options(2), [](Fiber&, Delivery&) { throw std::runtime_error("boom"); },
      [&](Consumer&) { return count().dead_letters == 1; }));
  const auto letters = dead();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].reason, "boom");
  ASSERT_THAT(letters[0].attempts, SizeIs(3));
  for (const Attempt& attempt : letters[0].attempts) EXPECT_EQ(attempt.outcome, "failed");
}

TEST_P(ConsumerTest, not_capable_releases_without_using_an_attempt) {
  add(1);
  int calls = 0;
  EXPECT_TRUE(consume(
      options(1),
      [&](Fiber&, Delivery& delivery) {
        EXPECT_EQ(delivery.message().attempts, 1);
        if (++calls < 8)
          throw Failure(FailureKind::unsupported, "a newer version is needed").retry_after(1ms);
      },
      [](Consumer& consumer) { return consumer.stats().handled == 1; }));
  EXPECT_EQ(calls, 8);
  EXPECT_THAT(dead(), IsEmpty());
}

TEST_P(ConsumerTest, a_handler_that_takes_longer_than_its_lease_keeps_it) {
  settings_.lease = 300ms;
  define();
  add(1);
  int calls = 0;
  EXPECT_TRUE(consume(
      options(1),
      [&](Fiber& fiber, Delivery&) {
        ++calls;
        fiber.sleep_for(1200ms);
      },
      [&](Consumer& consumer) {
        if (consumer.running() == 1) {
          EXPECT_THAT(take(1), IsEmpty());
        }
        return consumer.stats().handled == 1;
      }));
  EXPECT_EQ(calls, 1);
}

TEST_P(ConsumerTest, a_handler_whose_message_was_taken_over_is_cancelled) {
  settings_.lease = 600ms;
  define();
  add(1);
  bool cancelled = false;
  std::vector<Message> thief;
  ConsumeOptions how = options(1);
  EXPECT_TRUE(consume(
      how,
      [&](Fiber& fiber, Delivery&) {
        try {
          wait_for_ever(fiber);
        } catch (const Failure& failure) {
          cancelled = failure.kind() == FailureKind::cancelled;
          throw;
        }
      },
      [&](Consumer& consumer) {
        if (consumer.running() == 1 && thief.empty() && !cancelled) {
          (*store_)->write_blocking([](Transaction& tx) { tx.execute("UPDATE leases SET until = 1"); });
          Queues other(**store_);
          LeaseRequest request{tenant_, "work", 1, 30s, "thief"};
          thief = (*store_)->write_blocking([&](Transaction& tx) { return other.lease(tx, request); });
        }
        return cancelled && consumer.running() == 0;
      }));
  EXPECT_EQ(stats_.lost, 1u);
  EXPECT_EQ(stats_.handled, 0u);
  ASSERT_THAT(thief, SizeIs(1));
  (*store_)->write_blocking([&](Transaction& tx) { real_->ack(tx, thief[0].lease); });
}

TEST_P(ConsumerTest, a_handler_that_ended_its_delivery_itself_is_left_alone) {
  settings_.lease = 300ms;
  define();
  add(1);
  bool finished = false;
  EXPECT_TRUE(consume(
      options(1),
      [&](Fiber& fiber, Delivery& delivery) {
        real_->store().write(fiber, [&](Transaction& tx) { delivery.ack(tx); });
        fiber.sleep_for(900ms);
        finished = true;
      },
      [&](Consumer&) { return finished; }));
  EXPECT_EQ(stats_.lost, 0u);
  EXPECT_EQ(count().finished, 1);
}

TEST_P(ConsumerTest, a_handler_is_cancelled_when_its_lease_runs_out_while_the_database_is_away) {
  if (GetParam() == test::Backend::sqlite) GTEST_SKIP() << "a SQLite file does not go away";
  settings_.lease = 1s;
  define();
  add(1);
  bool away = false, cancelled = false;
  std::chrono::steady_clock::time_point left, noticed;
  EXPECT_TRUE(consume(
      options(1),
      [&](Fiber& fiber, Delivery& delivery) {
        if (delivery.message().attempts > 1) return;
        try {
          wait_for_ever(fiber);
        } catch (const Failure&) {
          noticed = std::chrono::steady_clock::now();
          cancelled = true;
          throw;
        }
      },
      [&](Consumer& consumer) {
        if (!away && consumer.running() == 1) {
          test::shared_postgres()->halt();
          left = std::chrono::steady_clock::now();
          away = true;
        }
        if (!cancelled) return false;
        if (std::exchange(away, false)) test::shared_postgres()->restart();
        return consumer.stats().handled == 1;
      }));
  EXPECT_TRUE(cancelled);
  EXPECT_LT(noticed - left, 2s);
}

// A real process that dies in its handler, again and again.
TEST_P(ConsumerTest, a_message_that_kills_its_consumers_ends_as_a_dead_letter) {
  settings_.lease = 200ms;
  define();
  add(1);
  const StoreOptions where = store_->options();
  for (int i = 0; i < 3; ++i) {
    real_.reset();
    queues_.reset();
    log_.reset();
    store_->close();
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = Store::open(where);
      Queues queues(*store);
      run_in_fiber([&](Fiber& fiber) {
        Consumer consumer(fiber.loop(), queues, options(1), [](Fiber&, Delivery&) { ::_exit(9); });
        fiber.sleep_for(20s);
        ::_exit(1);
      });
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 9) << "death " << i;
    store_->reopen();
    open_queues();
  }
  for (int i = 0; i < 200 && dead().empty(); ++i) {
    EXPECT_THAT(take(1), IsEmpty());
    ::usleep(20'000);
  }
  const auto letters = dead();
  ASSERT_THAT(letters, SizeIs(1));
  ASSERT_THAT(letters[0].attempts, SizeIs(3));
  for (const Attempt& attempt : letters[0].attempts) EXPECT_EQ(attempt.outcome, "expired");
}

}  // namespace
}  // namespace junctor::queue
