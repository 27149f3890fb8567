#include "jsonata/integer_picture.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "jsonata/evaluator.h"
#include "jsonata/number_picture.h"
#include "jsonata/number_words.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

constexpr char32_t digit_families[] = {
    0x30,   0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6,
    0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0,
    0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620,
    0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10};

// The zero of the family that a digit belongs to, or 0.
char32_t family_of(char32_t c) {
  for (const char32_t zero : digit_families) {
    if (c >= zero && c <= zero + 9) return zero;
  }
  return 0;
}

std::size_t regular_distance(const std::vector<IntegerPicture::Separator>& separators) {
  if (separators.empty()) return 0;
  std::size_t factor = 0;
  for (const auto& s : separators) {
    if (s.character != separators.front().character) return 0;
    factor = std::gcd(factor, s.position);
  }
  for (std::size_t i = 1; i <= separators.size(); ++i) {
    if (std::none_of(separators.begin(), separators.end(),
                     [&](const auto& s) { return s.position == i * factor; })) {
      return 0;
    }
  }
  return factor;
}

void analyse_digits(std::string_view text, IntegerPicture& out) {
  const std::u32string signs = to_u32(text);
  char32_t zero = 0;
  std::size_t position = 0;
  for (auto c = signs.rbegin(); c != signs.rend(); ++c) {
    if (const char32_t family = family_of(*c)) {
      ++out.mandatory;
      ++position;
      if (zero == 0) zero = family;
      if (family != zero) fault("D3131");
    } else if (*c == U'#') {
      ++position;
      ++out.optional;
    } else {
      out.separators.push_back({position, *c});
    }
  }
  if (out.mandatory == 0) {
    out.style = IntegerPicture::Style::sequence;
    out.token = text;
    return;
  }
  out.zero = zero;
  out.regular = regular_distance(out.separators);
}

std::string letters(double value, char first) {
  std::string out;
  for (; value > 0; value = std::floor((value - 1) / 26)) {
    out += static_cast<char>(first + static_cast<int>(std::fmod(value - 1, 26)));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::string roman(double value) {
  static constexpr std::pair<int, const char*> numerals[] = {
      {1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"}, {90, "xc"}, {50, "l"},
      {40, "xl"},  {10, "x"},   {9, "ix"},  {5, "v"},    {4, "iv"},  {1, "i"}};
  if (value > 1e6) fault("U1002", {.value = "A Roman numeral this large would be too long"});
  std::string out;
  for (const auto& [worth, text] : numerals) {
    for (; value >= worth; value -= worth) out += text;
  }
  return out;
}

std::string decimal(double value, const IntegerPicture& picture) {
  std::u32string text = to_u32(number_text(value));
  const std::size_t mandatory = std::min<std::size_t>(picture.mandatory, 10'000);
  if (text.size() < mandatory) text.insert(0, mandatory - text.size(), U'0');
  for (char32_t& c : text) c = c + picture.zero - U'0';
  if (picture.regular > 0) {
    const std::size_t count = (text.size() - 1) / picture.regular;
    for (std::size_t i = count; i > 0; --i) {
      text.insert(text.size() - i * picture.regular, 1, picture.separators.front().character);
    }
  } else {
    for (auto s = picture.separators.rbegin(); s != picture.separators.rend(); ++s) {
      if (s->position < text.size()) text.insert(text.size() - s->position, 1, s->character);
    }
  }
  std::string out = to_u8(text);
  if (picture.ordinal) {
    const char32_t last = text.back();
    const bool teen = text.size() > 1 && text[text.size() - 2] == U'1';
    out += teen ? "th" : last == U'1' ? "st" : last == U'2' ? "nd" : last == U'3' ? "rd" : "th";
  }
  return out;
}

double roman_value(std::string_view text) {
  const auto worth = [](char c) {
    switch (c & ~32) {
      case 'M': return 1000.0;
      case 'D': return 500.0;
      case 'C': return 100.0;
      case 'L': return 50.0;
      case 'X': return 10.0;
      case 'V': return 5.0;
      case 'I': return 1.0;
      default: return std::numeric_limits<double>::quiet_NaN();
    }
  };
  double total = 0;
  double most = 1;
  for (auto c = text.rbegin(); c != text.rend(); ++c) {
    const double value = worth(*c);
    if (value < most) {
      total -= value;
    } else {
      most = value;
      total += value;
    }
  }
  return total;
}

double letters_value(std::string_view text, char first) {
  double total = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    total += (text[text.size() - i - 1] - first + 1) * std::pow(26, static_cast<double>(i));
  }
  return total;
}

}  // namespace

IntegerPicture analyse_integer_picture(std::string_view picture) {
  IntegerPicture out;
  const std::size_t semicolon = picture.rfind(';');
  const std::string_view primary = picture.substr(0, semicolon);
  if (semicolon != std::string_view::npos && semicolon + 1 < picture.size()) {
    out.ordinal = picture[semicolon + 1] == 'o';
  }
  using Style = IntegerPicture::Style;
  const auto is = [&](std::string_view text, Style style, LetterCase letter_case) {
    if (primary != text) return false;
    out.style = style;
    out.letters = letter_case;
    return true;
  };
  if (is("A", Style::letters, LetterCase::upper) || is("a", Style::letters, LetterCase::lower) ||
      is("I", Style::roman, LetterCase::upper) || is("i", Style::roman, LetterCase::lower) ||
      is("W", Style::words, LetterCase::upper) || is("Ww", Style::words, LetterCase::title) ||
      is("w", Style::words, LetterCase::lower)) {
    return out;
  }
  analyse_digits(primary, out);
  return out;
}

std::string format_integer(double value, const IntegerPicture& picture) {
  const bool negative = value < 0;
  value = std::abs(value);
  const bool upper = picture.letters == LetterCase::upper;
  std::string out;
  switch (picture.style) {
    case IntegerPicture::Style::letters: out = letters(value, upper ? 'A' : 'a'); break;
    case IntegerPicture::Style::roman:
      out = upper ? to_upper(roman(value)) : roman(value);
      break;
    case IntegerPicture::Style::words:
      out = number_to_words(value, picture.ordinal);
      if (upper) out = to_upper(out);
      if (picture.letters == LetterCase::lower) out = to_lower(out);
      break;
    case IntegerPicture::Style::decimal: out = decimal(value, picture); break;
    case IntegerPicture::Style::sequence: fault("D3130", {.value = picture.token});
  }
  return negative ? "-" + out : out;
}

double parse_integer(std::string_view text, const IntegerPicture& picture) {
  const bool upper = picture.letters == LetterCase::upper;
  switch (picture.style) {
    case IntegerPicture::Style::letters: return letters_value(text, upper ? 'A' : 'a');
    case IntegerPicture::Style::roman: return roman_value(upper ? std::string(text) : to_upper(text));
    case IntegerPicture::Style::words: return words_to_number(to_lower(text));
    case IntegerPicture::Style::sequence: fault("D3130", {.value = picture.token});
    case IntegerPicture::Style::decimal: break;
  }
  std::u32string digits = to_u32(text);
  if (picture.ordinal) digits.resize(digits.size() > 2 ? digits.size() - 2 : 0);
  const auto drop = [&](char32_t c) { std::erase(digits, c); };
  if (picture.regular > 0) {
    drop(U',');
  } else {
    for (const auto& s : picture.separators) drop(s.character);
  }
  for (char32_t& c : digits) c = c - picture.zero + U'0';
  return parse_leading_integer(to_u8(digits));
}

std::string integer_pattern(const IntegerPicture& picture) {
  const bool upper = picture.letters == LetterCase::upper;
  switch (picture.style) {
    case IntegerPicture::Style::letters: return upper ? "[A-Z]+" : "[a-z]+";
    case IntegerPicture::Style::roman: return upper ? "[MDCLXVI]+" : "[mdclxvi]+";
    case IntegerPicture::Style::words: return number_word_pattern();
    case IntegerPicture::Style::sequence: fault("D3130", {.value = picture.token});
    case IntegerPicture::Style::decimal: break;
  }
  std::string out = "[0-9]";
  out += picture.parse_width > 0 ? "{" + std::to_string(picture.parse_width) + "}" : "+";
  if (picture.ordinal) out += "(?:th|st|nd|rd)";
  return out;
}

double parse_leading_integer(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && (text[i] == ' ' || (text[i] >= '\t' && text[i] <= '\r'))) ++i;
  const bool negative = i < text.size() && text[i] == '-';
  if (negative || (i < text.size() && text[i] == '+')) ++i;
  const std::size_t from = i;
  while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
  if (i == from) return std::numeric_limits<double>::quiet_NaN();
  const double value = parse_decimal(text.substr(from, i - from));
  return negative ? -value : value;
}

}  // namespace junctor::jsonata
