// Predicates, wildcards and descendants.
#include <cmath>

#include "jsonata/evaluator.h"

namespace junctor::jsonata {

Value Evaluator::filter(const Node* predicate, Value input, Frame* frame,
                        const Scope* scope) {
  Array* out = new_sequence();
  out->tuples = is_tuples(input);
  const std::size_t size = input.is_array() ? array_size(input) : 1;
  const auto at = [&](std::size_t i) { return input.is_array() ? array_at(input, i) : input; };
  if (predicate->kind == Kind::number && predicate->predicates.empty()) {
    double index = std::floor(predicate->value.number);
    if (index < 0) index += static_cast<double>(size);
    if (index < 0 || index >= static_cast<double>(size)) return Value::of(out);
    const Value item = at(static_cast<std::size_t>(index));
    if (item.is_array()) return item;
    if (item.is_defined()) push(out, item);
    return Value::of(out);
  }
  const bool streaming = out->tuples;
  for (std::size_t i = 0; i < size; ++i) {
    tick();
    const Value item = at(i);
    Value context = item;
    Frame* inner = frame;
    const Bump::Mark mark = arena_.frames.mark();
    if (scope) {
      inner = tuple_frame(scope, streaming ? item.slots : nullptr, frame);
      if (item.tag == Tag::tuple) context = streaming ? item.slots[0] : Value{};
    }
    const Value result = eval(predicate, context, inner);
    if (scope && !scope->captured) arena_.frames.release(mark);
    const auto selects = [&](Value number) {
      double index = std::floor(number.number);
      if (index < 0) index += static_cast<double>(size);
      return index == static_cast<double>(i);
    };
    if (result.tag == Tag::boolean) {
      if (result.boolean) push(out, item);
    } else if (is_numeric(result)) {
      if (selects(result)) push(out, item);
    } else if (result.is_array()) {
      bool numbers = true;
      const std::size_t count = array_size(result);
      for (std::size_t k = 0; k < count; ++k) {
        tick();
        numbers = is_numeric(array_at(result, k)) && numbers;
      }
      if (!numbers) {
        if (truthy(result)) push(out, item);
        continue;
      }
      for (std::size_t k = 0; k < count; ++k) {
        tick();
        if (selects(array_at(result, k))) push(out, item);
      }
    } else if (truthy(result)) {
      push(out, item);
    }
  }
  return Value::of(out);
}

void Evaluator::flatten_into(Value value, Array* out, std::uint32_t depth) {
  if (!value.is_array()) return push(out, value);
  for (std::size_t i = 0; i < array_size(value); ++i) {
    tick();
    const Value item = array_at(value, i);
    deeper([&] { flatten_into(item, out, depth + 1); });
  }
}

Value Evaluator::wildcard(Value input) {
  Array* out = new_sequence();
  if (input.tag == Tag::array && input.array->outer_wrapper && input.array->size > 0) {
    input = input.array->data[0];
  }
  const auto add = [&](Value value) {
    if (value.is_array()) out->sequence = false;
    flatten_into(value, out, 0);
  };
  if (input.is_array()) {
    for (std::size_t i = 0; i < array_size(input); ++i) add(array_at(input, i));
  }
  each_member(input, [&](Value, Value value) { add(value); });
  return Value::of(out);
}

Value Evaluator::descendants(Value input) {
  if (input.is_undefined()) return input;
  Array* out = new_sequence();
  collect_descendants(input, out, 0);
  return out->size == 1 ? out->data[0] : Value::of(out);
}

void Evaluator::collect_descendants(Value input, Array* out, std::uint32_t depth) {
  tick();
  const auto below = [&](Value v) {
    deeper([&] { collect_descendants(v, out, depth + 1); });
  };
  if (input.is_array()) {
    for (std::size_t i = 0; i < array_size(input); ++i) below(array_at(input, i));
    return;
  }
  push(out, input);
  each_member(input, [&](Value, Value value) { below(value); });
}

}  // namespace junctor::jsonata
