#include "base/text.h"

namespace junctor {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct Character {
  std::size_t bytes = 0;  // at least 1 of a text that is not empty
  bool valid = false;
};

// The bounds of the second byte rule out overlong forms, surrogates and what is above U+10FFFF.
Character first_of(std::string_view rest) {
  const auto at = [rest](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  if (rest.empty()) return {};
  const unsigned char lead = at(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= rest.size() || at(i) < low || at(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

}  // namespace

std::size_t utf8_length(std::string_view rest) {
  const Character first = first_of(rest);
  return first.valid ? first.bytes : 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string as_utf8(std::string text) {
  if (is_utf8(text)) return text;
  std::string out;
  out.reserve(text.size() + replacement.size());
  for (std::string_view rest = text; !rest.empty();) {
    const Character first = first_of(rest);
    out += first.valid ? rest.substr(0, first.bytes) : replacement;
    rest.remove_prefix(first.bytes);
  }
  return out;
}

std::string as_stored_text(std::string text) {
  text = as_utf8(std::move(text));
  for (std::size_t at = 0; (at = text.find('\0', at)) != std::string::npos; at += replacement.size())
    text.replace(at, 1, replacement);
  return text;
}

}  // namespace junctor
