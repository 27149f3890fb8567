#include "connector/status_match.h"

#include <algorithm>

namespace junctor::connector {
namespace {

std::optional<int> three_digits(std::string_view text) {
  if (text.size() != 3 || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const int value = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  return value >= 100 && value <= 599 ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<std::pair<int, int>> status_range(std::string_view pattern) {
  if (pattern.size() == 3 && pattern[0] >= '1' && pattern[0] <= '5' &&
      (pattern.substr(1) == "xx" || pattern.substr(1) == "XX")) {
    const int first = (pattern[0] - '0') * 100;
    return std::pair(first, first + 99);
  }
  const auto dash = pattern.find('-');
  const auto first = three_digits(pattern.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : three_digits(pattern.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return std::pair(*first, *last);
}

bool matches_status(const std::vector<std::string>& patterns, int status) {
  return std::any_of(patterns.begin(), patterns.end(), [status](const std::string& pattern) {
    const auto range = status_range(pattern);
    return range && range->first <= status && status <= range->second;
  });
}

}  // namespace junctor::connector
