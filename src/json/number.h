// Exact arithmetic on JSON numbers: comparisons and multiples without rounding.
//
// A JSON number is stored as int64, uint64 or double. A double stands for the shortest decimal that
// reads back as the same double, which is what its author almost certainly wrote.
//
// Threads: immutable values, any thread.
#pragma once

#include <cstdint>
#include <string>

#include "junctor/json.h"

namespace junctor::json {

// A number in one of the three stored forms.
struct Number {
  enum class Form : std::uint8_t { signed_integer, unsigned_integer, floating };
  Form form = Form::signed_integer;
  union {
    std::int64_t i;
    std::uint64_t u;
    double d;
  };

  constexpr Number() : i(0) {}
  static constexpr Number of(std::int64_t value);
  static constexpr Number of(std::uint64_t value);
  static constexpr Number of(double value);
  // Precondition: the value is a number.
  static Number of(const Json& value);
};

// Below zero, zero or above zero as a is less than, equal to or greater than b. Never rounds.
int compare(const Number& a, const Number& b);

// Whether the value has no fractional part: 3, 3.0 and 1e300 have none.
bool is_integral(const Number& value);

// Whether value is an integer times divisor, judged on their decimal digits: 19.99 is a multiple of
// 0.01. Precondition: divisor > 0. Constant memory, time logarithmic in the exponents.
bool is_multiple_of(const Number& value, const Number& divisor);

// The shortest text that reads back as the same number: "1", "0.5", "1e+300".
std::string to_string(const Number& value);

constexpr Number Number::of(std::int64_t value) {
  Number number;
  number.i = value;
  return number;
}
constexpr Number Number::of(std::uint64_t value) {
  Number number;
  if (value <= INT64_MAX) {
    number.i = static_cast<std::int64_t>(value);
  } else {
    number.form = Form::unsigned_integer;
    number.u = value;
  }
  return number;
}
constexpr Number Number::of(double value) {
  Number number;
  number.form = Form::floating;
  number.d = value;
  return number;
}

}  // namespace junctor::json
