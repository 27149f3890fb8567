#include <algorithm>
#include <array>
#include <charconv>

#include "connector/decode.h"

namespace junctor::connector {
namespace {

struct DurationUnit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array duration_units = {DurationUnit{"d", 86'400'000}, DurationUnit{"h", 3'600'000},
                                       DurationUnit{"m", 60'000}, DurationUnit{"s", 1'000},
                                       DurationUnit{"ms", 1}};

struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array size_units = {SizeUnit{"", 1},          SizeUnit{"B", 1},
                                   SizeUnit{"KB", 1'000},    SizeUnit{"MB", 1'000'000},
                                   SizeUnit{"GB", 1'000'000'000}, SizeUnit{"KiB", 1u << 10},
                                   SizeUnit{"MiB", 1u << 20}, SizeUnit{"GiB", 1u << 30}};

std::string plain(std::string_view word) {
  std::string out;
  for (const char c : word) {
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
    else if (c != '_' && c != '-' && c != ' ') out += c;
  }
  return out;
}

// Optimal string alignment: insert, delete, replace, swap neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& words) {
  constexpr std::size_t longest = 64;
  const std::string wanted = plain(word.substr(0, longest));
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  for (const std::string& candidate : words) {
    const std::size_t d = distance(wanted, plain(candidate));
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration(0);
  std::int64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::int64_t count = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), count);
    if (number.ec != std::errc() || count < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(number.ptr - text.data()));
    const std::string_view name = text.substr(0, text.find_first_of("0123456789"));
    const auto unit = std::find_if(duration_units.begin(), duration_units.end(),
                                   [&](const DurationUnit& u) { return u.name == name; });
    constexpr std::int64_t most = 3'650LL * 86'400'000LL;
    if (unit == duration_units.end() || count > most / unit->milliseconds) return std::nullopt;
    total += count * unit->milliseconds;
    if (total > most) return std::nullopt;
    text.remove_prefix(name.size());
  }
  return Duration(total);
}

std::string to_text(Duration duration) {
  for (const DurationUnit& unit : duration_units) {
    if (duration.count() != 0 && duration.count() % unit.milliseconds == 0) {
      return std::to_string(duration.count() / unit.milliseconds) + std::string(unit.name);
    }
  }
  return "0s";
}

std::optional<ByteCount> parse_bytes(std::string_view text) {
  std::uint64_t count = 0;
  const auto number = std::from_chars(text.data(), text.data() + text.size(), count);
  if (number.ec != std::errc()) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(number.ptr - text.data()));
  for (const SizeUnit& unit : size_units) {
    if (unit.name == name && count <= (1ULL << 50) / unit.bytes) return ByteCount{count * unit.bytes};
  }
  return std::nullopt;
}

}  // namespace junctor::connector
