#include "base/cron.h"

#include <date/tz.h>

#include <array>
#include <charconv>
#include <span>
#include <vector>

namespace junctor {
namespace {

struct Field {
  const char* name;
  int low;
  int high;
  std::span<const std::string_view> words;  // words[i] means low_word + i
  int low_word;
};

constexpr std::array<std::string_view, 12> month_words{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_words{"sun", "mon", "tue", "wed",
                                                        "thu", "fri", "sat"};
const std::array<Field, 5> fields{{{"minute", 0, 59, {}, 0},
                                   {"hour", 0, 23, {}, 0},
                                   {"day of month", 1, 31, {}, 0},
                                   {"month", 1, 12, month_words, 1},
                                   {"day of week", 0, 7, weekday_words, 0}}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> aliases{{
    {"@hourly", "0 * * * *"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
}};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == '\t') {
      ++i;
      continue;
    }
    const auto end = std::min(text.find_first_of(" \t", i), text.size());
    words.push_back(text.substr(i, end - i));
    i = end;
  }
  return words;
}

std::optional<int> value_of(const Field& field, std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (std::size_t i = 0; i < field.words.size(); ++i)
    if (field.words[i] == lower) return field.low_word + static_cast<int>(i);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < field.low || value > field.high) return std::nullopt;
  return value;
}

// The values one list item stands for; nullopt when it is none.
std::optional<std::vector<int>> values_of(const Field& field, std::string_view item) {
  const auto slash = item.find('/');
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto digits = item.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
    if (error != std::errc() || end != digits.data() + digits.size() || step < 1) return std::nullopt;
    item = item.substr(0, slash);
  }
  int low = field.low;
  int high = field.high;
  if (item != "*") {
    const auto dash = item.find('-');
    const auto first = value_of(field, item.substr(0, dash));
    if (!first) return std::nullopt;
    low = *first;
    if (dash != std::string_view::npos) {
      const auto last = value_of(field, item.substr(dash + 1));
      if (!last || *last < low) return std::nullopt;
      high = *last;
    } else if (slash == std::string_view::npos) {
      high = low;
    }
  }
  std::vector<int> values;
  for (int value = low; value <= high; value += step) values.push_back(value);
  return values;
}

template <std::size_t Size>
bool fill(std::bitset<Size>& bits, const Field& field, std::string_view text) {
  for (const auto item : split(text, ',')) {
    const auto values = values_of(field, item);
    if (!values) return false;
    for (const int value : *values) bits.set(static_cast<std::size_t>(value) % Size);
  }
  return true;
}

std::string expectation(const Field& field) {
  return "a " + std::string(field.name) + " from " + std::to_string(field.low) + " to " +
         std::to_string(field.high) + ", a range, a step or a list such as 1,2-4,*/5";
}

}  // namespace

Result<CronSchedule> CronSchedule::parse(std::string_view text, std::string_view timezone) {
  CronSchedule schedule;
  schedule.text_ = std::string(text);
  schedule.timezone_ = timezone.empty() ? "UTC" : std::string(timezone);
  std::vector<Problem> problems;
  try {
    schedule.zone_ = date::locate_zone(schedule.timezone_);
  } catch (const std::exception&) {
    problems.push_back({"timezone", 0, "\"" + schedule.timezone_ + "\"",
                        "an IANA time zone such as \"Europe/Berlin\" or \"UTC\"", ""});
  }
  if (const auto every = interval_of(text)) {
    schedule.every_ = *every;
    if (!problems.empty()) return problems;
    return schedule;
  }
  for (const auto& [alias, meaning] : aliases)
    if (text == alias) text = meaning;
  const auto words = words_of(text);
  if (words.size() != fields.size()) {
    problems.push_back({"", 0, "\"" + schedule.text_ + "\"",
                        "five fields (minute hour day month weekday) or @hourly, @daily, @weekly, "
                        "@monthly, @yearly",
                        ""});
    return problems;
  }
  const std::array<bool, 5> right{fill(schedule.minutes_, fields[0], words[0]),
                                  fill(schedule.hours_, fields[1], words[1]),
                                  fill(schedule.days_, fields[2], words[2]),
                                  fill(schedule.months_, fields[3], words[3]),
                                  fill(schedule.weekdays_, fields[4], words[4])};
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (!right[i])
      problems.push_back(
          {fields[i].name, 0, "\"" + std::string(words[i]) + "\"", expectation(fields[i]), ""});
  schedule.any_day_ = words[2].starts_with('*');
  schedule.any_weekday_ = words[4].starts_with('*');
  // Any date comes round within 28 years, so a day that is not found from here never comes.
  if (problems.empty() && !schedule.find_after(Timestamp(std::chrono::milliseconds(0))))
    problems.push_back(
        {"day of month", 0, "\"" + schedule.text_ + "\"", "a date that exists in some year", ""});
  if (!problems.empty()) return problems;
  return schedule;
}

// From one second to a year.
std::optional<std::chrono::seconds> CronSchedule::interval_of(std::string_view text) {
  constexpr std::string_view word = "@every ";
  if (!text.starts_with(word) || text.size() < word.size() + 2) return std::nullopt;
  const std::string_view digits = text.substr(word.size(), text.size() - word.size() - 1);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || end != digits.data() + digits.size() || count < 1) return std::nullopt;
  const char unit = text.back();
  const std::int64_t factor = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
  if (factor == 0 || count > 366 * 86400 / factor) return std::nullopt;
  return std::chrono::seconds(count * factor);
}

bool CronSchedule::day_matches(unsigned month, unsigned day, unsigned weekday) const {
  if (!months_[month]) return false;
  const bool by_day = days_[day];
  const bool by_weekday = weekdays_[weekday];
  if (any_day_ || any_weekday_) return by_day && by_weekday;
  return by_day || by_weekday;
}

std::optional<Timestamp> CronSchedule::find_after(Timestamp time) const {
  if (every_.count() > 0) {
    const std::chrono::milliseconds interval = every_;
    return Timestamp((time.time_since_epoch() / interval + 1) * interval);
  }
  const auto* zone = static_cast<const date::time_zone*>(zone_);
  const auto local = zone->to_local(time);
  auto day = date::floor<date::days>(local);
  constexpr int most_days = 366 * 29;
  for (int i = 0; i < most_days; ++i, day += date::days(1)) {
    const date::year_month_day date(day);
    if (!day_matches(static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     date::weekday(day).c_encoding()))
      continue;
    for (std::size_t hour = 0; hour < hours_.size(); ++hour) {
      if (!hours_[hour]) continue;
      for (std::size_t minute = 0; minute < minutes_.size(); ++minute) {
        if (!minutes_[minute]) continue;
        const auto at = zone->to_sys(
            day + std::chrono::hours(hour) + std::chrono::minutes(minute), date::choose::earliest);
        if (at > time) return Timestamp(at.time_since_epoch());
      }
    }
  }
  return std::nullopt;
}

Timestamp CronSchedule::next_after(Timestamp time) const {
  const auto next = find_after(time);
  JUNCTOR_CHECK(next.has_value());
  return *next;
}

}  // namespace junctor
