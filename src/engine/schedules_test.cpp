#include "engine/schedules.h"

#include <gtest/gtest.h>

#include "async/scope.h"
#include "engine/test_store.h"
#include "junctor/fiber.h"

namespace junctor {
namespace {

using namespace std::chrono_literals;

Timestamp at(std::chrono::milliseconds time) { return Timestamp(time); }

class Schedules : public testing::Test {
 protected:
  Schedule hourly(const std::string& subject) {
    return {default_tenant(), "hr", subject, CronSchedule::parse("0 * * * *").value_or_throw()};
  }
  void define(const std::vector<Schedule>& wanted, Timestamp now) {
    store_->write_blocking([&](Transaction& tx) { schedules::define(tx, {"hr"}, wanted, now); });
  }
  std::vector<std::pair<std::string, Timestamp>> fire(Timestamp now) {
    return store_->write_blocking([&](Transaction& tx) {
      std::vector<std::pair<std::string, Timestamp>> fired;
      schedules::fire_due(tx, now,
                          [&](Transaction&, const TenantId&, const ScheduleRow& row,
                              Timestamp moment) { fired.emplace_back(row.subject, moment); });
      return fired;
    });
  }
  TestStore store_{{schedules::migrations()}};
};

using Fired = std::vector<std::pair<std::string, Timestamp>>;

TEST_F(Schedules, fire_each_moment_once) {
  define({hourly("sync")}, at(30min));
  EXPECT_EQ(fire(at(59min)), Fired{});
  EXPECT_EQ(fire(at(60min)), (Fired{{"sync", at(60min)}}));
  EXPECT_EQ(fire(at(60min)), Fired{});
  EXPECT_EQ(fire(at(120min)), (Fired{{"sync", at(120min)}}));
}

TEST_F(Schedules, fire_only_the_newest_of_many_missed_moments) {
  define({hourly("sync")}, at(0min));
  EXPECT_EQ(fire(at(48h + 1min)), (Fired{{"sync", at(48h)}}));
  EXPECT_EQ(fire(at(48h + 2min)), Fired{});
}

TEST_F(Schedules, keep_their_next_moment_when_they_are_defined_again) {
  define({hourly("sync")}, at(30min));
  define({hourly("sync")}, at(90min));
  EXPECT_EQ(fire(at(91min)), (Fired{{"sync", at(60min)}}));
}

TEST_F(Schedules, that_are_no_longer_defined_are_removed) {
  define({hourly("old"), hourly("new")}, at(0min));
  define({hourly("new")}, at(0min));
  EXPECT_EQ(fire(at(60min)), (Fired{{"new", at(60min)}}));
}

TEST_F(Schedules, that_are_disabled_stay_silent_and_start_anew) {
  define({hourly("sync")}, at(0min));
  const auto enable = [&](bool on, Timestamp now) {
    store_->write_blocking([&](Transaction& tx) {
      EXPECT_TRUE(schedules::enable(tx, default_tenant(), "hr", "sync", on, now));
    });
  };
  enable(false, at(0min));
  EXPECT_EQ(fire(at(120min)), Fired{});
  enable(true, at(130min));
  EXPECT_EQ(fire(at(131min)), Fired{});
  EXPECT_EQ(fire(at(180min)), (Fired{{"sync", at(180min)}}));
}

TEST_F(Schedules, fail_alone_when_their_work_cannot_be_enqueued) {
  define({hourly("sync")}, at(0min));
  EXPECT_THROW(store_->write_blocking([&](Transaction& tx) {
    schedules::fire_due(tx, at(60min), [](Transaction&, const TenantId&, const ScheduleRow&,
                                          Timestamp) { throw Failure(FailureKind::overloaded, "full"); });
  }),
               Failure);
  EXPECT_EQ(fire(at(60min)), (Fired{{"sync", at(60min)}}));
}

TEST_F(Schedules, are_fired_by_the_scheduler_fiber) {
  const Timestamp now = system_clock().now();
  define({hourly("sync")}, now - 2h);
  run_in_fiber([&](Fiber& fiber) {
    Scope scope(fiber.loop(), "test");
    int fired = 0;
    scope.spawn([&](Fiber& inner) {
      run_scheduler(inner, *store_, system_clock(),
                    [&](Transaction&, const TenantId&, const ScheduleRow&, Timestamp) { fired = 1; });
    });
    for (int i = 0; i < 500 && fired == 0; ++i) fiber.sleep_for(5ms);
    scope.stop(fiber);
    EXPECT_EQ(fired, 1);
  });
}

}  // namespace
}  // namespace junctor
