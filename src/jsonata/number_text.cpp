#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

// A number in scientific form: 0.d1d2d3… × 10^point.
struct Decimal {
  char digits[800];
  int count = 0;
  int point = 0;
};

template <typename... Precision>
Decimal decompose(double number, Precision... precision) {
  char text[800];
  const char* end =
      std::to_chars(text, text + sizeof text, number, std::chars_format::scientific, precision...)
          .ptr;
  Decimal out;
  const char* at = text;
  for (; at != end && *at != 'e'; ++at) {
    if (*at != '.') out.digits[out.count++] = *at;
  }
  int exponent = 0;
  std::from_chars(at + (at[1] == '+' ? 2 : 1), end, exponent);
  out.point = exponent + 1;
  return out;
}

char* fill(char* out, char c, int count) {
  std::memset(out, c, static_cast<std::size_t>(count));
  return out + count;
}

char* copy(char* out, const char* from, int count) {
  std::memcpy(out, from, static_cast<std::size_t>(count));
  return out + count;
}

// Number::toString of ECMA-262, for a positive finite number.
char* write_positive(double number, char* out) {
  const Decimal d = decompose(number);
  const int n = d.point;
  const int k = d.count;
  if (k <= n && n <= 21) return fill(copy(out, d.digits, k), '0', n - k);
  if (0 < n && n <= 21) {
    out = copy(out, d.digits, n);
    *out++ = '.';
    return copy(out, d.digits + n, k - n);
  }
  if (-6 < n && n <= 0) {
    out = fill(copy(out, "0.", 2), '0', -n);
    return copy(out, d.digits, k);
  }
  *out++ = d.digits[0];
  if (k > 1) {
    *out++ = '.';
    out = copy(out, d.digits + 1, k - 1);
  }
  *out++ = 'e';
  *out++ = n > 0 ? '+' : '-';
  return std::to_chars(out, out + 4, std::abs(n - 1)).ptr;
}

}  // namespace

std::size_t write_number(double number, char* out) {
  char* const begin = out;
  if (std::abs(number) < 9007199254740992.0) {
    const auto integer = static_cast<std::int64_t>(number);
    if (static_cast<double>(integer) == number) {
      return static_cast<std::size_t>(std::to_chars(out, out + 24, integer).ptr - begin);
    }
  }
  if (std::isnan(number)) return std::memcpy(out, "NaN", 3), 3;
  if (number < 0) *out++ = '-';
  if (std::isinf(number)) {
    out = copy(out, "Infinity", 8);
  } else {
    out = write_positive(std::abs(number), out);
  }
  return static_cast<std::size_t>(out - begin);
}

std::string number_text(double number) {
  char buffer[40];
  return std::string(buffer, write_number(number, buffer));
}

double round_to_15_digits(double number) {
  char text[40];
  const char* end = std::to_chars(text, text + sizeof text, number, std::chars_format::scientific).ptr;
  const auto digits = std::count_if(static_cast<const char*>(text), end, [exponent = false](char c) mutable {
    exponent = exponent || c == 'e';
    return !exponent && c >= '0' && c <= '9';
  });
  if (digits <= 15) return number;
  // JavaScript rounds an exact half away from zero; the library's conversion to even.
  Decimal d = decompose(std::abs(number), 60);
  const bool up = d.digits[15] >= '5';
  d.count = 15;
  std::string rounded(d.digits, 15);
  int point = d.point;
  if (up) {
    int i = 14;
    while (i >= 0 && rounded[static_cast<std::size_t>(i)] == '9') {
      rounded[static_cast<std::size_t>(i--)] = '0';
    }
    if (i < 0) {
      rounded.insert(0, 1, '1');
      ++point;
    } else {
      ++rounded[static_cast<std::size_t>(i)];
    }
  }
  const double magnitude = parse_decimal("0." + rounded + "e" + std::to_string(point));
  return number < 0 ? -magnitude : magnitude;
}

std::string to_fixed(double number, int digits) {
  if (!std::isfinite(number) || std::abs(number) >= 1e21) return number_text(number);
  char text[800];
  // Exact, then rounded half up as ECMA-262 asks.
  const char* end = std::to_chars(text, text + sizeof text, std::abs(number),
                                  std::chars_format::fixed, std::max(digits + 1, 340)).ptr;
  std::string out(text, static_cast<std::size_t>(end - text));
  const std::size_t point = out.find('.');
  const std::size_t cut = point + 1 + static_cast<std::size_t>(digits);
  const bool up = out[cut] >= '5';
  out.resize(digits == 0 ? point : cut);
  if (up) {
    std::size_t i = out.size();
    while (i > 0) {
      char& c = out[--i];
      if (c == '.') continue;
      if (c != '9') {
        ++c;
        break;
      }
      c = '0';
      if (i == 0) out.insert(0, 1, '1');
    }
  }
  return number < 0 && out.find_first_of("123456789") != std::string::npos ? "-" + out : out;
}

double parse_decimal(std::string_view text) {
  double number = 0;
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) {
    return std::strtod(std::string(text).c_str(), nullptr);
  }
  return error == std::errc() ? number : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace junctor::jsonata
