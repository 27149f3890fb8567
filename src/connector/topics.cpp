#include "connector/topics.h"

namespace junctor::connector {
namespace {

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string_view next_word(std::string_view& rest) {
  const auto dot = rest.find('.');
  const std::string_view word = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return word;
}

bool is_word(std::string_view word) {
  if (word.empty()) return false;
  for (const char c : word) {
    if (!is_word_char(c)) return false;
  }
  return true;
}

constexpr std::size_t longest = 255;

}  // namespace

bool is_topic(std::string_view text) {
  if (text.empty() || text.size() > longest || text.ends_with('.')) return false;
  while (!text.empty()) {
    if (!is_word(next_word(text))) return false;
  }
  return true;
}

bool is_topic_pattern(std::string_view text) {
  if (text.empty() || text.size() > longest || text.ends_with('.')) return false;
  while (!text.empty()) {
    const std::string_view word = next_word(text);
    const bool wild = word == "*" || (word == ">" && text.empty());
    if (!wild && !is_word(word)) return false;
  }
  return true;
}

bool matches_topic(std::string_view pattern, std::string_view topic) {
  while (!pattern.empty()) {
    const std::string_view want = next_word(pattern);
    if (topic.empty()) return false;
    if (pattern.empty() && (want == "*" || want == ">")) return true;
    const std::string_view have = next_word(topic);
    if (want != "*" && want != have) return false;
  }
  return topic.empty();
}

std::string topic_word(std::string_view event_type) {
  std::string out;
  for (const char c : event_type) out += is_word_char(c) ? c : '_';
  return out;
}

}  // namespace junctor::connector
