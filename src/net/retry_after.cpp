#include "net/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <limits>
#include <vector>

namespace junctor {
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

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// The text up to the separator, which is cut off the rest; a quoted one is no separator.
std::string_view cut_off(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (quoted || rest[end] != separator); ++end) {
    if (quoted && rest[end] == '\\') ++end;
    else if (rest[end] == '"') quoted = !quoted;
  }
  const std::string_view part = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return part;
}

void read_member(std::string_view member, Timestamp now, LimitNews& out) {
  const auto equals = member.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view name = member.substr(0, equals);
  const auto number = whole_number(member.substr(equals + 1));
  if (!number) return;
  if (name == "r" || name == "remaining") out.remaining = number;
  if (name == "t" || name == "reset") out.reset_in = reset_wait(*number, now);
  if (name == "q" || name == "limit") out.limit = number;
}

// One that leaves nothing forbids longer than one that leaves something; then the later reset counts, or the less
// that is left.
bool forbids_longer(const LimitNews& a, const LimitNews& b) {
  if (!a.remaining || !b.remaining) return a.remaining.has_value();
  const bool a_empty = *a.remaining <= 0, b_empty = *b.remaining <= 0;
  if (a_empty != b_empty) return a_empty;
  return a_empty ? a.reset_in > b.reset_in : *a.remaining < *b.remaining;
}

// Policies, each an item of its own ("default";r=50;t=30), or the members of a single one over several items
// (limit=100, remaining=50, reset=30). Of many, the one that forbids longest.
LimitNews read_structured(const std::vector<std::string_view>& lines, Timestamp now) {
  LimitNews members, worst;
  for (std::string_view line : lines) {
    while (!line.empty()) {
      std::string_view item = cut_off(line, ',');
      std::string_view parts = item;
      const std::string_view name = cut_off(parts, ';');
      const bool is_member = !name.starts_with('"') && name.find('=') != std::string_view::npos;
      if (is_member) {
        read_member(name, now, members);
        continue;
      }
      LimitNews policy;
      while (!parts.empty()) read_member(cut_off(parts, ';'), now, policy);
      if (forbids_longer(policy, worst)) worst = policy;
    }
  }
  return forbids_longer(members, worst) || !worst.remaining ? members : worst;
}

}  // namespace

std::optional<milliseconds> parse_retry_after(std::string_view value, Timestamp now) {
  if (const auto seconds = whole_number(value)) return bounded(*seconds);
  if (const auto date = http_date(value)) return until(*date, now);
  return std::nullopt;
}

LimitNews read_limits(const Headers& headers, Timestamp now) {
  LimitNews out = read_structured(headers.get_all("RateLimit"), now);
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

}  // namespace junctor
