// Texts in UTF-8.
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

// text, with "…" in the place of what stands behind its first `most` bytes.
inline std::string shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  return std::string(whole_characters(text, most)) + "…";
}

}  // namespace junctor
