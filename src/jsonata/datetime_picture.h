// $fromMillis and $toMillis: XPath F&O 9.8 as the reference understands it. Times are UTC.
//
// Threads: any thread; no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jsonata/integer_picture.h"

namespace junctor::jsonata {

// The proleptic Gregorian calendar.
struct CivilTime {
  std::int64_t year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
};

// Days from 1970-01-01; months and days may lie outside of their usual ranges.
std::int64_t days_from_civil(std::int64_t year, std::int64_t month, std::int64_t day);
CivilTime civil_from_millis(double millis);
// Date.UTC: months count from 0, the years 0 to 99 mean 1900 to 1999; NaN beyond the range.
double date_utc(double year, double month, double day, double hour, double minute, double second,
                double millisecond);

struct DateTimePart {
  char component = 0;  // absent: a literal
  std::string literal;
  std::optional<LetterCase> names;
  bool has_number = false;
  IntegerPicture number;
  char second_modifier = 0;
  std::optional<double> width_min;
  std::optional<double> width_max;
  int year_digits = -1;
};

// Throws Fault D3131, D3132, D3135.
std::vector<DateTimePart> analyse_datetime_picture(std::string_view picture);

// The value of a component: 'Y', 'M', 'D', 'd', 'F', 'W', 'w', 'X', 'x', 'H', 'h', 'm', 's', 'f';
// 'P' is 1 after noon. NaN for all others.
double datetime_component(double millis, char component);

// `picture` absent: ISO 8601. Throws Fault D313x.
std::string format_datetime(double millis, std::optional<std::string_view> picture,
                            std::optional<std::string_view> timezone);

// Milliseconds from 1970, or nothing when the text does not match. Throws Fault D313x.
std::optional<double> parse_datetime(std::string_view text, std::string_view picture, double now);

// An ISO 8601 timestamp; throws Fault D3110 for anything else. NaN for impossible dates.
double parse_iso8601(std::string_view text);

extern const std::string_view month_names[12];
extern const std::string_view day_names[8];  // [1] is Monday

}  // namespace junctor::jsonata
