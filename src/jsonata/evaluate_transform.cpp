#include "jsonata/evaluator.h"

namespace junctor::jsonata {
namespace {

constexpr std::uint32_t max_value_depth = 512;

bool is_strings(Value array) {
  for (std::size_t i = 0; i < array_size(array); ++i) {
    if (!array_at(array, i).is_string()) return false;
  }
  return true;
}

}  // namespace

// A deep copy as JSON would make it: functions become empty strings.
Value Evaluator::clone(Value value, std::uint32_t depth) {
  tick();
  if (depth > max_value_depth) {
    fault("U1001", {.value = "The value is nested deeper than 512 levels"});
  }
  const auto below = [&](Value v) {
    return deeper([&] { return clone(v, depth + 1); });
  };
  if (value.is_array()) {
    if (value.tag == Tag::array && value.array->outer_wrapper) return below(value.array->data[0]);
    Array* out = new_array(array_size(value));
    for (std::size_t i = 0; i < array_size(value); ++i) push(out, below(array_at(value, i)));
    return Value::of(out);
  }
  if (value.is_object()) {
    Object* out = new_object(value.tag == Tag::object ? value.object->size
                                                      : value.json_object->size());
    each_member(value, [&](Value key, Value v) {
      if (v.is_defined()) set(out, key.text(), below(v));
    });
    return Value::of(out);
  }
  if (value.is_function()) return Value::of(std::string_view());
  if (value.is_undefined()) return Value::null();
  if (is_numeric(value)) return value;
  return value.is_number() ? Value::null() : value;
}

Value Evaluator::run_transform(const Function& function, Value object) {
  if (object.is_undefined()) return object;
  const Node* node = function.node;
  const Value result = clone(object);
  Value matches = eval(node->lhs, result, function.frame);
  if (matches.is_undefined()) return result;
  const std::size_t count = matches.is_array() ? array_size(matches) : 1;
  for (std::size_t i = 0; i < count; ++i) {
    tick();
    const Value match = matches.is_array() ? array_at(matches, i) : matches;
    const Value update = eval(node->rhs, match, function.frame);
    if (update.is_defined()) {
      if (!update.is_object()) {
        fault("T2011", {.position = node->rhs->position, .value = describe(update)});
      }
      // Only the copy changes; what the pattern finds elsewhere stays as it is.
      if (match.tag == Tag::object && update.bits != match.bits) {
        each_member(update, [&](Value key, Value v) {
          set(match.object, key.text(), v);
        });
      }
    }
    if (!node->third) continue;
    Value deletions = eval(node->third, match, function.frame);
    if (deletions.is_undefined()) continue;
    if (!deletions.is_array()) deletions = Value::of(new_sequence_of(deletions));
    if (!is_strings(deletions)) {
      fault("T2012", {.position = node->third->position, .value = describe(deletions)});
    }
    if (match.tag != Tag::object) continue;
    for (std::size_t k = 0; k < array_size(deletions); ++k) {
      remove(match.object, array_at(deletions, k).text());
    }
  }
  return result;
}

}  // namespace junctor::jsonata
