#include "connector/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <limits>

namespace junctor::connector {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds longest = std::chrono::hours(24);

std::optional<std::int64_t> whole_number(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  std::int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  const bool fraction = result.ptr != end && *result.ptr == '.';  // "1.5": some send fractions
  if (result.ec != std::errc() || value < 0 || (result.ptr != end && !fraction)) return std::nullopt;
  return fraction && value < std::numeric_limits<std::int64_t>::max() ? value + 1 : value;
}

milliseconds bounded(std::int64_t seconds) {
  return seconds > longest.count() / 1000 ? longest : milliseconds(seconds * 1000);
}

milliseconds until(std::int64_t unix_seconds, Timestamp now) {
  const auto wait = milliseconds(unix_seconds * 1000) - now.time_since_epoch();
  return std::clamp(std::chrono::duration_cast<milliseconds>(wait), milliseconds(0), longest);
}

// The three forms of RFC 9110 §5.6.7.
std::optional<std::int64_t> http_date(std::string_view value) {
  const std::string text(value.substr(0, 64));
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), form, &parts);
    if (end != nullptr && *end == '\0') return timegm(&parts);
  }
  return std::nullopt;
}

milliseconds reset_wait(std::int64_t value, Timestamp now) {
  constexpr std::int64_t year = 31'536'000;
  constexpr std::int64_t year_in_milliseconds = year * 1000;
  if (value > year_in_milliseconds) return until(value / 1000, now);  // milliseconds since 1970
  return value > year ? until(value, now) : bounded(value);
}

// "default";r=50;t=30 and limit=100, remaining=50, reset=30.
void read_structured(std::string_view value, Timestamp now, LimitNews& out) {
  while (!value.empty()) {
    const auto end = value.find_first_of(",;");
    std::string_view item = value.substr(0, end);
    value = end == std::string_view::npos ? std::string_view() : value.substr(end + 1);
    while (item.starts_with(' ')) item.remove_prefix(1);
    const auto equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = item.substr(0, equals);
    const auto number = whole_number(item.substr(equals + 1));
    if (!number) continue;
    if (name == "r" || name == "remaining") out.remaining = number;
    if (name == "t" || name == "reset") out.reset_in = reset_wait(*number, now);
    if (name == "q" || name == "limit") out.limit = number;
  }
}

}  // namespace

std::optional<milliseconds> parse_retry_after(std::string_view value, Timestamp now) {
  if (const auto seconds = whole_number(value)) return bounded(*seconds);
  if (const auto date = http_date(value)) return until(*date, now);
  return std::nullopt;
}

LimitNews read_limits(const Headers& headers, Timestamp now) {
  LimitNews out;
  if (const auto value = headers.get("RateLimit")) read_structured(*value, now, out);
  constexpr std::array prefixes = {"RateLimit-", "X-RateLimit-", "X-Rate-Limit-"};
  for (const char* prefix : prefixes) {
    const std::string start(prefix);
    if (const auto v = headers.get(start + "Remaining"); v && !out.remaining) out.remaining = whole_number(*v);
    if (const auto v = headers.get(start + "Limit"); v && !out.limit) out.limit = whole_number(*v);
    const auto reset = headers.get(start + "Reset");
    const auto number = reset ? whole_number(*reset) : std::nullopt;
    if (number && !out.reset_in) out.reset_in = reset_wait(*number, now);
  }
  return out;
}

}  // namespace junctor::connector
