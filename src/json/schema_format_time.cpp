#include "json/schema_format.h"

namespace junctor::schema {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Two digits, or -1.
int two_digits(std::string_view text, std::size_t at) {
  if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return -1;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

int days_of(int year, int month) {
  if (month == 2) return (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// One run of "<digits><letter>" with letters in the given order, no gaps: "3Y6M", "1M2D".
bool is_duration_run(std::string_view text, std::string_view letters) {
  std::size_t next = 0;
  bool first = true;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    if (digits == 0 || digits == text.size()) return false;
    const auto place = letters.find(text[digits]);
    if (place == std::string_view::npos || (!first && place != next)) return false;
    next = place + 1;
    first = false;
    text.remove_prefix(digits + 1);
  }
  return !first;
}

}  // namespace

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const int century = two_digits(text, 0);
  const int rest = two_digits(text, 2);
  const int month = two_digits(text, 5);
  const int day = two_digits(text, 8);
  if (century < 0 || rest < 0 || month < 1 || month > 12 || day < 1) return false;
  return day <= days_of(century * 100 + rest, month);
}

bool is_time(std::string_view text) {
  if (text.size() < 9 || text[2] != ':' || text[5] != ':') return false;
  const int hour = two_digits(text, 0);
  const int minute = two_digits(text, 3);
  const int second = two_digits(text, 6);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return false;
  text.remove_prefix(8);
  if (text[0] == '.') {
    std::size_t digits = 1;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    if (digits == 1) return false;
    text.remove_prefix(digits);
  }
  int offset = 0;
  if (text != "Z" && text != "z") {
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
    const int hours = two_digits(text, 1);
    const int minutes = two_digits(text, 4);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
    offset = (hours * 60 + minutes) * (text[0] == '+' ? 1 : -1);
  }
  if (second < 60) return true;
  // A leap second is the last of a day in UTC.
  return (hour * 60 + minute - offset + 2 * 24 * 60) % (24 * 60) == 23 * 60 + 59;
}

bool is_date_time(std::string_view text) {
  if (text.size() < 11 || (text[10] != 'T' && text[10] != 't')) return false;
  return is_date(text.substr(0, 10)) && is_time(text.substr(11));
}

bool is_duration(std::string_view text) {
  if (!text.starts_with('P')) return false;
  text.remove_prefix(1);
  if (text.ends_with('W')) return is_duration_run(text, "W");
  const auto t = text.find('T');
  const std::string_view date = text.substr(0, t);
  if (t == std::string_view::npos) return is_duration_run(date, "YMD");
  return (date.empty() || is_duration_run(date, "YMD")) && is_duration_run(text.substr(t + 1), "HMS");
}

}  // namespace junctor::schema
