// $formatInteger and $parseInteger: XPath F&O 4.6 as the reference understands it; also the
// numbers inside date/time pictures.
//
// Threads: any thread; no state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace junctor::jsonata {

enum class LetterCase { lower, upper, title };

struct IntegerPicture {
  enum class Style { decimal, letters, roman, words, sequence };
  struct Separator {
    std::size_t position;
    char32_t character;
  };

  Style style = Style::decimal;
  LetterCase letters = LetterCase::lower;
  bool ordinal = false;
  char32_t zero = U'0';
  std::size_t mandatory = 0;
  std::size_t optional = 0;
  std::vector<Separator> separators;
  std::size_t regular = 0;      // distance of equal separators, or 0
  std::size_t parse_width = 0;  // exactly so many digits when parsing, or 0 for any
  std::string token;            // of an unsupported sequence
};

// Throws Fault D3131.
IntegerPicture analyse_integer_picture(std::string_view picture);

// Throws Fault D3130.
std::string format_integer(double value, const IntegerPicture& picture);

// The number that `text` shows, NaN when none. Throws Fault D3130.
double parse_integer(std::string_view text, const IntegerPicture& picture);

// A regular expression for PCRE2 that accepts what parse_integer reads.
std::string integer_pattern(const IntegerPicture& picture);

// parseInt(text, 10).
double parse_leading_integer(std::string_view text);

}  // namespace junctor::jsonata
