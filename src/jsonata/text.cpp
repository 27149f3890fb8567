#include "jsonata/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace junctor::jsonata {
namespace {

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool is_continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (byte_at(text, at) & 0xC0) == 0x80;
}

bool is_surrogate_at(std::string_view text, std::size_t at) {
  return byte_at(text, at) == 0xED && at + 2 < text.size() && byte_at(text, at + 1) >= 0xA0;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char lead = byte_at(text, i);
    const std::size_t length = code_point_bytes(lead);
    if (length > text.size() - i) return false;
    if (lead >= 0x80 && (lead < 0xC2 || lead > 0xF4)) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if (!is_continuation(text, i + k)) return false;
    }
    if (length >= 3) {
      const unsigned char second = byte_at(text, i + 1);
      if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0) ||
          (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90)) {
        return false;
      }
    }
    i += length;
  }
  return true;
}

std::string repair_utf8(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size();) {
    const std::size_t length = code_point_bytes(byte_at(out, i));
    if (i + length <= out.size() && is_valid_utf8(std::string_view(out).substr(i, length))) {
      i += length;
    } else if (is_surrogate_at(out, i)) {
      out.replace(i, 3, "\xEF\xBF\xBD");
      i += 3;
    } else {
      out[i++] = '?';
    }
  }
  return out;
}

std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const unsigned char lead = byte_at(text, at);
  const std::size_t length = code_point_bytes(lead);
  if (length == 1 || lead < 0xC0 || at + length > text.size()) {
    ++at;
    return lead;
  }
  std::uint32_t code_point = lead & (0xFFu >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) {
    code_point = code_point << 6 | (byte_at(text, at + k) & 0x3F);
  }
  at += length;
  return code_point;
}

void append_code_point(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

std::size_t count_utf16_units(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    count += (byte & 0xC0) != 0x80;
    count += byte >= 0xF0;
  }
  return count;
}

std::size_t offset_of_code_point(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  while (index > 0 && at < text.size()) {
    at += code_point_bytes(byte_at(text, at));
    --index;
  }
  return std::min(at, text.size());
}

int compare_utf16(std::string_view left, std::string_view right) {
  const std::size_t common = std::min(left.size(), right.size());
  const auto [l, r] = std::mismatch(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(common),
                                    right.begin());
  if (l == left.begin() + static_cast<std::ptrdiff_t>(common)) {
    return left.size() < right.size() ? -1 : left.size() > right.size();
  }
  const auto a = static_cast<unsigned char>(*l);
  const auto b = static_cast<unsigned char>(*r);
  // Surrogates sort below U+E000 to U+FFFF, the code points behind them above.
  if (a >= 0xF0 && (b == 0xEE || b == 0xEF)) return -1;
  if (b >= 0xF0 && (a == 0xEE || a == 0xEF)) return 1;
  return a < b ? -1 : 1;
}

bool finds_lone_surrogate(std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end && (at = static_cast<const char*>(
                           std::memchr(at, 0xED, static_cast<std::size_t>(end - at))))) {
    if (is_surrogate_at(text, static_cast<std::size_t>(at - text.data()))) return true;
    ++at;
  }
  return false;
}

std::string without_lone_surrogates(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (is_surrogate_at(text, i)) {
      out += "\xEF\xBF\xBD";
      i += 3;
    } else {
      out += text[i++];
    }
  }
  return out;
}

}  // namespace junctor::jsonata
