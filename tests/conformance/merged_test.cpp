// Callers that wait at the same time share transactions: each has its own answer all the same.
#include <gmock/gmock.h>

#include <set>
#include <thread>
#include <utility>

#include "async/loop.h"
#include "async/scope.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/stats.h"
#include "support/test_store.h"

namespace junctor::queue {
namespace {

constexpr int many = 60;

class MergedTest : public test::OnEveryStore {
 protected:
  void SetUp() override {
    OnEveryStore::SetUp();
    if (IsSkipped()) return;
    (*store_)->write_blocking([&](Transaction& tx) {
      queues_->ensure(tx, tenant_, "work");
      queues_->ensure(tx, tenant_, "other");
    });
  }
  void TearDown() override {
    if (store_) {
      for (const QueueStats& stats : (*store_)->read_blocking(
               [&](Snapshot& view) { return queue_stats(view, std::nullopt, clock_.now()); }))
        EXPECT_EQ(stats.unaccounted(), 0) << stats.queue;
    }
    OnEveryStore::TearDown();
  }

  // Runs work(fiber, i) for all i at once.
  template <typename Work>
  static void at_once(int count, Work&& work) {
    run_in_fiber([&](Fiber& fiber) {
      Scope scope(fiber.loop(), "callers");
      for (int i = 0; i < count; ++i) scope.spawn([&work, i](Fiber& inner) { work(inner, i); });
      scope.join(fiber);
    });
  }
  static NewMessage text(const std::string& payload) {
    NewMessage message;
    message.payload = payload;
    return message;
  }
  void fill(int count) {
    run_in_fiber([&](Fiber& fiber) {
      std::vector<NewMessage> messages;
      for (int i = 0; i < count; ++i) messages.push_back(text(std::to_string(i)));
      queues_->enqueue(fiber, tenant_, "work", messages);
    });
  }
  std::vector<Message> lease(Fiber& fiber, int most, const std::string& consumer = "tester",
                             const std::string& queue = "work") {
    return queues_->lease(fiber, {tenant_, queue, most, std::nullopt, consumer});
  }

  TenantId tenant_ = default_tenant();
};

INSTANTIATE_TEST_SUITE_P(stores, MergedTest, test::every_store(), test::store_name);

TEST_P(MergedTest, many_callers_publish_lease_and_acknowledge_in_few_commits) {
  const auto before = (*store_)->stats();
  std::set<std::string> ids, payloads;
  int acknowledged = 0;
  at_once(many, [&](Fiber& fiber, int i) {
    const NewMessage message = text(std::to_string(i));
    const auto answers = queues_->enqueue(fiber, tenant_, "work", {&message, 1});
    ids.insert(std::get<Accepted>(answers.at(0)).id.to_string());
  });
  at_once(many, [&](Fiber& fiber, int) {
    const auto messages = lease(fiber, 1);
    ASSERT_EQ(messages.size(), 1u);
    payloads.insert(messages[0].payload);
    EXPECT_EQ(queues_->try_ack(fiber, {&messages[0].lease, 1}).at(0), std::nullopt);
    ++acknowledged;
  });
  EXPECT_EQ(ids.size(), std::size_t{many});
  EXPECT_EQ(payloads.size(), std::size_t{many});
  EXPECT_EQ(acknowledged, many);
  const auto after = (*store_)->stats();
  EXPECT_EQ(after.closures - before.closures, std::uint64_t{3 * many});
  EXPECT_LT(after.commits - before.commits, std::uint64_t{3 * many / 2});
}

TEST_P(MergedTest, a_request_that_cannot_be_done_fails_alone) {
  std::map<int, std::string> errors;
  int accepted = 0;
  at_once(many, [&](Fiber& fiber, int i) {
    NewMessage message = text(std::to_string(i));
    if (i % 10 == 1) message.payload.resize((std::size_t{1} << 20) + 1, ' ');
    if (i % 10 == 2) message.priority = 5'000;
    const std::string queue = i % 10 == 3 ? "nowhere" : "work";
    try {
      queues_->enqueue(fiber, tenant_, queue, {&message, 1});
      ++accepted;
    } catch (const Failure& failure) {
      errors[i] = to_string(failure.kind());
    }
  });
  EXPECT_EQ(accepted, many * 7 / 10);
  EXPECT_EQ(errors[1], "too_large");
  EXPECT_EQ(errors[2], "invalid");
  EXPECT_EQ(errors[3], "not_found");
  EXPECT_EQ(errors.size(), std::size_t{many * 3 / 10});
}

// Only the database finds out; it refuses the statement that carries all.
TEST_P(MergedTest, a_text_that_the_database_refuses_fails_alone) {
  if (GetParam() == test::Backend::sqlite) GTEST_SKIP() << "SQLite stores any bytes";
  int accepted = 0, refused = 0;
  at_once(many, [&](Fiber& fiber, int i) {
    NewMessage message = text("1");
    if (i == 30) message.topic = "\xff\xfe";
    try {
      queues_->enqueue(fiber, tenant_, "work", {&message, 1});
      ++accepted;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.kind(), FailureKind::invalid);
      ++refused;
    }
  });
  EXPECT_EQ(accepted, many - 1);
  EXPECT_EQ(refused, 1);
}

TEST_P(MergedTest, what_there_is_is_shared_out_once) {
  fill(100);
  std::multiset<std::string> seen;
  at_once(many, [&](Fiber& fiber, int i) {
    const int most = 1 + i % 4;
    const auto messages = lease(fiber, most, "consumer " + std::to_string(i));
    EXPECT_LE(messages.size(), static_cast<std::size_t>(most));
    for (const Message& message : messages) seen.insert(message.payload);
  });
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 100u);
}

TEST_P(MergedTest, a_dead_letter_names_the_consumer_that_had_it) {
  fill(many);
  at_once(many, [&](Fiber& fiber, int i) {
    const std::string name = "consumer " + std::to_string(i);
    const auto messages = lease(fiber, 1, name);
    ASSERT_EQ(messages.size(), 1u);
    (*store_)->write(fiber, [&](Transaction& tx) {
      queues_->nack(tx, messages[0].lease, {Nack::Kind::reject, name, std::nullopt});
    });
  });
  const auto dead = (*store_)->read_blocking(
      [&](Snapshot& view) { return queues_->dead_letters(view, tenant_, "work", 0, 2 * many); });
  ASSERT_EQ(dead.size(), std::size_t{many});
  for (const DeadLetter& letter : dead) EXPECT_EQ(letter.attempts.at(0).consumer, letter.reason);
}

TEST_P(MergedTest, consumers_of_two_queues_get_their_own) {
  fill(10);
  int work = 0, other = 0;
  at_once(many, [&](Fiber& fiber, int i) {
    const auto found = lease(fiber, 5, "tester", i % 2 == 0 ? "work" : "other").size();
    (i % 2 == 0 ? work : other) += static_cast<int>(found);
  });
  EXPECT_EQ(work, 10);
  EXPECT_EQ(other, 0);
}

TEST_P(MergedTest, of_two_who_acknowledge_the_same_lease_one_is_told) {
  fill(1);
  std::vector<Message> messages;
  run_in_fiber([&](Fiber& fiber) { messages = lease(fiber, 1); });
  ASSERT_EQ(messages.size(), 1u);
  int done = 0, finished = 0;
  at_once(8, [&](Fiber& fiber, int) {
    const auto loss = queues_->try_ack(fiber, {&messages[0].lease, 1}).at(0);
    if (!loss) ++done;
    if (loss == LeaseLoss::finished) ++finished;
  });
  EXPECT_EQ(done, 1);
  EXPECT_EQ(finished, 7);
}

TEST_P(MergedTest, the_same_key_at_the_same_time_is_accepted_once) {
  int accepted = 0, replayed = 0, reused = 0;
  at_once(many, [&](Fiber& fiber, int i) {
    NewMessage message = text(i % 2 == 0 ? "1" : "2");
    message.idempotency_key = "key";
    const auto answer = queues_->enqueue(fiber, tenant_, "work", {&message, 1}).at(0);
    accepted += std::holds_alternative<Accepted>(answer);
    replayed += std::holds_alternative<Replayed>(answer);
    reused += std::holds_alternative<KeyReused>(answer);
  });
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(replayed, many / 2 - 1);
  EXPECT_EQ(reused, many / 2);
}

TEST_P(MergedTest, a_batch_with_a_reused_key_is_taken_back_whole) {
  NewMessage first = text("1");
  first.idempotency_key = "key";
  NewMessage again = text("2");
  again.idempotency_key = "key";
  const std::vector<NewMessage> batch{text("3"), again};
  run_in_fiber([&](Fiber& fiber) {
    queues_->enqueue(fiber, tenant_, "work", {&first, 1});
    const auto answers = queues_->enqueue(fiber, tenant_, "work", batch);
    EXPECT_TRUE(std::holds_alternative<KeyReused>(answers.back()));
    EXPECT_EQ(lease(fiber, 10).size(), 1u);
  });
}

// The acknowledging transaction reads the state at its begin, which does not hold the second message.
TEST_P(MergedTest, a_key_goes_on_when_its_next_message_comes_during_the_acknowledgement) {
  if (GetParam() == test::Backend::sqlite) GTEST_SKIP() << "SQLite has one writer at a time";
  const auto publish = [&](const std::string& payload) {
    run_in_fiber([&](Fiber& fiber) {
      NewMessage message = text(payload);
      message.partition_key = "key";
      queues_->enqueue(fiber, tenant_, "work", {&message, 1});
    });
  };
  publish("1");
  std::vector<Message> messages;
  run_in_fiber([&](Fiber& fiber) { messages = lease(fiber, 1); });
  ASSERT_EQ(messages.size(), 1u);
  (*store_)->write_blocking([&, published = false](Transaction& tx) mutable {
    tx.query("SELECT id FROM queues ORDER BY id LIMIT 1");
    if (!std::exchange(published, true)) std::thread([&] { publish("2"); }).join();
    queues_->ack(tx, messages[0].lease);
  });
  run_in_fiber([&](Fiber& fiber) { messages = lease(fiber, 2); });
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].payload, "2");
}

TEST_P(MergedTest, events_of_many_callers_reach_their_subscribers) {
  (*store_)->write_blocking([&](Transaction& tx) {
    subscribe(tx, *queues_, {tenant_, "mail", "crm.*", "work", ""});
  });
  at_once(many, [&](Fiber& fiber, int i) {
    NewEvent event;
    event.topic = i % 2 == 0 ? "crm.contact_changed" : "shop.order_paid";
    event.payload = std::to_string(i);
    log_->append(fiber, {&event, 1});
  });
  const auto page = (*store_)->read_blocking([&](Snapshot& view) {
    return log_->read(view, {.tenant = tenant_, .most = 2 * many});
  });
  EXPECT_EQ(page.events.size(), std::size_t{many});
  run_in_fiber([&](Fiber& fiber) { EXPECT_EQ(lease(fiber, many).size(), std::size_t{many / 2}); });
}

}  // namespace
}  // namespace junctor::queue
