#include "json/number.h"

#include <array>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <string_view>

namespace junctor::json {
namespace {

using Form = Number::Form;
using Wide = unsigned __int128;

template <typename T>
int three_way(T a, T b) {
  return a < b ? -1 : (a > b ? 1 : 0);
}

// Works for both integer forms: limit is 2^63 or 2^64, the first double above the integer's range.
template <typename Integer>
int compare_integer_with(Integer a, double b, double limit) {
  if (b >= limit) return -1;
  if (b < static_cast<double>(std::numeric_limits<Integer>::min())) return 1;
  const double whole = std::trunc(b);
  const auto rounded = static_cast<Integer>(whole);
  if (a != rounded) return a < rounded ? -1 : 1;
  return three_way(0.0, b - whole);
}

int compare_with(const Number& a, double b) {
  if (a.form == Form::signed_integer) return compare_integer_with(a.i, b, 9223372036854775808.0);
  return compare_integer_with(a.u, b, 18446744073709551616.0);
}

// digits * 10^exponent, without trailing zeros in digits; the sign is dropped.
struct Decimal {
  std::uint64_t digits = 0;
  int exponent = 0;
};

Decimal trimmed(Decimal value) {
  if (value.digits == 0) return {};
  while (value.digits % 10 == 0) {
    value.digits /= 10;
    ++value.exponent;
  }
  return value;
}

Decimal decimal_of(double value) {
  std::array<char, 40> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), std::fabs(value),
                                 std::chars_format::scientific);
  const std::string_view all(text.data(), static_cast<std::size_t>(end.ptr - text.data()));
  const auto e = all.find('e');
  Decimal result;
  for (char c : all.substr(0, e)) {
    if (c != '.') result.digits = result.digits * 10 + static_cast<std::uint64_t>(c - '0');
  }
  const auto mantissa = all.substr(0, e);
  const auto exponent = all.substr(e + 1 + (all[e + 1] == '+' ? 1 : 0));
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), result.exponent);
  if (mantissa.size() > 1) result.exponent -= static_cast<int>(mantissa.size()) - 2;
  return trimmed(result);
}

Decimal decimal_of(const Number& value) {
  if (value.form == Form::floating) return decimal_of(value.d);
  if (value.form == Form::unsigned_integer) return trimmed({value.u, 0});
  const auto bits = static_cast<std::uint64_t>(value.i);
  return trimmed({value.i < 0 ? 0 - bits : bits, 0});
}

std::uint64_t power_of_ten_modulo(unsigned exponent, std::uint64_t modulus) {
  Wide result = 1 % modulus;
  Wide base = 10 % modulus;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result = result * base % modulus;
    base = base * base % modulus;
  }
  return static_cast<std::uint64_t>(result);
}

}  // namespace

Number Number::of(const Json& value) {
  if (value.is_int64()) return of(value.get_int64());
  if (value.is_uint64()) return of(value.get_uint64());
  return of(value.as_double());
}

int compare(const Number& a, const Number& b) {
  if (a.form == b.form) {
    if (a.form == Form::signed_integer) return three_way(a.i, b.i);
    if (a.form == Form::unsigned_integer) return three_way(a.u, b.u);
    return three_way(a.d, b.d);
  }
  if (b.form == Form::floating) return compare_with(a, b.d);
  if (a.form == Form::floating) return -compare_with(b, a.d);
  // One is unsigned and therefore above INT64_MAX (Number::of normalises).
  return a.form == Form::unsigned_integer ? 1 : -1;
}

bool is_integral(const Number& value) {
  return value.form != Form::floating || std::trunc(value.d) == value.d;
}

bool is_multiple_of(const Number& value, const Number& divisor) {
  if (value.form == Form::signed_integer && divisor.form == Form::signed_integer) {
    return value.i % divisor.i == 0;
  }
  const Decimal a = decimal_of(value);
  const Decimal b = decimal_of(divisor);
  if (a.digits == 0) return true;
  if (a.exponent >= b.exponent) {
    const auto power = power_of_ten_modulo(static_cast<unsigned>(a.exponent - b.exponent), b.digits);
    return static_cast<Wide>(a.digits % b.digits) * power % b.digits == 0;
  }
  // a has no factor ten left, b * 10^k has k of them: a multiple only if ten to the k divides it.
  Wide scaled = b.digits;
  for (int k = a.exponent; k < b.exponent; ++k) {
    scaled *= 10;
    if (scaled > a.digits) return false;
  }
  return a.digits % static_cast<std::uint64_t>(scaled) == 0;
}

std::string to_string(const Number& value) {
  std::array<char, 40> text{};
  char* const end = text.data() + text.size();
  std::to_chars_result result{};
  switch (value.form) {
    case Form::signed_integer: result = std::to_chars(text.data(), end, value.i); break;
    case Form::unsigned_integer: result = std::to_chars(text.data(), end, value.u); break;
    case Form::floating: result = std::to_chars(text.data(), end, value.d); break;
  }
  return std::string(text.data(), result.ptr);
}

}  // namespace junctor::json
