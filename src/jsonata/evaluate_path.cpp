#include <algorithm>

#include "jsonata/evaluator.h"
#include "jsonata/lineage.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

bool is_cons(Value v) { return v.tag == Tag::array && v.array->cons; }

const bj::value* find_member(const bj::object& object, std::string_view key, std::uint16_t& hint) {
  const std::size_t size = object.size();
  const auto* members = object.begin();
  const auto matches = [&](std::size_t i) {
    const bj::string_view k = members[i].key();
    return k.size() == key.size() && same_bytes(k.data(), key.data(), key.size());
  };
  if (hint < size && matches(hint)) return &members[hint].value();
  if (size <= 16) {
    for (std::size_t i = 0; i < size; ++i) {
      if (!matches(i)) continue;
      hint = static_cast<std::uint16_t>(i);
      return &members[i].value();
    }
    return nullptr;
  }
  const auto* at = object.find(key);
  if (at == object.end()) return nullptr;
  const auto i = static_cast<std::size_t>(at - members);
  if (i < 0xFFFF) hint = static_cast<std::uint16_t>(i);
  return &at->value();
}

}  // namespace

// What a name selects from one object; undefined when there is none.
Value Evaluator::member(Value object, const Node* name) {
  if (object.tag == Tag::json_object) {
    const bj::value* found =
        find_member(*object.json_object, name->value.text(), arena_.hints[name->hint]);
    return found ? from_json(*found) : Value{};
  }
  if (object.tag == Tag::object) {
    const Value* found = find(*object.object, name->value.text());
    return found ? *found : Value{};
  }
  return {};
}

Value Evaluator::lookup(Value input, const Node* name) {
  if (!input.is_array()) return member(input, name);
  Array* out = new_sequence();
  lookup_into(input, name, out, 0);
  return Value::of(out);
}

void Evaluator::lookup_into(Value input, const Node* name, Array* out,
                            std::uint32_t depth) {
  const std::size_t size = array_size(input);
  for (std::size_t i = 0; i < size; ++i) {
    tick();
    const Value item = array_at(input, i);
    if (item.is_array()) {
      deeper([&] { lookup_into(item, name, out, depth + 1); });
      continue;
    }
    const Value found = member(item, name);
    if (!found.is_array()) {
      if (found.is_defined()) push(out, found);
      continue;
    }
    const std::size_t count = array_size(found);
    for (std::size_t k = 0; k < count; ++k) {
      tick();
      push(out, array_at(found, k));
    }
  }
}

// A path of names only, over one object: nothing is allocated before an array is met.
Value Evaluator::eval_plain_path(const Node* node, Value input) {
  Value at = input;
  const std::size_t count = node->list.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (at.is_array()) return plain_tail(node, i, at);
    const Node* name = node->list[i];
    at = normalize(member(at, name));
    if (at.is_undefined()) return at;
  }
  if (!is_sequence(at)) return at;
  Array* items = new_sequence(at.array->size);
  for (const Value& item : *at.array) {
    tick();
    push(items, item);
  }
  return Value::of(items);
}

Value Evaluator::plain_tail(const Node* node, std::size_t first, Value items) {
  tick();
  Value at = items;
  for (std::size_t i = first; i < node->list.size(); ++i) {
    at = path_step(node->list[i], at, nullptr, i + 1 == node->list.size(), nullptr);
    if (array_size(at) == 0) break;
  }
  return at;
}

void Evaluator::push_flat(Array* out, Value item) {
  if (!item.is_array() || is_cons(item)) return push(out, item);
  const std::size_t size = array_size(item);
  for (std::size_t k = 0; k < size; ++k) {
    tick();
    push(out, array_at(item, k));
  }
}

// Evaluates a step for every item and flattens the results by one level.
Value Evaluator::path_step(const Node* step, Value input, Frame* frame, bool last,
                           const Scope* scope) {
  if (step->kind == Kind::sort) {
    return run_stages(step, eval_sort(step, input, frame, nullptr), frame, scope);
  }
  const std::size_t size = array_size(input);
  const bool plain = step->plain_name && !lineage_;
  Array* out = nullptr;
  Value first;
  std::size_t count = 0;
  for (std::size_t i = 0; i < size; ++i) {
    tick();
    const Value item = array_at(input, i);
    Value result;
    if (plain) {
      result = item.is_array() ? normalize(lookup(item, step)) : normalize(member(item, step));
    } else {
      if (lineage_) lineage_->touched(nullptr, item);
      result = eval(step, item, frame);
    }
    for (const Stage& stage : step->stages) {
      if (stage.filter) result = filter(stage.filter, result, frame, scope);
    }
    if (result.is_undefined()) continue;
    if (++count == 1) {
      first = result;  // not flattened yet: the only result of a last step may stay an array
      continue;
    }
    if (count == 2) {
      out = new_sequence(std::min<std::size_t>(size, 4096));
      push_flat(out, first);
    }
    push_flat(out, result);
  }
  if (count == 1 && last && first.is_array() && !is_sequence(first)) return first;
  if (!out) out = new_sequence(count == 1 && first.is_array() ? array_size(first) : 1);
  if (count == 1) push_flat(out, first);
  return Value::of(out);
}

Value Evaluator::eval_path(const Node* node, Value input, Frame* frame) {
  Value at = input;
  std::size_t first = 0;
  if (!lineage_) {
    // Names over single objects need no sequences.
    for (; first < node->plain_prefix && !at.is_array(); ++first) {
      at = normalize(member(at, node->list[first]));
      if (is_cons(at)) at = Value::of(new_sequence_of(at));
    }
    if (first > 0 && (at.is_undefined() || (at.is_array() && array_size(at) == 0))) {
      at = Value::of(new_sequence());
      first = node->list.size();
    }
  }
  Array single;
  Value only = at;
  if (!at.is_array() || (first == 0 && node->first_variable)) {
    single = {.data = &only, .size = 1, .capacity = 1, .sequence = true};
    at = node->list.front()->cons_array ? Value::of(new_sequence_of(input)) : Value::of(&single);
  }
  const Scope* scope = node->scope;
  Value tuples;
  bool streaming = false;
  for (std::size_t i = first; i < node->list.size(); ++i) {
    const Node* step = node->list[i];
    streaming = streaming || step->tuple;
    if (i == 0 && step->cons_array) {
      // A constructor that is bound itself (`[$v]@$v`) was resolved inside the path's scope.
      const Value items = eval(step, at, step->tuple ? tuple_frame(scope, nullptr, frame) : frame);
      if (step->focus.empty()) at = items;  // otherwise the context stays what it was
    } else if (streaming) {
      tuples = tuple_step(step, at, tuples, frame, scope);
      continue;
    } else {
      at = path_step(step, at, frame, i + 1 == node->list.size(), nullptr);
    }
    // What a constructor gives may be no array; steps find nothing in it.
    if (streaming && !at.is_array()) at = Value::of(new_sequence());
    if (streaming) continue;
    if (at.is_undefined() || (at.is_array() && array_size(at) == 0)) break;
    if (at.is_string() && at.extra == 0) break;
    // Only a constructor with a predicate gives a single value here; steps find nothing in it.
    if (!at.is_array() && i + 1 < node->list.size()) at = Value::of(new_sequence());
  }
  if (streaming && tuples.is_defined()) {
    at = tuples;
    if (!node->tuple) {
      Array* out = new_sequence(tuples.array->size);
      for (const Value& tuple : *tuples.array) {
        tick();
        push(out, tuple.slots[0]);
      }
      at = Value::of(out);
    }
  }
  if (node->keep_singleton_array && at.tag == Tag::array) {
    if (at.array->cons && !at.array->sequence) at = Value::of(new_sequence_of(at));
    at.array->keep_singleton = true;
  }
  if (!node->group) return at;
  return eval_group(*node->group, streaming && tuples.is_defined() ? tuples : at, frame, scope);
}

Value Evaluator::run_stages(const Node* step, Value value, Frame* frame, const Scope* scope) {
  for (const Stage& stage : step->stages) {
    if (stage.filter) {
      value = filter(stage.filter, value, frame, scope);
    } else if (value.tag == Tag::array) {
      for (std::uint32_t i = 0; i < value.array->size; ++i) {
        const Value& tuple = value.array->data[i];
        if (tuple.tag == Tag::tuple) tuple.slots[stage.slot] = Value::of(static_cast<double>(i));
      }
    }
  }
  return value;
}

Value Evaluator::tuple_step(const Node* step, Value input, Value tuples,
                            Frame* frame, const Scope* scope) {
  const std::size_t width = scope->names.size();
  const auto new_tuple = [&](const Value* from) {
    auto* slots = mem.make_array<Value>(width);
    if (from) {
      std::copy_n(from, width, slots);
    } else {
      std::fill_n(slots, width, Value::unbound());
    }
    return slots;
  };
  Array* out = new_sequence();
  out->tuples = true;
  if (step->kind == Kind::sort) {
    if (tuples.is_defined()) {
      return run_stages(step, eval_sort(step, tuples, frame, scope), frame, scope);
    }
    const Value sorted = eval_sort(step, input, frame, scope);
    for (std::size_t i = 0; i < array_size(sorted); ++i) {
      Value* slots = new_tuple(nullptr);
      slots[0] = array_at(sorted, i);
      if (step->index_slot >= 0) slots[step->index_slot] = Value::of(static_cast<double>(i));
      push(out, Value::tuple(slots));
    }
    return run_stages(step, Value::of(out), frame, scope);
  }
  const bool fresh = tuples.is_undefined();
  const std::size_t size = fresh ? array_size(input) : tuples.array->size;
  for (std::size_t i = 0; i < size; ++i) {
    tick();
    Value* from = nullptr;
    if (fresh) {
      from = new_tuple(nullptr);
      from[0] = array_at(input, i);
    } else {
      from = tuples.array->data[i].slots;
    }
    const Bump::Mark mark = arena_.frames.mark();
    const Value result = eval(step, from[0], tuple_frame(scope, from, frame));
    if (!scope->captured) arena_.frames.release(mark);
    if (result.is_undefined()) continue;
    const std::size_t count = result.is_array() ? array_size(result) : 1;
    for (std::size_t k = 0; k < count; ++k) {
      tick();
      const Value item = result.is_array() ? array_at(result, k) : result;
      Value* slots = new_tuple(from);
      if (is_tuples(result) && item.tag == Tag::tuple) {
        for (std::size_t m = 0; m < step->merge.size(); ++m) {
          if (item.slots[m].tag != Tag::unbound) slots[step->merge[m]] = item.slots[m];
        }
      } else {
        slots[step->focus_slot >= 0 ? step->focus_slot : 0] = item;
        if (step->index_slot >= 0) slots[step->index_slot] = Value::of(static_cast<double>(k));
        if (step->ancestor_slot >= 0) slots[step->ancestor_slot] = from[0];
      }
      push(out, Value::tuple(slots));
    }
  }
  return run_stages(step, Value::of(out), frame, scope);
}

}  // namespace junctor::jsonata
