#include <algorithm>

#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

// Merges [begin, middle) and [middle, end) of `at`, using `spare`.
template <typename After>
void merge(std::uint32_t* at, std::uint32_t* spare, std::size_t begin, std::size_t middle,
           std::size_t end, After& after) {
  std::size_t l = begin;
  std::size_t r = middle;
  std::size_t out = begin;
  while (l < middle && r < end) spare[out++] = after(at[l], at[r]) ? at[r++] : at[l++];
  std::copy(at + l, at + middle, spare + out);
  std::copy(at + r, at + end, spare + out + (middle - l));
  std::copy(spare + begin, spare + end, at + begin);
}

// Splits where the reference splits, so that the same pairs are compared.
template <typename After>
void merge_sort(std::uint32_t* at, std::uint32_t* spare, std::size_t begin, std::size_t end,
                After& after) {
  if (end - begin <= 1) return;
  const std::size_t middle = begin + (end - begin) / 2;
  merge_sort(at, spare, begin, middle, after);
  merge_sort(at, spare, middle, end, after);
  merge(at, spare, begin, middle, end, after);
}

}  // namespace

Value Evaluator::sort(Value array,
                      const std::function<bool(std::size_t, std::size_t)>& after) {
  const std::size_t size = array_size(array);
  auto* order = mem.make_array<std::uint32_t>(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    tick();
    order[i] = static_cast<std::uint32_t>(i);
  }
  merge_sort(order, order + size, 0, size, after);
  Array* out = new_array(size);
  for (std::size_t i = 0; i < size; ++i) {
    tick();
    out->data[i] = array_at(array, order[i]);
  }
  out->size = static_cast<std::uint32_t>(size);
  return Value::of(out);
}

Value Evaluator::eval_sort(const Node* node, Value input, Frame* frame,
                           const Scope* scope) {
  if (!input.is_array()) return input;
  const std::size_t size = array_size(input);
  if (size <= 1) return input;
  const bool streaming = is_tuples(input);
  const std::size_t terms = node->list.size();
  // Every key is computed once, when it is first needed.
  auto* keys = mem.make_array<Value>(size * terms);
  for (std::size_t i = 0; i < size * terms; ++i) {
    tick();
    keys[i] = Value::unbound();
  }
  const auto key = [&](std::size_t item, std::size_t term) -> const Value& {
    Value& cached = keys[item * terms + term];
    if (cached.tag != Tag::unbound) return cached;
    const Value value = array_at(input, item);
    const Bump::Mark mark = arena_.frames.mark();
    Frame* inner = frame;
    Value context = value;
    if (scope) {
      inner = tuple_frame(scope, streaming ? value.slots : nullptr, frame);
      if (value.tag == Tag::tuple) context = streaming ? value.slots[0] : Value{};
    }
    cached = eval(node->list[term], context, inner);
    if (scope && !scope->captured) arena_.frames.release(mark);
    return cached;
  };
  const auto after = [&](std::size_t a, std::size_t b) {
    tick();
    for (std::size_t t = 0; t < terms; ++t) {
      const Value left = key(a, t);
      const Value right = key(b, t);
      if (left.is_undefined() || right.is_undefined()) {
        if (left.is_undefined() && right.is_undefined()) continue;
        return left.is_undefined();
      }
      const bool left_good = left.is_number() || left.is_string();
      if (!left_good || !(right.is_number() || right.is_string())) {
        fault("T2008", {.position = node->position, .value = describe(left_good ? right : left)});
      }
      if (left.tag != right.tag) {
        fault("T2007", {.position = node->position,
                        .value = describe(left),
                        .value2 = describe(right)});
      }
      int order = 0;
      if (left.is_number()) {
        order = left.number == right.number ? 0 : left.number < right.number ? -1 : 1;
      } else {
        order = compare_utf16(left.text(), right.text());
      }
      if (order != 0) return node->descending[t] ? order < 0 : order > 0;
    }
    return false;
  };
  return sort(input, after);
}

}  // namespace junctor::jsonata
