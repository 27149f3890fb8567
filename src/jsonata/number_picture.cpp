#include "jsonata/number_picture.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

constexpr std::size_t none = std::u32string::npos;

struct Picture {
  std::u32string text;
  std::u32string prefix;
  std::u32string suffix;
  std::u32string active;
  std::u32string mantissa;
  std::u32string integer;
  std::u32string fraction;
  std::optional<std::u32string> exponent;

  std::vector<std::size_t> integer_groups;
  std::vector<std::size_t> fraction_groups;
  std::size_t regular_group = 0;
  std::size_t min_integer = 0;
  std::size_t scaling = 0;
  std::size_t min_fraction = 0;
  std::size_t max_fraction = 0;
  std::size_t min_exponent = 0;
};

std::u32string cut(const std::u32string& s, std::size_t from, std::size_t to) {
  to = std::min(to, s.size());
  return from < to ? s.substr(from, to - from) : std::u32string();
}

Picture split(std::u32string text, const NumberSymbols& symbols) {
  Picture p;
  p.text = std::move(text);
  const auto frames = [&](char32_t c) { return symbols.is_active(c) && c != symbols.exponent; };
  const auto first = std::find_if(p.text.begin(), p.text.end(), frames);
  const auto last = std::find_if(p.text.rbegin(), p.text.rend(), frames);
  if (first != p.text.end()) {
    p.prefix.assign(p.text.begin(), first);
    p.suffix.assign(last.base(), p.text.end());
  }
  const std::size_t end = p.text.size() - p.suffix.size();
  p.active = cut(p.text, p.prefix.size(), end);
  const std::size_t exponent = p.text.find(symbols.exponent, p.prefix.size());
  if (exponent == none || exponent > end) {
    p.mantissa = p.active;
  } else {
    p.mantissa = cut(p.active, 0, exponent);
    p.exponent = cut(p.active, exponent + 1, none);
  }
  const std::size_t decimal = p.mantissa.find(symbols.decimal);
  p.integer = cut(p.mantissa, 0, decimal);
  p.fraction = decimal == none ? p.suffix : cut(p.mantissa, decimal + 1, none);
  return p;
}

std::size_t count_digits(const std::u32string& s, const NumberSymbols& symbols, bool optional) {
  return static_cast<std::size_t>(std::count_if(s.begin(), s.end(), [&](char32_t c) {
    return symbols.is_digit(c) || (optional && c == symbols.digit);
  }));
}

// The rules of F&O 4.7.3; of several broken ones the last is reported.
void check(const Picture& p, const NumberSymbols& s) {
  const char* error = nullptr;
  const auto twice = [&](char32_t c) { return p.text.find(c) != p.text.rfind(c); };
  const auto has = [&](char32_t c) { return p.text.find(c) != none; };
  if (twice(s.decimal)) error = "D3081";
  if (twice(s.percent)) error = "D3082";
  if (twice(s.per_mille)) error = "D3083";
  if (has(s.percent) && has(s.per_mille)) error = "D3084";
  if (count_digits(p.mantissa, s, true) == 0) error = "D3085";
  if (!std::all_of(p.active.begin(), p.active.end(), [&](char32_t c) { return s.is_active(c); })) {
    error = "D3086";
  }
  const std::size_t decimal = p.text.find(s.decimal);
  if (decimal != none) {
    if ((decimal > 0 && p.text[decimal - 1] == s.grouping) ||
        (decimal + 1 < p.text.size() && p.text[decimal + 1] == s.grouping)) {
      error = "D3087";
    }
  } else if (!p.integer.empty() && p.integer.back() == s.grouping) {
    error = "D3088";
  }
  if (p.text.find(std::u32string(2, s.grouping)) != none) error = "D3089";
  if (const std::size_t at = p.integer.find(s.digit);
      at != none && count_digits(cut(p.integer, 0, at), s, false) > 0) {
    error = "D3090";
  }
  if (const std::size_t at = p.fraction.rfind(s.digit);
      at != none && count_digits(cut(p.fraction, at, none), s, false) > 0) {
    error = "D3091";
  }
  if (p.exponent && !p.exponent->empty() && (has(s.percent) || has(s.per_mille))) error = "D3092";
  if (p.exponent && (p.exponent->empty() ||
                     count_digits(*p.exponent, s, false) < p.exponent->size())) {
    error = "D3093";
  }
  if (error) fault(error);
}

std::vector<std::size_t> group_positions(const Picture& p, const std::u32string& part,
                                         const NumberSymbols& s, bool to_left) {
  std::vector<std::size_t> positions;
  std::size_t at = part.find(s.grouping);
  while (at != none) {
    const std::u32string side = to_left ? cut(part, 0, at) : cut(part, at, none);
    positions.push_back(count_digits(side, s, true));
    at = p.integer.find(s.grouping, at + 1);
  }
  return positions;
}

std::size_t regular(const std::vector<std::size_t>& positions) {
  if (positions.empty()) return 0;
  const std::size_t factor = std::accumulate(positions.begin(), positions.end(), std::size_t{0},
                                             [](std::size_t a, std::size_t b) { return std::gcd(a, b); });
  for (std::size_t i = 1; i <= positions.size(); ++i) {
    if (std::find(positions.begin(), positions.end(), i * factor) == positions.end()) return 0;
  }
  return factor;
}

void analyse(Picture& p, const NumberSymbols& s) {
  p.integer_groups = group_positions(p, p.integer, s, false);
  p.regular_group = regular(p.integer_groups);
  p.fraction_groups = group_positions(p, p.fraction, s, true);
  p.min_integer = p.scaling = count_digits(p.integer, s, false);
  p.min_fraction = count_digits(p.fraction, s, false);
  p.max_fraction = count_digits(p.fraction, s, true);
  if (p.min_integer == 0 && p.max_fraction == 0) {
    if (p.exponent) {
      p.min_fraction = p.max_fraction = 1;
    } else {
      p.min_integer = 1;
    }
  }
  if (p.exponent && p.min_integer == 0 && p.integer.find(s.digit) != none) p.min_integer = 1;
  if (p.min_integer == 0 && p.min_fraction == 0) p.min_fraction = 1;
  if (p.exponent) p.min_exponent = count_digits(*p.exponent, s, false);
}

std::u32string digits(double value, std::size_t places, const NumberSymbols& s) {
  std::u32string out = to_u32(to_fixed(std::abs(value), static_cast<int>(std::min<std::size_t>(places, 100))));
  for (char32_t& c : out) {
    if (c >= U'0' && c <= U'9') c = s.zero + (c - U'0');
  }
  return out;
}

void insert(std::u32string& text, std::ptrdiff_t at, char32_t c) {
  const auto size = static_cast<std::ptrdiff_t>(text.size());
  if (at < 0) at = std::max<std::ptrdiff_t>(0, size + at);
  text.insert(static_cast<std::size_t>(std::min(at, size)), 1, c);
}

void group(std::u32string& text, const Picture& p, const NumberSymbols& s) {
  auto decimal = static_cast<std::ptrdiff_t>(text.find(s.decimal));
  if (p.regular_group > 0) {
    const auto size = static_cast<std::ptrdiff_t>(p.regular_group);
    const std::ptrdiff_t count = decimal > 0 ? (decimal - 1) / size : 0;
    for (std::ptrdiff_t g = 1; g <= count; ++g) insert(text, decimal - g * size, s.grouping);
  } else {
    for (const std::size_t position : p.integer_groups) {
      insert(text, decimal - static_cast<std::ptrdiff_t>(position), s.grouping);
      ++decimal;
    }
  }
  decimal = static_cast<std::ptrdiff_t>(text.find(s.decimal));
  for (const std::size_t position : p.fraction_groups) {
    insert(text, static_cast<std::ptrdiff_t>(position) + decimal + 1, s.grouping);
  }
}

std::u32string mantissa_text(double value, const Picture& p, const NumberSymbols& s) {
  const double rounded = round_half_even(value, static_cast<double>(p.max_fraction));
  std::u32string text = digits(rounded, p.max_fraction, s);
  const std::size_t point = text.find(U'.');
  if (point == none) {
    text += s.decimal;
  } else {
    text[point] = s.decimal;
  }
  text.erase(0, std::min(text.find_first_not_of(s.zero), text.size()));
  const std::size_t last = text.find_last_not_of(s.zero);
  text.erase(last == none ? 0 : last + 1);
  const std::size_t decimal = text.find(s.decimal);
  const std::size_t fraction = text.size() - decimal - 1;
  if (decimal < p.min_integer) text.insert(0, p.min_integer - decimal, s.zero);
  if (fraction < p.min_fraction) text.append(p.min_fraction - fraction, s.zero);
  group(text, p, s);
  if (p.text.find(s.decimal) == none || text.find(s.decimal) == text.size() - 1) text.pop_back();
  return text;
}

}  // namespace

void NumberSymbols::set(std::string_view name, std::string_view value) {
  const std::u32string text = to_u32(value);
  if (name == "minus-sign") minus = text;
  if (text.empty()) return;
  const char32_t c = text.front();
  if (name == "decimal-separator") decimal = c;
  if (name == "grouping-separator") grouping = c;
  if (name == "exponent-separator") exponent = c;
  if (name == "percent") percent = c;
  if (name == "per-mille") per_mille = c;
  if (name == "zero-digit") zero = c;
  if (name == "digit") digit = c;
  if (name == "pattern-separator") separator = c;
}

std::string format_number(double value, std::string_view picture, const NumberSymbols& s) {
  const std::u32string text = to_u32(picture);
  std::vector<Picture> pictures;
  for (std::size_t from = 0;;) {
    const std::size_t at = text.find(s.separator, from);
    pictures.push_back(split(cut(text, from, at), s));
    if (at == none) break;
    from = at + 1;
  }
  if (pictures.size() > 2) fault("D3080");
  for (const Picture& p : pictures) check(p, s);
  for (Picture& p : pictures) analyse(p, s);
  if (pictures.size() == 1) {
    pictures.push_back(pictures.front());
    pictures[1].prefix = s.minus + pictures[1].prefix;
  }
  const Picture& p = pictures[value >= 0 ? 0 : 1];
  double mantissa = value;
  if (p.text.find(s.percent) != none) {
    mantissa *= 100;
  } else if (p.text.find(s.per_mille) != none) {
    mantissa *= 1000;
  }
  int exponent = 0;
  if (p.min_exponent > 0 && mantissa != 0 && std::isfinite(mantissa)) {
    const double most = std::pow(10, static_cast<double>(p.scaling));
    const double least = std::pow(10, static_cast<double>(p.scaling) - 1);
    for (; std::abs(mantissa) < least; --exponent) mantissa *= 10;
    for (; std::abs(mantissa) > most; ++exponent) mantissa /= 10;
  }
  std::u32string out = mantissa_text(mantissa, p, s);
  if (p.min_exponent > 0) {
    std::u32string power = digits(exponent, 0, s);
    if (power.size() < p.min_exponent) power.insert(0, p.min_exponent - power.size(), s.zero);
    out += s.exponent;
    if (exponent < 0) out += s.minus;
    out += power;
  }
  return to_u8(p.prefix + out + p.suffix);
}

double round_half_even(double value, double precision) {
  const auto shift = [](double number, double by) {
    const std::string text = number_text(number);
    const std::size_t e = text.find('e');
    const double exponent = by + (e == std::string::npos ? 0 : std::stod(text.substr(e + 1)));
    if (!std::isfinite(number) || std::trunc(exponent) != exponent) return std::nan("");
    return parse_decimal(text.substr(0, e) + "e" + std::to_string(static_cast<long long>(std::clamp(exponent, -1e6, 1e6))));
  };
  if (precision != 0) value = shift(value, precision);
  double result = std::floor(value);
  if (value - result >= 0.5) result += 1;
  if (std::abs(result - value) == 0.5 && std::abs(std::fmod(result, 2)) == 1) result -= 1;
  if (precision != 0) result = shift(result, -precision);
  return result == 0 ? 0 : result;
}

std::string in_base(double value, int radix) {
  if (radix == 10 || !std::isfinite(value)) return number_text(value);
  std::string out;
  double rest = std::abs(value);
  // Digits that stand for less than half the distance to the next double are zeros.
  const double next = std::nextafter(rest, std::numeric_limits<double>::infinity());
  for (double half = (next - rest) / 2; half >= radix; half /= radix) {
    rest /= radix;
    out += '0';
  }
  do {
    const double digit = std::fmod(std::trunc(rest), radix);
    out += "0123456789abcdefghijklmnopqrstuvwxyz"[static_cast<int>(digit)];
    rest = (std::trunc(rest) - digit) / radix;
  } while (rest > 0);
  if (value < 0) out += '-';
  std::reverse(out.begin(), out.end());
  return out;
}

std::u32string to_u32(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) out += static_cast<char32_t>(next_code_point(text, i));
  return out;
}

std::string to_u8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) append_code_point(out, c);
  return out;
}

}  // namespace junctor::jsonata
