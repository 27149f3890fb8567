#include "queue/outbox.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <set>

#include "async/loop.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/stats.h"
#include "support/test_store.h"

namespace junctor::queue {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto patience = 20s;

// What the outside has got, by idempotency key.
struct Outside {
  std::map<std::string, int> sent;
  std::set<std::string> under_way;
  int overlaps = 0;

  void receive(Fiber& fiber, const OutboxItem& item, std::chrono::milliseconds takes) {
    if (!under_way.insert(item.idempotency_key).second) ++overlaps;
    fiber.sleep_for(takes);
    under_way.erase(item.idempotency_key);
    ++sent[item.idempotency_key];
  }
};

class OutboxTest : public test::OnEveryStore {
 protected:
  void SetUp() override {
    OnEveryStore::SetUp();
    if (!IsSkipped()) open_engine();
  }
  void TearDown() override {
    close_engine();
    OnEveryStore::TearDown();
  }
  void open_engine() {
    real_ = std::make_unique<Queues>(**store_);
    real_log_ = std::make_unique<EventLog>(*real_);
    outbox_ = std::make_unique<Outbox>(*real_log_);
  }
  void close_engine() {
    outbox_.reset();
    real_log_.reset();
    real_.reset();
  }
  void emit(int count) {
    (*store_)->write_blocking([&](Transaction& tx) {
      outbox_->add_sink(tx, tenant_, "warehouse");
      for (int i = 0; i < count; ++i) {
        NewEvent event;
        event.topic = "crm.contact_updated";
        event.payload = std::to_string(i);
        event.idempotency_key = "row-" + std::to_string(i);
        outbox_->emit_to(tx, "warehouse", event);
      }
    });
  }
  QueueStats count() {
    return (*store_)
        ->read_blocking([](Snapshot& view) {
          return queue_stats(view, std::nullopt, system_clock().now());
        })
        .at(0);
  }
  template <typename Done>
  static bool eventually(Fiber& fiber, Done&& done) {
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (!done() && std::chrono::steady_clock::now() < limit) fiber.sleep_for(2ms);
    return done();
  }

  TenantId tenant_ = default_tenant();
  std::unique_ptr<Queues> real_;
  std::unique_ptr<EventLog> real_log_;
  std::unique_ptr<Outbox> outbox_;
};

INSTANTIATE_TEST_SUITE_P(stores, OutboxTest, test::every_store(), test::store_name);

TEST_P(OutboxTest, an_event_is_staged_with_the_data_or_not_at_all) {
  emit(0);
  EXPECT_THROW((*store_)->write_blocking([&](Transaction& tx) {
    NewEvent event;
    event.topic = "crm.contact_updated";
    outbox_->emit_to(tx, "warehouse", event);
    throw Failure(FailureKind::invalid, "no");
  }),
               Failure);
  EXPECT_EQ(count().accepted, 0);
}

TEST_P(OutboxTest, what_is_staged_is_sent_at_once) {
  Outside outside;
  emit(0);
  run_in_fiber([&](Fiber& fiber) {
    Relay relay(fiber.loop(), *real_, tenant_, "warehouse", [&](Fiber& inner, const OutboxItem& item) {
      outside.receive(inner, item, 0ms);
    });
    fiber.sleep_for(50ms);
    const auto staged = std::chrono::steady_clock::now();
    emit(1);
    EXPECT_TRUE(eventually(fiber, [&] { return outside.sent.size() == 1; }));
    EXPECT_LT(std::chrono::steady_clock::now() - staged, 500ms);
    relay.stop(fiber);
  });
}

TEST_P(OutboxTest, several_relays_never_send_one_row_at_the_same_time) {
  constexpr int rows = 80;
  Outside outside;
  emit(rows);
  // A second engine on the same database.
  const auto other_store = Store::open(store_->options());
  Queues other(*other_store);
  run_in_fiber([&](Fiber& fiber) {
    const Sink sink = [&](Fiber& inner, const OutboxItem& item) { outside.receive(inner, item, 3ms); };
    Relay first(fiber.loop(), *real_, tenant_, "warehouse", sink, 4);
    Relay second(fiber.loop(), *real_, tenant_, "warehouse", sink, 4);
    Relay third(fiber.loop(), other, tenant_, "warehouse", sink, 4);
    EXPECT_TRUE(eventually(fiber, [&] { return count().finished == rows; }));
    first.stop(fiber);
    second.stop(fiber);
    third.stop(fiber);
  });
  EXPECT_EQ(outside.overlaps, 0);
  EXPECT_THAT(outside.sent, SizeIs(rows));
  for (const auto& [key, times] : outside.sent) EXPECT_EQ(times, 1) << key;
}

TEST_P(OutboxTest, nothing_is_given_up_however_often_the_outside_refuses) {
  constexpr int refusals = 40;
  emit(1);
  int tries = 0;
  std::set<std::string> keys;
  run_in_fiber([&](Fiber& fiber) {
    Relay relay(fiber.loop(), *real_, tenant_, "warehouse", [&](Fiber&, const OutboxItem& item) {
      keys.insert(item.idempotency_key);
      if (++tries <= refusals)
        throw Failure(FailureKind::unavailable, "closed for lunch").retry_after(1ms);
    });
    EXPECT_TRUE(eventually(fiber, [&] { return count().finished == 1; }));
    relay.stop(fiber);
  });
  EXPECT_EQ(tries, refusals + 1);
  EXPECT_THAT(keys, SizeIs(1));
  EXPECT_EQ(count().dead_letters, 0);
}

TEST_P(OutboxTest, what_the_outside_calls_wrong_is_kept_and_sent_again) {
  emit(1);
  int tries = 0;
  run_in_fiber([&](Fiber& fiber) {
    Relay relay(fiber.loop(), *real_, tenant_, "warehouse", [&](Fiber&, const OutboxItem&) {
      if (++tries == 1) throw Failure(FailureKind::invalid, "400 Bad Request");
    });
    EXPECT_TRUE(eventually(fiber, [&] { return count().finished == 1; }));
    relay.stop(fiber);
  });
  EXPECT_EQ(tries, 2);
}

// The relaying process dies in the middle of sending; another one goes on.
TEST_P(OutboxTest, a_relay_that_died_is_taken_over) {
  constexpr int rows = 12;
  emit(rows);
  (*store_)->write_blocking([&](Transaction& tx) {
    QueueSettings settings;
    settings.most_attempts = 0;
    settings.lease = 300ms;
    real_->ensure(tx, tenant_, "outbox:warehouse", settings);
  });
  const StoreOptions where = store_->options();
  close_engine();
  queues_.reset();
  log_.reset();
  store_->close();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = Store::open(where);
    Queues queues(*store);
    run_in_fiber([&](Fiber& fiber) {
      int sent = 0;
      Relay relay(fiber.loop(), queues, tenant_, "warehouse", [&](Fiber& inner, const OutboxItem&) {
        inner.sleep_for(5ms);
        if (++sent == 5) ::_exit(9);
      }, 4);
      fiber.sleep_for(20s);
      ::_exit(1);
    });
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 9);
  store_->reopen();
  open_engine();
  Outside outside;
  run_in_fiber([&](Fiber& fiber) {
    Relay relay(fiber.loop(), *real_, tenant_, "warehouse", [&](Fiber& inner, const OutboxItem& item) {
      outside.receive(inner, item, 0ms);
    });
    EXPECT_TRUE(eventually(fiber, [&] { return count().finished == rows; }));
    relay.stop(fiber);
  });
  // The first process had finished some; none that it had not finished is missing, none came twice here.
  EXPECT_GE(outside.sent.size(), static_cast<std::size_t>(rows - 5));
  for (const auto& [key, times] : outside.sent) EXPECT_EQ(times, 1) << key;
  EXPECT_EQ(count().waiting(), 0);
}

TEST_P(OutboxTest, the_first_mark_of_who_caused_a_change_stays) {
  EXPECT_EQ(header(mark_origin("{}", {}), "x-source"), "user");
  const std::string synced = mark_origin("{}", {std::string(source_sync), "crm"});
  EXPECT_EQ(header(mark_origin(synced, {std::string(source_webhook), ""}), "x-source"), source_sync);
  EXPECT_TRUE(is_echo(origin_of(synced), "crm"));
  EXPECT_FALSE(is_echo(origin_of(synced), "shop"));
  EXPECT_TRUE(is_echo(origin_of("{}", R"({"metadata":{"source":"integration_sync"}})")));
  EXPECT_FALSE(is_echo(origin_of("{}", "{}")));
}

}  // namespace
}  // namespace junctor::queue
