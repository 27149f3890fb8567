#include <gmock/gmock.h>

#include <map>

#include "junctor/failure.h"
#include "queue/stats.h"
#include "support/test_store.h"

namespace junctor::queue {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class QueueTest : public test::OnEveryStore {
 protected:
  template <typename F>
  auto write(F&& fn) {
    return (*store_)->write_blocking(fn);
  }
  void SetUp() override {
    OnEveryStore::SetUp();
    if (IsSkipped()) return;
    QueueSettings settings;
    settings.most_attempts = 3;
    settings.lease = seconds(30);
    settings.backoff = {seconds(10), 2.0, hours(1)};
    write([&](Transaction& tx) { queues_->ensure(tx, tenant_, "work", settings); });
  }
  // After every test, no message is nowhere.
  void TearDown() override {
    if (store_) {
      for (const QueueStats& stats : (*store_)->read_blocking([&](Snapshot& view) {
             return queue_stats(view, std::nullopt, clock_.now());
           }))
        EXPECT_EQ(stats.unaccounted(), 0) << stats.queue;
    }
    OnEveryStore::TearDown();
  }

  Published add(const NewMessage& message) {
    return write([&](Transaction& tx) { return queues_->enqueue(tx, tenant_, "work", message); });
  }
  void add_text(const std::string& text, const std::string& key = "") {
    NewMessage message;
    message.payload = text;
    message.partition_key = key;
    add(message);
  }
  std::vector<Message> lease(int most = 10) {
    LeaseRequest request{tenant_, "work", most, std::nullopt, "tester"};
    return write([&](Transaction& tx) { return queues_->lease(tx, request); });
  }
  static std::vector<std::string> payloads(const std::vector<Message>& messages) {
    std::vector<std::string> texts;
    for (const auto& message : messages) texts.push_back(message.payload);
    return texts;
  }
  std::vector<std::string> take(int most = 10) { return payloads(lease(most)); }
  std::optional<LeaseLoss> ack(const Message& message) {
    return write([&](Transaction& tx) { return queues_->try_ack(tx, {&message.lease, 1}).front(); });
  }
  std::optional<LeaseLoss> nack(const Message& message, const Nack& how) {
    return write([&](Transaction& tx) { return queues_->try_nack(tx, message.lease, how); });
  }
  std::vector<DeadLetter> dead() {
    return (*store_)->read_blocking(
        [&](Snapshot& view) { return queues_->dead_letters(view, tenant_, "work", 0, 100); });
  }

  TenantId tenant_ = default_tenant();
};

INSTANTIATE_TEST_SUITE_P(stores, QueueTest, test::every_store(), test::store_name);

TEST_P(QueueTest, messages_come_out_in_the_order_they_went_in) {
  for (const char* text : {"1", "2", "3"}) add_text(text);
  EXPECT_THAT(take(2), ElementsAre("1", "2"));
  EXPECT_THAT(take(2), ElementsAre("3"));
  EXPECT_THAT(take(2), IsEmpty());
}

TEST_P(QueueTest, higher_priority_comes_first) {
  for (const int priority : {0, 5, -3, 5}) {
    NewMessage message;
    message.priority = priority;
    message.payload = std::to_string(priority);
    add(message);
  }
  EXPECT_THAT(take(), ElementsAre("5", "5", "0", "-3"));
}

TEST_P(QueueTest, a_delivery_carries_everything_the_publisher_gave) {
  NewMessage message;
  message.topic = "crm.contact_created";
  message.payload = R"({"a":1})";
  message.headers = R"({"x":"y"})";
  message.partition_key = "k";
  message.priority = -7;
  const auto id = std::get<Accepted>(add(message)).id;
  const auto messages = lease();
  ASSERT_EQ(messages.size(), 1u);
  const Message& got = messages[0];
  EXPECT_EQ(got.id.uuid(), id);
  EXPECT_EQ(got.topic, message.topic);
  EXPECT_EQ(got.payload, message.payload);
  EXPECT_EQ(got.headers, message.headers);
  EXPECT_EQ(got.partition_key, "k");
  EXPECT_EQ(got.priority, -7);
  EXPECT_EQ(got.attempts, 1);
  EXPECT_EQ(got.tenant, tenant_);
  EXPECT_EQ(got.created_at, clock_.now());
  EXPECT_EQ(got.leased_until, clock_.now() + seconds(30));
}

TEST_P(QueueTest, a_rolled_back_publisher_leaves_nothing) {
  EXPECT_THROW(write([&](Transaction& tx) {
    queues_->enqueue(tx, tenant_, "work", {});
    throw Failure(FailureKind::invalid, "changed my mind");
  }),
               Failure);
  EXPECT_THAT(take(), IsEmpty());
}

TEST_P(QueueTest, an_acknowledged_message_is_gone) {
  add_text("1");
  const auto messages = lease();
  EXPECT_EQ(ack(messages[0]), std::nullopt);
  clock_.advance(hours(1));
  EXPECT_THAT(take(), IsEmpty());
}

TEST_P(QueueTest, acknowledging_twice_says_what_happened) {
  add_text("1");
  const auto messages = lease();
  ack(messages[0]);
  EXPECT_EQ(ack(messages[0]), LeaseLoss::finished);
  EXPECT_EQ(nack(messages[0], {}), LeaseLoss::finished);
}

TEST_P(QueueTest, a_token_nobody_was_given_is_unknown) {
  add_text("1");
  const auto messages = lease();
  Message forged = messages[0];
  forged.lease.seq = INT64_MAX - 5;
  EXPECT_EQ(ack(forged), LeaseLoss::unknown);
  forged = messages[0];
  forged.lease.nonce ^= 1;
  EXPECT_EQ(ack(forged), LeaseLoss::unknown);
  EXPECT_EQ(ack(messages[0]), std::nullopt);
}

TEST_P(QueueTest, a_lease_of_another_tenant_is_unknown_at_every_stage) {
  add_text("1");
  const auto messages = lease();
  Message stolen = messages[0];
  stolen.lease.tenant = TenantId("other");
  const auto refused = [&] {
    Timestamp until;
    EXPECT_EQ(ack(stolen), LeaseLoss::unknown);
    EXPECT_EQ(nack(stolen, {Nack::Kind::reject, "mine now", std::nullopt}), LeaseLoss::unknown);
    EXPECT_EQ(write([&](Transaction& tx) {
                return queues_->try_heartbeat(tx, stolen.lease, seconds(9), &until);
              }),
              LeaseLoss::unknown);
  };
  refused();
  clock_.advance(seconds(31));
  const auto second = lease();
  refused();
  nack(second.at(0), {Nack::Kind::failed, "", seconds(5)});
  refused();
  clock_.advance(seconds(6));
  ack(lease().at(0));
  refused();
  EXPECT_EQ(ack(messages[0]), LeaseLoss::finished);
}

TEST_P(QueueTest, a_lost_lease_is_explained_with_when_and_by_whom) {
  const auto explain = [&](const Message& message, LeaseLoss loss) {
    return (*store_)->read_blocking(
        [&](Snapshot& view) { return queues_->describe(view, message.lease, loss); });
  };
  add_text("1");
  const auto first = lease();
  clock_.advance(seconds(31));
  write([&](Transaction& tx) { queues_->sweep(tx); });
  EXPECT_EQ(explain(first[0], LeaseLoss::expired),
            "the lease ran out at " + junctor::to_string(clock_.now()) + " and the message waits in its queue again");
  const auto second = lease();
  EXPECT_EQ(explain(first[0], LeaseLoss::taken_over),
            "the lease ran out and 'tester' has the message since " + junctor::to_string(clock_.now()));
  nack(second.at(0), {Nack::Kind::failed, "", milliseconds(0)});
  EXPECT_THAT(explain(second[0], LeaseLoss::expired), testing::HasSubstr("ended as failed by 'tester'"));
  const auto third = lease();
  nack(third.at(0), {Nack::Kind::reject, "malformed", std::nullopt});
  EXPECT_EQ(explain(third[0], LeaseLoss::dead_lettered),
            "the message is a dead letter since " + junctor::to_string(clock_.now()) + ": malformed");
  add_text("2");
  const auto fourth = lease();
  ack(fourth.at(0));
  EXPECT_EQ(explain(fourth[0], LeaseLoss::finished),
            "the message was finished before: at " + junctor::to_string(clock_.now()) + " by 'tester'");
}

TEST_P(QueueTest, an_expired_lease_returns_the_message_and_counts_as_an_attempt) {
  add_text("1");
  const auto first = lease();
  clock_.advance(seconds(29));
  EXPECT_THAT(take(), IsEmpty());
  clock_.advance(seconds(2));
  const auto second = lease();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].attempts, 2);
  EXPECT_EQ(ack(first[0]), LeaseLoss::taken_over);
  EXPECT_EQ(ack(second[0]), std::nullopt);
}

TEST_P(QueueTest, the_effects_of_a_consumer_that_lost_its_lease_are_rolled_back) {
  add_text("1");
  const auto first = lease();
  clock_.advance(seconds(31));
  const auto second = lease();
  EXPECT_THROW(write([&](Transaction& tx) {
    queues_->ensure(tx, tenant_, "effect");
    queues_->ack(tx, first[0].lease);
  }),
               Failure);
  EXPECT_FALSE((*store_)->read_blocking(
      [&](Snapshot& view) { return queues_->find(view, tenant_, "effect").has_value(); }));
}

TEST_P(QueueTest, a_heartbeat_extends_the_lease) {
  add_text("1");
  const auto messages = lease();
  clock_.advance(seconds(20));
  write([&](Transaction& tx) { queues_->heartbeat(tx, messages[0].lease, seconds(30)); });
  clock_.advance(seconds(20));
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(ack(messages[0]), std::nullopt);
}

TEST_P(QueueTest, a_failure_waits_for_its_backoff) {
  add_text("1");
  nack(lease()[0], {Nack::Kind::failed, "boom", std::nullopt});
  clock_.advance(seconds(7));
  EXPECT_THAT(take(), IsEmpty());
  clock_.advance(seconds(6));
  const auto again = lease();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].attempts, 2);
}

TEST_P(QueueTest, a_chosen_delay_beats_the_backoff) {
  add_text("1");
  nack(lease()[0], {Nack::Kind::failed, "429", seconds(100)});
  clock_.advance(seconds(99));
  EXPECT_THAT(take(), IsEmpty());
  clock_.advance(seconds(1));
  EXPECT_THAT(take(), ElementsAre("1"));
}

TEST_P(QueueTest, a_release_uses_no_attempt) {
  add_text("1");
  for (int i = 0; i < 10; ++i) {
    const auto messages = lease();
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(messages[0].attempts, 1);
    nack(messages[0], {Nack::Kind::release, "not capable", std::nullopt});
  }
  EXPECT_THAT(dead(), IsEmpty());
}

TEST_P(QueueTest, a_returned_message_goes_before_fresh_ones) {
  add_text("1");
  add_text("2");
  const auto messages = lease(1);
  nack(messages[0], {Nack::Kind::failed, "", milliseconds(0)});
  EXPECT_THAT(take(), ElementsAre("1", "2"));
}

TEST_P(QueueTest, too_many_attempts_make_a_dead_letter_with_its_history) {
  add_text("1");
  for (int i = 0; i < 3; ++i) {
    const auto messages = lease();
    ASSERT_EQ(messages.size(), 1u);
    if (i == 1)
      clock_.advance(seconds(31));
    else
      nack(messages[0], {Nack::Kind::failed, "boom " + std::to_string(i), milliseconds(0)});
  }
  EXPECT_THAT(take(), IsEmpty());
  const auto letters = dead();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].reason, "boom 2");
  EXPECT_EQ(letters[0].payload, "1");
  ASSERT_EQ(letters[0].attempts.size(), 3u);
  EXPECT_EQ(letters[0].attempts[0].error, "boom 0");
  EXPECT_EQ(letters[0].attempts[1].outcome, "expired");
  EXPECT_EQ(letters[0].attempts[2].consumer, "tester");
}

TEST_P(QueueTest, a_consumer_that_always_dies_makes_a_dead_letter) {
  add_text("1");
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(take(), ElementsAre("1"));
    clock_.advance(seconds(31));
  }
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(dead().size(), 1u);
}

TEST_P(QueueTest, a_rejected_message_is_a_dead_letter_at_once) {
  add_text("1");
  const auto messages = lease();
  nack(messages[0], {Nack::Kind::reject, "malformed", std::nullopt});
  ASSERT_EQ(dead().size(), 1u);
  EXPECT_EQ(dead()[0].reason, "malformed");
  EXPECT_EQ(ack(messages[0]), LeaseLoss::dead_lettered);
}

TEST_P(QueueTest, dead_letters_are_redriven_one_or_all) {
  for (const char* text : {"1", "2", "3"}) add_text(text);
  for (const auto& message : lease()) nack(message, {Nack::Kind::reject, "no", std::nullopt});
  const auto letters = dead();
  ASSERT_EQ(letters.size(), 3u);
  EXPECT_TRUE(write([&](Transaction& tx) { return queues_->redrive(tx, tenant_, "work", letters[1].id); }));
  EXPECT_FALSE(write([&](Transaction& tx) { return queues_->redrive(tx, tenant_, "work", letters[1].id); }));
  const auto again = lease();
  ASSERT_THAT(payloads(again), ElementsAre("2"));
  EXPECT_EQ(again[0].attempts, 1);
  EXPECT_EQ(again[0].id, letters[1].id);
  EXPECT_EQ(write([&](Transaction& tx) { return queues_->redrive_all(tx, tenant_, "work", 10); }), 2);
  EXPECT_THAT(take(), ElementsAre("1", "3"));
}

TEST_P(QueueTest, purging_removes_what_waits_and_leaves_what_is_leased) {
  for (const char* text : {"1", "2", "3", "4"}) add_text(text, text[0] > '2' ? "lane" : "");
  NewMessage later;
  later.delay = hours(1);
  add(later);
  const auto leased = lease(1);
  int purged = 0, step = 0;
  while ((step = write([&](Transaction& tx) { return queues_->purge(tx, tenant_, "work", 2); })) > 0)
    purged += step;
  EXPECT_EQ(purged, 4);
  clock_.advance(hours(2));
  const auto rest = lease();
  EXPECT_THAT(payloads(rest), ElementsAre("1"));
  EXPECT_EQ(ack(leased[0]), LeaseLoss::taken_over);
}

TEST_P(QueueTest, purging_in_bites_brings_nothing_forward) {
  NewMessage later;
  later.delay = hours(1);
  later.partition_key = "lane";
  for (int i = 0; i < 3; ++i) add(later);
  for (const char* text : {"1", "2"}) add_text(text);
  const auto bite = [&] {
    return write([&](Transaction& tx) { return queues_->purge(tx, tenant_, "work", 1); });
  };
  EXPECT_EQ(bite(), 1);
  EXPECT_THAT(take(), ElementsAre("2"));
  EXPECT_EQ(bite(), 1);
  EXPECT_THAT(take(), IsEmpty());
  EXPECT_EQ(bite() + bite() + bite(), 2);
}

TEST_P(QueueTest, a_delayed_message_waits_for_its_time) {
  NewMessage message;
  message.payload = "late";
  message.delay = seconds(60);
  add(message);
  add_text("now");
  EXPECT_THAT(take(), ElementsAre("now"));
  clock_.advance(seconds(61));
  EXPECT_THAT(take(), testing::Contains("late"));
}

TEST_P(QueueTest, one_lane_is_worked_on_in_strict_order) {
  for (const char* text : {"1", "2", "3"}) add_text(text, "a");
  add_text("9", "b");
  const auto first = lease();
  ASSERT_THAT(payloads(first), ElementsAre("1", "9"));
  EXPECT_THAT(take(), IsEmpty());
  nack(first[0], {Nack::Kind::failed, "", seconds(5)});
  EXPECT_THAT(take(), IsEmpty());
  clock_.advance(seconds(6));
  auto next = lease();
  ASSERT_THAT(payloads(next), ElementsAre("1"));
  ack(next[0]);
  next = lease();
  ASSERT_THAT(payloads(next), ElementsAre("2"));
  nack(next[0], {Nack::Kind::reject, "bad", std::nullopt});
  EXPECT_THAT(take(), ElementsAre("3"));
}

TEST_P(QueueTest, a_finished_lane_starts_anew) {
  add_text("1", "a");
  ack(lease()[0]);
  add_text("2", "a");
  EXPECT_THAT(take(), ElementsAre("2"));
}

TEST_P(QueueTest, a_paused_queue_accepts_and_gives_nothing) {
  write([&](Transaction& tx) { queues_->pause(tx, tenant_, "work"); });
  add_text("1");
  EXPECT_THAT(take(), IsEmpty());
  write([&](Transaction& tx) { queues_->resume(tx, tenant_, "work"); });
  EXPECT_THAT(take(), ElementsAre("1"));
}

TEST_P(QueueTest, the_same_key_gets_the_first_answer_again) {
  NewMessage message;
  message.payload = "1";
  message.idempotency_key = "k";
  const auto first = std::get<Accepted>(add(message)).id;
  EXPECT_EQ(std::get<Replayed>(add(message)).id, first);
  message.payload = "2";
  EXPECT_TRUE(std::holds_alternative<KeyReused>(add(message)));
  EXPECT_THAT(take(), ElementsAre("1"));
}

TEST_P(QueueTest, unknown_queues_and_oversized_payloads_are_refused) {
  const auto kind_of = [&](auto&& work) {
    try {
      write(work);
    } catch (const Failure& failure) {
      return failure.kind();
    }
    return FailureKind::bug;
  };
  EXPECT_EQ(kind_of([&](Transaction& tx) { queues_->enqueue(tx, tenant_, "nowhere", {}); }),
            FailureKind::not_found);
  EXPECT_EQ(kind_of([&](Transaction& tx) { queues_->lease(tx, {tenant_, "nowhere"}); }),
            FailureKind::not_found);
  NewMessage large;
  large.payload = '"' + std::string(std::size_t{1} << 20, 'x') + '"';
  EXPECT_EQ(kind_of([&](Transaction& tx) { queues_->enqueue(tx, tenant_, "work", large); }),
            FailureKind::too_large);
  EXPECT_EQ(kind_of([&](Transaction& tx) { queues_->ensure(tx, tenant_, "bad name"); }),
            FailureKind::invalid);
}

TEST_P(QueueTest, tenants_do_not_see_each_other) {
  const TenantId other("other");
  write([&](Transaction& tx) { queues_->ensure(tx, other, "work"); });
  add_text("mine");
  LeaseRequest request{other, "work", 10, std::nullopt, ""};
  EXPECT_THAT(write([&](Transaction& tx) { return queues_->lease(tx, request); }), IsEmpty());
  EXPECT_THAT(take(), ElementsAre("mine"));
}

TEST_P(QueueTest, messages_survive_reopening) {
  add_text("1");
  add_text("2", "lane");
  const auto leased = lease(1);
  queues_.reset();
  store_->reopen();
  QueuesOptions options;
  options.clock = &clock_;
  queues_ = std::make_unique<Queues>(**store_, options);
  EXPECT_THAT(take(), ElementsAre("2"));
  EXPECT_EQ(ack(leased[0]), std::nullopt);
}

TEST_P(QueueTest, statistics_count_every_place_a_message_can_be) {
  for (const char* text : {"1", "2", "3"}) add_text(text);
  add_text("4", "lane");
  add_text("5", "lane");
  NewMessage later;
  later.delay = hours(1);
  add(later);
  const auto messages = lease(2);
  ack(messages[0]);
  const auto all = (*store_)->read_blocking(
      [&](Snapshot& view) { return queue_stats(view, tenant_, clock_.now()); });
  ASSERT_EQ(all.size(), 1u);
  const QueueStats& stats = all[0];
  EXPECT_EQ(stats.accepted, 6);
  EXPECT_EQ(stats.finished, 1);
  EXPECT_EQ(stats.leased, 1);
  EXPECT_EQ(stats.ready, 2);
  EXPECT_EQ(stats.delayed, 1);
  EXPECT_EQ(stats.behind_lane, 1);
  EXPECT_EQ(stats.unaccounted(), 0);
}

}  // namespace
}  // namespace junctor::queue
