// Followers of the log and waiting consumers: nothing is missed, nobody polls.
#include <gmock/gmock.h>

#include <future>
#include <set>
#include <thread>

#include "async/loop.h"
#include "async/scope.h"
#include "junctor/fiber.h"
#include "support/test_store.h"

namespace junctor::queue {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

class FollowTest : public test::OnEveryStore {
 protected:
  NewEvent event(const std::string& topic) {
    NewEvent made;
    made.topic = topic;
    return made;
  }
  EventPage page(Position after) {
    EventFilter filter;
    filter.after = after;
    return (*store_)->read_blocking([&](Snapshot& view) { return log_->read(view, filter); });
  }
  TenantId tenant_ = default_tenant();
};

INSTANTIATE_TEST_SUITE_P(stores, FollowTest, test::every_store(), test::store_name);

TEST_P(FollowTest, a_transaction_that_began_early_and_commits_late_is_not_missed) {
  if (GetParam() == test::Backend::sqlite) GTEST_SKIP() << "SQLite has one writer: nobody overtakes";
  for (const Isolation isolation : {Isolation::serializable, Isolation::read_committed}) {
    const Position begin = (*store_)->read_blocking(
        [&](Snapshot& view) { return log_->end(view, tenant_); });
    std::promise<void> appended, let_go;
    std::thread late([&] {
      bool first = true;
      (*store_)->write_blocking(
          [&](Transaction& tx) {
            log_->append(tx, event("late.event_made"));
            if (!std::exchange(first, false)) return;
            appended.set_value();
            let_go.get_future().wait_for(30s);
          },
          {isolation, Durability::synced});
    });
    appended.get_future().wait();
    (*store_)->write_blocking([&](Transaction& tx) { log_->append(tx, event("early.event_made")); },
                              {Isolation::read_committed, Durability::synced});
    const EventPage early = page(begin);
    ASSERT_THAT(early.events, SizeIs(1));
    EXPECT_EQ(early.events[0].topic, "early.event_made");
    let_go.set_value();
    late.join();
    const EventPage rest = page(early.next);
    ASSERT_THAT(rest.events, SizeIs(1));
    EXPECT_EQ(rest.events[0].topic, "late.event_made");
  }
}

TEST_P(FollowTest, a_follower_sees_every_event_of_many_writers_once_and_in_order) {
  constexpr int writers = 6, each = 40;
  std::vector<std::thread> threads;
  std::atomic<bool> stop{false};
  std::vector<std::string> seen;
  Position last = 0;
  const auto look = [&] {
    for (;;) {
      const EventPage found = page(last);
      for (const Event& one : found.events) {
        EXPECT_GT(one.position, last);
        last = one.position;
        seen.push_back(one.topic);
      }
      last = std::max(last, found.next);
      if (!found.more) return;
    }
  };
  for (int w = 0; w < writers; ++w)
    threads.emplace_back([this, w] {
      for (int i = 0; i < each; ++i)
        (*store_)->write_blocking(
            [&](Transaction& tx) {
              log_->append(tx, event("w" + std::to_string(w) + ".n_" + std::to_string(i)));
              // Longer and shorter transactions overtake one another.
              std::this_thread::sleep_for(std::chrono::microseconds((w * 37 + i * 11) % 5 * 300));
            },
            {w % 2 == 0 ? Isolation::read_committed : Isolation::serializable, Durability::synced});
    });
  std::thread follower([&] {
    while (!stop) look();
  });
  for (auto& thread : threads) thread.join();
  stop = true;
  follower.join();
  look();
  EXPECT_THAT(seen, SizeIs(writers * each));
  EXPECT_THAT(std::set<std::string>(seen.begin(), seen.end()), SizeIs(writers * each));
}

// The backstop is far away: only being woken explains an answer in time.
TEST_P(FollowTest, a_waiting_consumer_is_woken_by_the_commit_that_gives_it_work) {
  QueuesOptions far;
  far.backstop = 60s;
  Queues here(**store_, far);
  // On PostgreSQL the work comes from another engine.
  std::unique_ptr<Store> other_store;
  if (GetParam() == test::Backend::postgres) other_store = Store::open(store_->options());
  Store& publisher = other_store ? *other_store : **store_;
  Queues there(publisher, far);
  Queues& publishing = other_store ? there : here;
  publisher.write_blocking([&](Transaction& tx) { publishing.ensure(tx, tenant_, "work"); });
  run_in_fiber([&](Fiber& fiber) {
    Scope scope(fiber.loop(), "publisher");
    std::chrono::steady_clock::time_point published;
    scope.spawn([&](Fiber& inner) {
      inner.sleep_for(300ms);
      published = std::chrono::steady_clock::now();
      publisher.write(inner, [&](Transaction& tx) { publishing.enqueue(tx, tenant_, "work", {}); });
    });
    const auto messages = here.wait_and_lease(fiber, {tenant_, "work"}, 30s);
    EXPECT_THAT(messages, SizeIs(1));
    EXPECT_LT(std::chrono::steady_clock::now() - published, 1s);
    scope.join(fiber);
  });
}

TEST_P(FollowTest, a_delayed_message_wakes_its_consumer_when_it_is_due) {
  QueuesOptions far;
  far.backstop = 60s;
  Queues here(**store_, far);
  (*store_)->write_blocking([&](Transaction& tx) {
    here.ensure(tx, tenant_, "work");
    NewMessage later;
    later.delay = 700ms;
    here.enqueue(tx, tenant_, "work", later);
  });
  run_in_fiber([&](Fiber& fiber) {
    const auto started = std::chrono::steady_clock::now();
    EXPECT_THAT(here.wait_and_lease(fiber, {tenant_, "work"}, 30s), SizeIs(1));
    EXPECT_LT(std::chrono::steady_clock::now() - started, 2s);
  });
}

}  // namespace
}  // namespace junctor::queue
