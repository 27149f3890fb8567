#include <cmath>
#include <limits>

#include "jsonata/datetime_picture.h"

namespace junctor::jsonata {
namespace {

constexpr double day_millis = 86'400'000;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Monday of the week that holds the first Thursday of a month.
std::int64_t first_week(std::int64_t year, std::int64_t month) {
  const std::int64_t first = days_from_civil(year, month, 1);
  const std::int64_t weekday = ((first + 3) % 7 + 7) % 7 + 1;  // Monday is 1
  return weekday > 4 ? first + (8 - weekday) : first - (weekday - 1);
}

std::int64_t weeks_between(std::int64_t start, std::int64_t day) {
  return static_cast<std::int64_t>(std::floor(static_cast<double>(day - start) / 7.0)) + 1;
}

double week_of_year(std::int64_t year, std::int64_t today) {
  const std::int64_t week = weeks_between(first_week(year, 1), today);
  if (week > 52) return today >= first_week(year + 1, 1) ? 1 : static_cast<double>(week);
  if (week < 1) return static_cast<double>(weeks_between(first_week(year - 1, 1), today));
  return static_cast<double>(week);
}

double week_of_month(std::int64_t year, int month, std::int64_t today) {
  const std::int64_t week = weeks_between(first_week(year, month), today);
  if (week > 4) return today >= first_week(year, month + 1) ? 1 : static_cast<double>(week);
  if (week < 1) return static_cast<double>(weeks_between(first_week(year, month - 1), today));
  return static_cast<double>(week);
}

}  // namespace

std::int64_t days_from_civil(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::int64_t months = year * 12 + (month - 1);
  year = months >= 0 ? months / 12 : -((-months + 11) / 12);
  month = months - year * 12 + 1;
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468 + (day - 1);
}

CivilTime civil_from_millis(double millis) {
  CivilTime out;
  const auto days = static_cast<std::int64_t>(std::floor(millis / day_millis));
  const auto rest = static_cast<std::int64_t>(millis - static_cast<double>(days) * day_millis);
  const std::int64_t z = days + 719468;
  const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const std::int64_t day_of_era = z - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * day_of_year + 2) / 153;
  out.day = static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1);
  out.month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  out.year = year_of_era + era * 400 + (out.month <= 2);
  out.hour = static_cast<int>(rest / 3'600'000);
  out.minute = static_cast<int>(rest / 60'000 % 60);
  out.second = static_cast<int>(rest / 1000 % 60);
  out.millisecond = static_cast<int>(rest % 1000);
  return out;
}

double date_utc(double year, double month, double day, double hour, double minute, double second,
                double millisecond) {
  for (double* part : {&year, &month, &day, &hour, &minute, &second, &millisecond}) {
    if (!std::isfinite(*part) || std::abs(*part) > 1e15) return nan;
    *part = std::trunc(*part);
  }
  if (std::abs(year) > 1e6 || std::abs(month) > 1e7) return nan;
  if (year >= 0 && year <= 99) year += 1900;
  const auto days = static_cast<double>(days_from_civil(
                        static_cast<std::int64_t>(year), static_cast<std::int64_t>(month) + 1, 1)) +
                    day - 1;
  const double millis =
      days * day_millis + hour * 3'600'000 + minute * 60'000 + second * 1000 + millisecond;
  return std::abs(millis) <= 8.64e15 ? millis : nan;
}

double datetime_component(double millis, char component) {
  if (!std::isfinite(millis) || std::abs(millis) > 8.64e15) return nan;
  const CivilTime t = civil_from_millis(millis);
  const std::int64_t today = days_from_civil(t.year, t.month, t.day);
  switch (component) {
    case 'Y': return static_cast<double>(t.year);
    case 'M': return t.month;
    case 'D': return t.day;
    case 'd': return static_cast<double>(today - days_from_civil(t.year, 1, 1) + 1);
    case 'F': return static_cast<double>(((today + 3) % 7 + 7) % 7 + 1);
    case 'W': return week_of_year(t.year, today);
    case 'w': return week_of_month(t.year, t.month, today);
    case 'X':
      if (today < first_week(t.year, 1)) return static_cast<double>(t.year - 1);
      return static_cast<double>(today >= first_week(t.year + 1, 1) ? t.year + 1 : t.year);
    case 'x':
      if (today < first_week(t.year, t.month)) return t.month == 1 ? 12 : t.month - 1;
      if (today >= first_week(t.year, t.month + 1)) return t.month == 12 ? 1 : t.month + 1;
      return t.month;
    case 'H': return t.hour;
    case 'h': return t.hour % 12 == 0 ? 12 : t.hour % 12;
    case 'P': return t.hour >= 12 ? 1 : 0;
    case 'm': return t.minute;
    case 's': return t.second;
    case 'f': return t.millisecond;
    default: return nan;
  }
}

}  // namespace junctor::jsonata
