#include "base/cron.h"

#include <gtest/gtest.h>

namespace junctor {
namespace {

Timestamp at(const char* text) {
  std::tm parts{};
  strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
  return Timestamp(std::chrono::seconds(timegm(&parts)));
}

std::string next(const char* cron, const char* zone, const char* after) {
  return to_string(CronSchedule::parse(cron, zone).value_or_throw().next_after(at(after)));
}

TEST(Cron, finds_the_next_firing) {
  EXPECT_EQ(next("*/15 * * * *", "UTC", "2026-11-21T10:14:59"), "2026-11-21T10:15:00.000Z");
  EXPECT_EQ(next("*/15 * * * *", "UTC", "2026-11-21T10:15:00"), "2026-11-21T10:30:00.000Z");
  EXPECT_EQ(next("0 9 * * mon-fri", "UTC", "2026-11-20T09:00:00"), "2026-11-23T09:00:00.000Z");
  EXPECT_EQ(next("0 0 29 feb *", "UTC", "2026-01-01T00:00:00"), "2028-02-29T00:00:00.000Z");
  EXPECT_EQ(next("@monthly", "UTC", "2026-12-15T00:00:00"), "2027-01-01T00:00:00.000Z");
  EXPECT_EQ(next("5/20 3 * * 7", "UTC", "2026-11-21T00:00:00"), "2026-11-22T03:05:00.000Z");
}

TEST(Cron, takes_either_day_when_both_are_restricted) {
  EXPECT_EQ(next("0 0 13 * fri", "UTC", "2026-11-21T00:00:00"), "2026-11-27T00:00:00.000Z");
  EXPECT_EQ(next("0 0 13 * fri", "UTC", "2026-12-12T00:00:00"), "2026-12-13T00:00:00.000Z");
}

TEST(Cron, follows_the_time_zone) {
  EXPECT_EQ(next("0 8 * * *", "Europe/Berlin", "2026-07-01T00:00:00"), "2026-07-01T06:00:00.000Z");
  EXPECT_EQ(next("0 8 * * *", "Europe/Berlin", "2026-12-01T00:00:00"), "2026-12-01T07:00:00.000Z");
}

TEST(Cron, fires_after_the_gap_when_the_clock_skips_its_time) {
  EXPECT_EQ(next("30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00"), "2026-03-29T01:00:00.000Z");
}

TEST(Cron, fires_once_when_the_clock_passes_its_time_twice) {
  EXPECT_EQ(next("30 2 * * *", "Europe/Berlin", "2026-10-25T00:00:00"), "2026-10-25T00:30:00.000Z");
  EXPECT_EQ(next("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00"), "2026-10-26T01:30:00.000Z");
}

TEST(Cron, names_every_field_that_is_wrong) {
  const auto result = CronSchedule::parse("60 25 0 foo 8", "Mars/Olympus");
  ASSERT_FALSE(result.ok());
  std::vector<std::string> paths;
  for (const auto& problem : result.problems()) paths.push_back(problem.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"timezone", "minute", "hour", "day of month", "month",
                                             "day of week"}));
}

TEST(Cron, counts_intervals_from_the_epoch) {
  EXPECT_EQ(next("@every 90s", "UTC", "2026-11-21T00:00:00"), "2026-11-21T00:01:30.000Z");
  EXPECT_EQ(next("@every 2h", "Europe/Berlin", "2026-11-21T01:00:00"), "2026-11-21T02:00:00.000Z");
  for (const char* text : {"@every 0s", "@every s", "@every 5", "@every 5x", "@every -1m",
                           "@every 999999999h"})
    EXPECT_FALSE(CronSchedule::parse(text).ok()) << text;
}

TEST(Cron, refuses_what_never_fires_or_is_no_schedule) {
  for (const char* text : {"0 0 30 feb *", "* * * *", "", "* * * * * *", "*/0 * * * *", "5-1 * * * *",
                           "1,,2 * * * *", "@reboot", "-1 * * * *", "1.5 * * * *"})
    EXPECT_FALSE(CronSchedule::parse(text).ok()) << text;
}

}  // namespace
}  // namespace junctor
