// Texts in UTF-8, and texts from outside that should be and may be any bytes.
//
// Threads: any thread; no state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace junctor {

// The front of text: at most `most` bytes, and not a part of a character.
inline std::string_view whole_characters(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80) --most;
  return text.substr(0, most);
}

// The bytes of the character that rest begins with; 0 where it begins with none (or is empty).
std::size_t utf8_length(std::string_view rest);

bool is_utf8(std::string_view text);

// Every byte sequence that is no UTF-8 becomes one U+FFFD, cut as the Unicode standard recommends
// ("maximal subparts"), so that a text cut within a character has one too.
std::string as_utf8(std::string text);

// What a column of every store takes: as_utf8, and zero bytes become U+FFFD as well.
std::string as_stored_text(std::string text);

// text, with "…" in the place of what stands behind its first `most` bytes.
inline std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  return std::string(whole_characters(text, most)) + "…";
}

}  // namespace junctor
