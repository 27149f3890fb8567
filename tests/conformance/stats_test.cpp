#include <gtest/gtest.h>

#include "async/loop.h"
#include "async/scope.h"
#include "junctor/fiber.h"
#include "queue/stats_keeper.h"
#include "support/test_store.h"

namespace junctor::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class StatsTest : public test::OnEveryStore {
 protected:
  using Report = std::shared_ptr<const StatsKeeper::Report>;
  template <typename F>
  auto write(F&& fn) {
    return (*store_)->write_blocking(fn);
  }
  Report latest() {
    Report report;
    run_in_fiber([&](Fiber& fiber) { report = queues_->stats().latest(fiber); });
    return report;
  }
  // Waiting rows without contents, as many as nobody publishes in a test.
  void fill(int rows) {
    write([&](Transaction& tx) {
      const auto id = queues_->ensure(tx, tenant_, "work").id;
      tx.execute(tx.dialect() == Dialect::sqlite
                     ? "INSERT INTO ready (queue_id, rank, pos, seq, attempts, fence, keyed, tenant)"
                       " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)"
                       " SELECT ?1, 0, i, i, 0, 0, 0, 'default' FROM n"
                     : "INSERT INTO ready (queue_id, rank, pos, seq, attempts, fence, keyed, tenant)"
                       " SELECT ?1, 0, i, i, 0, 0, 0, 'default' FROM generate_series(1, ?2) AS i",
                 id, rows);
      tx.execute("INSERT INTO queue_counts (tenant, queue_id, accepted, finished, retried)"
                 " VALUES ('default', ?, ?, 0, 0)",
                 id, rows);
    });
  }
  TenantId tenant_ = default_tenant();
};

INSTANTIATE_TEST_SUITE_P(stores, StatsTest, test::every_store(), test::store_name);

TEST_P(StatsTest, a_count_that_was_cheap_is_always_fresh) {
  write([&](Transaction& tx) {
    queues_->ensure(tx, tenant_, "work");
    queues_->enqueue(tx, tenant_, "work", {});
  });
  latest();
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(latest()->queues.at(0).ready, 1);
  const auto took = std::chrono::steady_clock::now() - started;
  write([&](Transaction& tx) { queues_->enqueue(tx, tenant_, "work", {}); });
  if (took >= StatsKeeper::cheap) GTEST_SKIP() << "this machine is too busy for a cheap count";
  EXPECT_EQ(latest()->queues.at(0).ready, 2);
}

TEST_P(StatsTest, a_count_of_a_huge_backlog_is_true_bounded_and_used_again) {
  constexpr int backlog = 1'000'000;
  fill(backlog);
  const auto started = std::chrono::steady_clock::now();
  const Report first = latest();
  const auto took = std::chrono::steady_clock::now() - started;
  EXPECT_EQ(first->queues.at(0).ready, backlog);
  EXPECT_EQ(first->queues.at(0).unaccounted(), 0);
  EXPECT_LT(took, std::chrono::seconds(5));
  if (took > StatsKeeper::cheap * 2) {
    EXPECT_EQ(latest(), first);
  }
}

TEST_P(StatsTest, counting_a_backlog_reads_its_index_and_sorts_nothing) {
  fill(10'000);
  std::string plan;
  (*store_)->read_blocking([&](Snapshot& view) {
    const bool sqlite = view.dialect() == Dialect::sqlite;
    view.for_each(sqlite ? "EXPLAIN QUERY PLAN SELECT queue_id, count(*) FROM ready GROUP BY queue_id"
                         : "EXPLAIN SELECT queue_id, count(*) FROM ready GROUP BY queue_id",
                  [&](const Row& row) { plan += row.get<std::string>(sqlite ? 3 : 0) + "\n"; });
  });
  EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << plan;
  EXPECT_EQ(plan.find("Sort"), std::string::npos) << plan;
  EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << plan;
}

TEST_P(StatsTest, the_oldest_message_is_found_behind_a_higher_priority_and_in_a_lease) {
  NewMessage urgent;
  urgent.priority = 9;
  write([&](Transaction& tx) {
    queues_->ensure(tx, tenant_, "work");
    queues_->enqueue(tx, tenant_, "work", {});
  });
  clock_.advance(hours(1));
  write([&](Transaction& tx) { queues_->enqueue(tx, tenant_, "work", urgent); });
  clock_.advance(minutes(1));
  EXPECT_EQ(latest()->queues.at(0).oldest_age, minutes(61));
  LeaseRequest request{tenant_, "work", 10, hours(2), ""};
  const auto messages = write([&](Transaction& tx) { return queues_->lease(tx, request); });
  EXPECT_EQ(latest()->queues.at(0).oldest_age, minutes(61));
  write([&](Transaction& tx) { queues_->ack(tx, messages.at(1).lease); });
  EXPECT_EQ(latest()->queues.at(0).oldest_age, minutes(1));
}

}  // namespace
}  // namespace junctor::queue
