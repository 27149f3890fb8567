#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "jsonata/evaluator.h"
#include "jsonata/number_picture.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

bool is_decimal(std::string_view s) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') ++i;
    return i > from;
  };
  if (i < s.size() && s[i] == '-') ++i;
  if (!digits()) return false;
  if (i < s.size() && s[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    ++i;
    if (i < s.size() && (s[i] == '-' || s[i] == '+')) ++i;
    if (!digits()) return false;
  }
  return i == s.size();
}

// 0x…, 0o…, 0b…: the value, or NaN.
double parse_prefixed(std::string_view s) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (s.size() < 3 || s[0] != '0') return nan;
  const char kind = static_cast<char>(s[1] | 32);
  const int base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;
  if (base == 0) return nan;
  double value = 0;
  for (const char c : s.substr(2)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : 99;
    if (digit >= base) return nan;
    value = value * base + digit;
  }
  return value;
}

Value number(Call& c) {
  const Value& v = c.args[0];
  if (v.is_undefined() || v.is_number()) return v;
  if (v.tag == Tag::boolean) return Value::of(v.boolean ? 1.0 : 0.0);
  if (v.is_string()) {
    const double decimal = is_decimal(v.text()) ? parse_decimal(v.text()) : parse_prefixed(v.text());
    if (std::isfinite(decimal)) return Value::of(decimal);
  }
  fault("D3030", {.value = c.ev.describe(v), .index = 1});
}

template <double (*F)(double)>
Value apply_to_number(Call& c) {
  if (!c.args[0].is_number()) return {};
  return Value::of(F(c.args[0].number));
}

Value round(Call& c) {
  if (!c.args[0].is_number()) return {};
  return Value::of(round_half_even(c.args[0].number, c.args[1].is_number() ? c.args[1].number : 0));
}

Value square_root(Call& c) {
  if (!c.args[0].is_number()) return {};
  if (c.args[0].number < 0) fault("D3060", {.value = c.ev.describe(c.args[0]), .index = 1});
  return Value::of(std::sqrt(c.args[0].number));
}

Value power(Call& c) {
  if (!c.args[0].is_number()) return {};
  const double base = c.args[0].number;
  const double exponent = c.args[1].is_number() ? c.args[1].number : std::numeric_limits<double>::quiet_NaN();
  const double result = std::abs(base) == 1 && std::isinf(exponent) ? std::numeric_limits<double>::quiet_NaN()
                                                                    : std::pow(base, exponent);
  if (!std::isfinite(result)) {
    fault("D3061", {.value = c.ev.describe(c.args[0]), .value2 = c.ev.describe(c.args[1]), .index = 1});
  }
  return Value::of(result);
}

Value random(Call&) {
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  return Value::of(std::uniform_real_distribution<double>(0, 1)(generator));
}

template <typename Fold>
Value fold(Call& c, double start, Fold f) {
  const std::size_t size = array_size(c.args[0]);
  double total = start;
  for (std::size_t i = 0; i < size; ++i) {
    c.ev.tick();
    const Value item = array_at(c.args[0], i);
    total = f(total, item.is_number() ? item.number : std::numeric_limits<double>::quiet_NaN());
  }
  return Value::of(total);
}

double plus(double a, double b) { return a + b; }

Value sum(Call& c) {
  return c.args[0].is_undefined() ? Value{} : fold(c, 0, plus);
}

bool nothing(Value v) { return v.is_undefined() || array_size(v) == 0; }

Value average(Call& c) {
  if (nothing(c.args[0])) return {};
  return Value::of(fold(c, 0, plus).number / static_cast<double>(array_size(c.args[0])));
}

Value max(Call& c) {
  if (nothing(c.args[0])) return {};
  return fold(c, -std::numeric_limits<double>::infinity(), [](double a, double b) {
    return std::isnan(a) || std::isnan(b) ? a + b : std::max(a, b);
  });
}

Value min(Call& c) {
  if (nothing(c.args[0])) return {};
  return fold(c, std::numeric_limits<double>::infinity(), [](double a, double b) {
    return std::isnan(a) || std::isnan(b) ? a + b : std::min(a, b);
  });
}

Value format_base(Call& c) {
  if (!c.args[0].is_number()) return {};
  const double radix = c.args[1].is_number() ? round_half_even(c.args[1].number, 0) : 10;
  if (!(radix >= 2 && radix <= 36)) fault("D3100", {.value = number_text(radix)});
  return c.ev.string(in_base(round_half_even(c.args[0].number, 0), static_cast<int>(radix)));
}

Value format_number_call(Call& c) {
  if (!c.args[0].is_number()) return {};
  if (!c.args[1].is_string()) fault("T0410", {.index = 2});
  NumberSymbols symbols;
  c.ev.each_member(c.args[2], [&](Value key, Value value) {
    if (value.is_string()) symbols.set(key.text(), value.text());
  });
  return c.ev.string(format_number(c.args[0].number, c.args[1].text(), symbols));
}

}  // namespace

std::vector<Builtin> numeric_functions() {
  return {
      {"number", number, "<(nsb)-:n>", 1},
      {"abs", apply_to_number<std::fabs>, "<n-:n>", 1},
      {"floor", apply_to_number<std::floor>, "<n-:n>", 1},
      {"ceil", apply_to_number<std::ceil>, "<n-:n>", 1},
      {"round", round, "<n-n?:n>", 2},
      {"sqrt", square_root, "<n-:n>", 1},
      {"power", power, "<n-n:n>", 2},
      {"random", random, "<:n>", 0},
      {"sum", sum, "<a<n>:n>", 1},
      {"max", max, "<a<n>:n>", 1},
      {"min", min, "<a<n>:n>", 1},
      {"average", average, "<a<n>:n>", 1},
      {"formatBase", format_base, "<n-n?:s>", 2},
      {"formatNumber", format_number_call, "<n-so?:s>", 3},
  };
}

}  // namespace junctor::jsonata
