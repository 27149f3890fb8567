#include <cmath>

#include "jsonata/datetime_picture.h"
#include "jsonata/evaluator.h"

namespace junctor::jsonata {
namespace {

std::optional<std::string_view> text_of(Value value) {
  return value.is_string() ? std::optional(value.text()) : std::nullopt;
}

// Pictures grow with their widths; what they make is bounded by the memory limit.
Value now(Call& c) {
  return c.ev.string(format_datetime(c.ev.now_millis(), text_of(c.args[0]), text_of(c.args[1])));
}

Value millis(Call& c) { return Value::of(c.ev.now_millis()); }

Value from_millis(Call& c) {
  if (!c.args[0].is_number()) return {};
  c.ev.tick(50);
  return c.ev.string(format_datetime(c.args[0].number, text_of(c.args[1]), text_of(c.args[2])));
}

Value to_millis(Call& c) {
  if (!c.args[0].is_string()) return {};
  c.ev.tick(50);
  if (!c.args[1].is_string()) return Value::of(parse_iso8601(c.args[0].text()));
  const auto found = parse_datetime(c.args[0].text(), c.args[1].text(), c.ev.now_millis());
  return found ? Value::of(*found) : Value{};
}

Value format_integer_call(Call& c) {
  if (!c.args[0].is_number()) return {};
  if (!c.args[1].is_string()) fault("T0410", {.index = 2});
  return c.ev.string(format_integer(std::floor(c.args[0].number),
                                    analyse_integer_picture(c.args[1].text())));
}

Value parse_integer_call(Call& c) {
  if (!c.args[0].is_string()) return {};
  if (!c.args[1].is_string()) fault("T0410", {.index = 2});
  return Value::of(parse_integer(c.args[0].text(), analyse_integer_picture(c.args[1].text())));
}

}  // namespace

std::vector<Builtin> date_functions() {
  return {
      {"now", now, "<s?s?:s>", 2},
      {"millis", millis, "<:n>", 0},
      {"fromMillis", from_millis, "<n-s?s?:s>", 3},
      {"toMillis", to_millis, "<s-s?:n>", 2},
      {"formatInteger", format_integer_call, "<n-s:s>", 2},
      {"parseInteger", parse_integer_call, "<s-s:n>", 2},
  };
}

}  // namespace junctor::jsonata
