#include <algorithm>
#include <array>

#include "jsonata/evaluator.h"

namespace junctor::jsonata {
namespace {

// Calls `function` with as many of the three arguments as it takes.
Value call_with(Call& c, Value function, Value a, Value b, Value whole) {
  if (!function.is_function()) fault("T1006");
  std::array<Value, 3> args{a, b, whole};
  const std::size_t arity = std::clamp<std::size_t>(Evaluator::arity(*function.function), 1, 3);
  return c.ev.apply(function, {args.data(), arity}, Value::null(), c.frame);
}

Value index_of(std::size_t i) { return Value::of(static_cast<double>(i)); }

Value map(Call& c) {
  const Value array = c.args[0];
  if (array.is_undefined()) return {};
  Array* out = c.ev.new_sequence(std::min<std::size_t>(array_size(array), 4096));
  for (std::size_t i = 0; i < array_size(array); ++i) {
    const Value result = call_with(c, c.args[1], array_at(array, i), index_of(i), array);
    if (result.is_defined()) c.ev.push(out, result);
  }
  return Value::of(out);
}

Value filter(Call& c) {
  const Value array = c.args[0];
  if (array.is_undefined()) return {};
  Array* out = c.ev.new_sequence();
  for (std::size_t i = 0; i < array_size(array); ++i) {
    const Value item = array_at(array, i);
    if (c.ev.truthy(call_with(c, c.args[1], item, index_of(i), array))) c.ev.push(out, item);
  }
  return Value::of(out);
}

Value single(Call& c) {
  const Value array = c.args[0];
  if (array.is_undefined()) return {};
  bool found = false;
  Value result;
  for (std::size_t i = 0; i < array_size(array); ++i) {
    c.ev.tick();
    const Value item = array_at(array, i);
    if (c.args[1].is_defined() &&
        !c.ev.truthy(call_with(c, c.args[1], item, index_of(i), array))) {
      continue;
    }
    if (found) fault("D3138", {.index = i});
    found = true;
    result = item;
  }
  if (!found) fault("D3139");
  return result;
}

Value reduce(Call& c) {
  const Value array = c.args[0];
  if (array.is_undefined()) return {};
  if (!c.args[1].is_function()) fault("T1006");
  const std::size_t arity = Evaluator::arity(*c.args[1].function);
  if (arity < 2) fault("D3050", {.index = 1});
  const std::size_t size = array_size(array);
  std::size_t i = 0;
  Value result = c.args[2];
  if (result.is_undefined() && size > 0) result = array_at(array, i++);
  for (; i < size; ++i) {
    std::array<Value, 4> args{result, array_at(array, i), index_of(i), array};
    result = c.ev.apply(c.args[1], {args.data(), std::min<std::size_t>(arity, 4)}, Value::null(), c.frame);
  }
  return result;
}

Value each(Call& c) {
  Array* out = c.ev.new_sequence();
  c.ev.each_member(c.args[0], [&](Value key, Value value) {
    const Value result = call_with(c, c.args[1], value, key, c.args[0]);
    if (result.is_defined()) c.ev.push(out, result);
  });
  return Value::of(out);
}

Value sift(Call& c) {
  Object* out = c.ev.new_object(0);
  c.ev.each_member(c.args[0], [&](Value key, Value value) {
    if (c.ev.truthy(call_with(c, c.args[1], value, key, c.args[0]))) {
      c.ev.set(out, key.text(), value);
    }
  });
  return out->size == 0 ? Value{} : Value::of(out);
}

}  // namespace

std::vector<Builtin> higher_order_functions() {
  return {
      {"map", map, "<af>", 2},
      {"filter", filter, "<af>", 2},
      {"single", single, "<af?>", 2},
      {"reduce", reduce, "<afj?:j>", 3},
      {"each", each, "<o-f:a>", 2},
      {"sift", sift, "<o-f?:o>", 2},
  };
}

}  // namespace junctor::jsonata
