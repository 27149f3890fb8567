#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "jsonata/evaluator.h"
#include "jsonata/lineage.h"

namespace junctor::jsonata {
namespace {

struct Entry {
  Value data;
  std::uint32_t pair = 0;
  bool owned = false;  // data is an array that only this group knows
};

}  // namespace

Value Evaluator::eval_group(const Group& group, Value input, Frame* frame,
                            const Scope* scope) {
  const bool reduce = is_tuples(input);
  const std::size_t size = input.is_array() ? array_size(input) : 1;
  const std::size_t count = size == 0 && !reduce ? 1 : size;
  // Keys keep the order in which they came, integers first: an object does that.
  Object* order = new_object(0);
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    tick();
    const Value item = size == 0 ? Value{} : input.is_array() ? array_at(input, i) : input;
    const Bump::Mark mark = arena_.frames.mark();
    Frame* inner = frame;
    Value context = item;
    if (scope) {
      inner = tuple_frame(scope, reduce ? item.slots : nullptr, frame);
      if (item.tag == Tag::tuple) context = reduce ? item.slots[0] : Value{};
    } else if (item.tag == Tag::tuple) {
      context = item.slots[0];
    }
    for (std::uint32_t p = 0; p < group.pairs.size(); ++p) {
      const Value key = eval(group.pairs[p].first, context, inner);
      if (key.is_undefined()) continue;
      if (!key.is_string()) {
        fault("T1003", {.position = group.position, .value = describe(key)});
      }
      if (key.text() == "_jsonata_lambda" || key.text() == "_jsonata_function") {
        fault("D1013", {.position = group.position, .value = describe(key)});
      }
      if (const Value* at = find(*order, key.text())) {
        Entry& entry = entries[at->bits];
        if (entry.pair != p) {
          fault("D1009", {.position = group.position, .value = describe(key)});
        }
        if (!entry.owned && entry.data.is_defined() && item.is_defined()) {
          const Value joined = append_values(entry.data, item);
          entry.owned = joined.tag == Tag::array;
          entry.data = joined;
        } else if (!entry.owned) {
          entry.data = append_values(entry.data, item);
        } else if (item.is_array()) {
          for (std::size_t k = 0; k < array_size(item); ++k) push(entry.data.array, array_at(item, k));
        } else if (item.is_defined()) {
          push(entry.data.array, item);
        }
      } else {
        Value position{Tag::null};
        position.bits = entries.size();
        set(order, key.text(), position);
        entries.push_back({item, p, false});
      }
    }
    if (scope && !scope->captured) arena_.frames.release(mark);
  }
  if (order->unordered) settle(*order);
  Object* result = new_object(order->size);
  for (std::uint32_t i = 0; i < order->size; ++i) {
    const Entry& entry = entries[order->members[i].value.bits];
    const Value key = order->members[i].key;
    const Bump::Mark mark = arena_.frames.mark();
    Value context = entry.data;
    Frame* inner = frame;
    if (scope) {
      const Value tuple = reduce ? reduce_tuples(entry.data, scope) : Value{};
      inner = tuple_frame(scope, reduce ? tuple.slots : nullptr, frame);
      if (reduce) {
        context = tuple.slots[0].tag == Tag::unbound ? Value{} : tuple.slots[0];
        inner->slots[0] = Value::unbound();
        // As in the reference, a tuple alone in its group gives up its context.
        if (entry.data.tag == Tag::tuple) entry.data.slots[0] = Value::unbound();
      }
    }
    if (lineage_) lineage_->begin();
    const Value value = eval(group.pairs[entry.pair].second, context, inner);
    if (lineage_) lineage_->end_member(result, key);
    if (scope && !scope->captured) arena_.frames.release(mark);
    if (value.is_defined()) set(result, key.text(), value);
  }
  return Value::of(result);
}

// One tuple whose variables hold what all tuples of a group hold.
Value Evaluator::reduce_tuples(Value tuples, const Scope* scope) {
  if (tuples.tag == Tag::tuple) return tuples;
  const std::size_t width = scope->names.size();
  auto* slots = mem.make_array<Value>(width);
  std::fill_n(slots, width, Value::unbound());
  const std::size_t size = array_size(tuples);
  for (std::size_t s = 0; s < width; ++s) {
    Array* owned = nullptr;
    for (std::size_t i = 0; i < size; ++i) {
      const Value item = array_at(tuples, i).slots[s];
      if (item.tag == Tag::unbound) continue;
      if (slots[s].tag == Tag::unbound || slots[s].is_undefined()) {
        slots[s] = item;
      } else if (item.is_undefined()) {
        continue;
      } else if (!owned) {
        slots[s] = append_values(slots[s], item);
        owned = slots[s].array;
      } else if (item.is_array()) {
        for (std::size_t k = 0; k < array_size(item); ++k) push(owned, array_at(item, k));
      } else {
        push(owned, item);
      }
    }
  }
  return Value::tuple(slots);
}

}  // namespace junctor::jsonata
