// Strings as JavaScript sees them, held as UTF-8.
//
// A lone surrogate, which only an escape in an expression can make, is held in the three bytes
// that UTF-8 would give it, and becomes U+FFFD when it leaves the engine.
//
// Threads: any thread; no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace junctor::jsonata {

inline bool is_ascii(std::string_view text) {
  constexpr std::uint64_t high_bits = 0x8080808080808080u;
  const char* at = text.data();
  const char* const end = at + text.size();
  std::uint64_t word = 0;
  std::uint64_t seen = 0;
  if (text.size() < 8) {
    for (; at != end; ++at) seen |= static_cast<unsigned char>(*at);
    return seen < 0x80;
  }
  for (; end - at > 8; at += 8) {
    std::memcpy(&word, at, 8);
    seen |= word;
  }
  std::memcpy(&word, end - 8, 8);  // may overlap what has been seen
  return ((seen | word) & high_bits) == 0;
}
template <typename Word>
inline bool same_word(const char* a, const char* b) {
  Word left;
  Word right;
  std::memcpy(&left, a, sizeof left);
  std::memcpy(&right, b, sizeof right);
  return left == right;
}

// memcmp without a call for the lengths that names have.
inline bool same_bytes(const char* a, const char* b, std::size_t size) {
  if (size > 16) return std::memcmp(a, b, size) == 0;
  if (size >= 8) {
    return same_word<std::uint64_t>(a, b) && same_word<std::uint64_t>(a + size - 8, b + size - 8);
  }
  if (size >= 4) {
    return same_word<std::uint32_t>(a, b) && same_word<std::uint32_t>(a + size - 4, b + size - 4);
  }
  for (std::size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

bool is_valid_utf8(std::string_view text);
// The same number of bytes, what is not UTF-8 replaced byte by byte or by U+FFFD.
std::string repair_utf8(std::string_view text);

// The code point at `at`, which moves behind it. Bytes that are no UTF-8 count one each.
std::uint32_t next_code_point(std::string_view text, std::size_t& at);
// The length of the code point that begins with this byte.
inline std::size_t code_point_bytes(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}
void append_code_point(std::string& out, std::uint32_t code_point);

std::size_t count_code_points(std::string_view text);
// What String.prototype.length says.
std::size_t count_utf16_units(std::string_view text);
// The byte offset of the code point number `index`, or size().
std::size_t offset_of_code_point(std::string_view text, std::size_t index);

// <0, 0 or >0 as JavaScript's < and > order strings: by UTF-16 units.
int compare_utf16(std::string_view left, std::string_view right);

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

// Lone surrogates replaced by U+FFFD; the text itself when there are none.
bool finds_lone_surrogate(std::string_view text);
inline bool has_lone_surrogate(std::string_view text) {
  return !is_ascii(text) && finds_lone_surrogate(text);
}
std::string without_lone_surrogates(std::string_view text);

// A number as JavaScript prints it; writes at most 32 bytes, returns how many.
std::size_t write_number(double number, char* out);
std::string number_text(double number);
// The number nearest to `number` with 15 significant digits.
double round_to_15_digits(double number);
// Number.prototype.toFixed for 0 to 400 digits.
std::string to_fixed(double number, int digits);
// parseFloat of a text that is known to be a decimal number; ±infinity beyond the range.
double parse_decimal(std::string_view text);

}  // namespace junctor::jsonata
