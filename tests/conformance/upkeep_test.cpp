#include "queue/upkeep.h"

#include <gtest/gtest.h>

#include "async/scope.h"
#include "junctor/fiber.h"
#include "queue/inbox.h"
#include "queue/stats.h"
#include "support/test_store.h"

namespace junctor::queue {
namespace {

class UpkeepTest : public test::OnEveryStore {
 protected:
  template <typename F>
  auto write(F&& fn) {
    return (*store_)->write_blocking(fn);
  }
  UpkeepDone run_upkeep() {
    UpkeepDone done;
    run_in_fiber([&](Fiber& fiber) { done = upkeep(fiber, **store_, clock_.now()); });
    return done;
  }
  TenantId tenant_ = default_tenant();
};

INSTANTIATE_TEST_SUITE_P(stores, UpkeepTest, test::every_store(), test::store_name);

TEST_P(UpkeepTest, old_keys_go_and_young_ones_stay) {
  write([&](Transaction& tx) {
    queues_->ensure(tx, tenant_, "work");
    NewMessage message;
    message.idempotency_key = "old";
    queues_->enqueue(tx, tenant_, "work", message);
    receive(tx, {tenant_, "endpoint", "old"}, clock_.now());
  });
  clock_.advance(std::chrono::hours(24 * 8));
  write([&](Transaction& tx) {
    NewMessage message;
    message.idempotency_key = "young";
    queues_->enqueue(tx, tenant_, "work", message);
    receive(tx, {tenant_, "endpoint", "young"}, clock_.now());
  });
  EXPECT_EQ(run_upkeep().rows, 2);
  EXPECT_EQ(run_upkeep().rows, 0);
}

TEST_P(UpkeepTest, finished_segments_are_dropped_and_counters_stay_true) {
  if (GetParam() == test::Backend::sqlite) GTEST_SKIP() << "SQLite has no segments";
  write([&](Transaction& tx) { queues_->ensure(tx, tenant_, "work"); });
  const auto add = [&] {
    write([&](Transaction& tx) { queues_->enqueue(tx, tenant_, "work", {}); });
  };
  const auto jump = [&](std::int64_t to) {
    write([&](Transaction& tx) { tx.value<std::int64_t>("SELECT setval('junctor_seq', ?)", to); });
  };
  add();
  jump(600'000);
  add();
  jump(1'600'000);
  LeaseRequest request{tenant_, "work", 1, std::nullopt, ""};
  const auto first = write([&](Transaction& tx) { return queues_->lease(tx, request); });
  write([&](Transaction& tx) { queues_->ack(tx, first.at(0).lease); });
  const UpkeepDone done = run_upkeep();
  // The first and the empty third are finished; the second holds a message that waits.
  EXPECT_EQ(done.segments_dropped, 2);
  EXPECT_GT(done.segments_made, 0);
  const auto stats = (*store_)->read_blocking(
      [&](Snapshot& view) { return queue_stats(view, std::nullopt, clock_.now()); });
  EXPECT_EQ(stats.at(0).accepted, 2);
  EXPECT_EQ(stats.at(0).unaccounted(), 0);
  EXPECT_EQ(write([&](Transaction& tx) { return queues_->lease(tx, request); }).size(), 1u);
}

// A row committed long after the time or place it carries stands behind the marks.
TEST_P(UpkeepTest, what_was_passed_over_is_found_again) {
  if (GetParam() == test::Backend::sqlite) GTEST_SKIP() << "SQLite remembers no such marks";
  write([&](Transaction& tx) { queues_->ensure(tx, tenant_, "work"); });
  const LeaseRequest request{tenant_, "work", 1, std::nullopt, ""};
  const auto lease = [&] { return write([&](Transaction& tx) { return queues_->lease(tx, request); }); };
  for (int i = 0; i < 3; ++i)
    write([&](Transaction& tx) { queues_->enqueue(tx, tenant_, "work", {}); });
  ASSERT_EQ(lease().size(), 1u);
  write([&](Transaction& tx) { tx.execute("UPDATE ready SET pos = -pos"); });
  write([&](Transaction& tx) { tx.execute("UPDATE leases SET until = 1"); });
  EXPECT_EQ(lease().size(), 0u);
  run_in_fiber([&](Fiber& fiber) { queues_->check_hints(fiber); });
  EXPECT_EQ(lease().size(), 1u);
  EXPECT_EQ(lease().size(), 1u);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(lease().size(), 1u);
}

}  // namespace
}  // namespace junctor::queue
