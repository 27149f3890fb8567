// Cron schedules: five fields, names, and a time zone.
//
// Fields: minute 0-59, hour 0-23, day of month 1-31, month 1-12 or jan-dec, day of week 0-7 (0 and 7
// are Sunday) or sun-sat; each `*`, a value, a range, a step (`*/5`, `10-40/10`, `3/15`) or a list.
// When both days are restricted, either matches, as in every cron. Also @hourly, @daily, @midnight,
// @weekly, @monthly, @yearly, @annually; and "@every 90s" (s, m, h), which
// counts from the epoch and knows no daylight saving.
//
// Daylight saving: a time that the clock skips fires at the first moment after the gap; a time that it
// passes twice fires once, the first time.
//
// Threads: immutable.
#pragma once

#include <bitset>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "junctor/clock.h"
#include "junctor/result.h"

namespace junctor {

class CronSchedule final {
 public:
  // timezone: an IANA name such as "Europe/Berlin"; "UTC" when empty.
  // Problems name the field ("minute", …, "timezone") as their path. A schedule that never fires,
  // such as 30 February, is a problem.
  static Result<CronSchedule> parse(std::string_view text, std::string_view timezone = "UTC");

  // The first firing after this moment, seconds and milliseconds zero.
  Timestamp next_after(Timestamp time) const;

  const std::string& text() const { return text_; }
  const std::string& timezone() const { return timezone_; }

 private:
  CronSchedule() = default;
  std::optional<Timestamp> find_after(Timestamp time) const;
  bool day_matches(unsigned month, unsigned day, unsigned weekday) const;

  static std::optional<std::chrono::seconds> interval_of(std::string_view text);

  std::string text_;
  std::string timezone_;
  const void* zone_ = nullptr;  // date::time_zone, owned by the zone database for good
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = false;
  bool any_weekday_ = false;
  std::chrono::seconds every_{0};  // 0: the fields count
};

}  // namespace junctor
