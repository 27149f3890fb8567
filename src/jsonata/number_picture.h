// $formatNumber, $round and $formatBase: XPath F&O 4.7 as the reference understands it.
//
// Threads: any thread; no state.
#pragma once

#include <string>
#include <string_view>

namespace junctor::jsonata {

// The characters of a number picture; the options of $formatNumber change them.
struct NumberSymbols {
  char32_t decimal = U'.';
  char32_t grouping = U',';
  char32_t exponent = U'e';
  char32_t percent = U'%';
  char32_t per_mille = U'\u2030';
  char32_t zero = U'0';
  char32_t digit = U'#';
  char32_t separator = U';';
  std::u32string minus = U"-";

  void set(std::string_view name, std::string_view value);
  bool is_digit(char32_t c) const { return c >= zero && c < zero + 10; }
  bool is_active(char32_t c) const {
    return is_digit(c) || c == decimal || c == exponent || c == grouping || c == digit ||
           c == separator;
  }
};

// Throws a Fault D308x, D309x when the picture is wrong.
std::string format_number(double value, std::string_view picture, const NumberSymbols& symbols);

// To `precision` decimal places, halves to the even neighbour.
double round_half_even(double value, double precision);

// Number.prototype.toString(radix) of an integral number.
std::string in_base(double value, int radix);

std::u32string to_u32(std::string_view text);
std::string to_u8(std::u32string_view text);

}  // namespace junctor::jsonata
