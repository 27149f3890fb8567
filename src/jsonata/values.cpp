#include <algorithm>
#include <bit>
#include <functional>

#include "jsonata/evaluator.h"

namespace junctor::jsonata {
namespace {

constexpr std::uint32_t indexed_size = 12;  // from here on members are found by hash

std::uint32_t hash(std::string_view key) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>()(key));
}

}  // namespace

bool integer_key(std::string_view key, std::uint32_t& index) {
  if (key.empty() || key.size() > 10 || key.front() < '0' || key.front() > '9') return false;
  if (key.front() == '0' && key.size() > 1) return false;
  std::uint64_t value = 0;
  for (const char c : key) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value >= 0xFFFFFFFFu) return false;
  index = static_cast<std::uint32_t>(value);
  return true;
}

void Evaluator::check_length(std::size_t items) {
  if (items > limits().sequence_length) {
    fault("D2015", {.value = std::to_string(limits().sequence_length)});
  }
}

Array* Evaluator::new_array(std::size_t capacity) {
  auto* array = mem.make<Array>();
  if (capacity > 0) array->data = mem.make_array<Value>(capacity);
  array->capacity = static_cast<std::uint32_t>(capacity);
  return array;
}

Array* Evaluator::new_sequence(std::size_t capacity) {
  Array* array = new_array(capacity);
  array->sequence = true;
  return array;
}

Array* Evaluator::new_sequence_of(Value only) {
  Array* array = new_sequence(1);
  push(array, only);
  return array;
}

void Evaluator::push(Array* array, Value item) {
  if (array->size == array->capacity) {
    check_length(array->size + std::size_t{1});
    const std::size_t wanted = std::max<std::size_t>(4, std::size_t{array->capacity} * 2);
    if (array->capacity == 0 || !mem.grow(array->data, array->capacity, wanted)) {
      auto* data = mem.make_array<Value>(wanted);
      std::copy_n(array->data, array->size, data);
      array->data = data;
    }
    array->capacity = static_cast<std::uint32_t>(wanted);
  }
  array->data[array->size++] = item;
}

std::string_view Evaluator::keep(std::string_view text) {
  char* kept = mem.make_array<char>(text.size());
  copy(kept, text);
  return {kept, text.size()};
}

Value Evaluator::append_values(Value left, Value right) {
  if (left.is_undefined()) return right;
  if (right.is_undefined()) return left;
  const auto size = [](Value v) { return v.is_array() ? array_size(v) : 1; };
  check_length(size(left) + size(right));
  Array* out = new_array(size(left) + size(right));
  for (const Value& side : {left, right}) {
    if (!side.is_array()) {
      push(out, side);
      continue;
    }
    for (std::size_t i = 0; i < array_size(side); ++i) {
      tick();
      push(out, array_at(side, i));
    }
  }
  return Value::of(out);
}

Object* Evaluator::new_object(std::size_t capacity) {
  auto* object = mem.make<Object>();
  if (capacity > 0) object->members = mem.make_array<Member>(capacity);
  object->capacity = static_cast<std::uint32_t>(capacity);
  return object;
}

void Evaluator::append(Object* object, Value key, Value value) {
  if (object->size == object->capacity) {
    const std::size_t wanted = std::max<std::size_t>(4, std::size_t{object->capacity} * 2);
    if (object->capacity == 0 || !mem.grow(object->members, object->capacity, wanted)) {
      auto* members = mem.make_array<Member>(wanted);
      std::copy_n(object->members, object->size, members);
      object->members = members;
    }
    object->capacity = static_cast<std::uint32_t>(wanted);
  }
  object->members[object->size++] = {key, value};
}

void Evaluator::set(Object* object, std::string_view key, Value value) {
  if (Value* at = find(*object, key)) {
    *at = value;
    return;
  }
  std::uint32_t index = 0;
  if (integer_key(key, index)) {
    std::uint32_t last = 0;
    const bool in_order =
        object->integer_keys == object->size &&
        (object->size == 0 ||
         (integer_key(object->members[object->size - 1].key.text(), last) && last < index));
    if (in_order) {
      ++object->integer_keys;
    } else {
      object->unordered = true;
    }
  }
  append(object, Value::of(key), value);
  if (!object->index) return;
  if (object->size * 2 > object->index_size) {
    index_members(*object);
    return;
  }
  std::uint32_t at = hash(key) & (object->index_size - 1);
  while (object->index[at]) at = (at + 1) & (object->index_size - 1);
  object->index[at] = object->size;
}

void Evaluator::fill_index(Object& object) {
  std::fill_n(object.index, object.index_size, 0u);
  for (std::uint32_t i = 0; i < object.size; ++i) {
    std::uint32_t at = hash(object.members[i].key.text()) & (object.index_size - 1);
    while (object.index[at]) at = (at + 1) & (object.index_size - 1);
    object.index[at] = i + 1;
  }
}

void Evaluator::index_members(Object& object) {
  tick(object.size);
  object.index_size = std::bit_ceil(std::max(object.size * 4, 32u));
  object.index = mem.make_array<std::uint32_t>(object.index_size);
  fill_index(object);
}

Value* Evaluator::find(Object& object, std::string_view key) {
  if (object.size > indexed_size) {
    if (!object.index) index_members(object);
    std::uint32_t at = hash(key) & (object.index_size - 1);
    while (const std::uint32_t i = object.index[at]) {
      if (object.members[i - 1].key.text() == key) return &object.members[i - 1].value;
      at = (at + 1) & (object.index_size - 1);
    }
    return nullptr;
  }
  for (std::uint32_t i = 0; i < object.size; ++i) {
    if (object.members[i].key.text() == key) return &object.members[i].value;
  }
  return nullptr;
}

void Evaluator::settle(Object& object) {
  const auto rank = [](const Member& member) {
    std::uint32_t index = 0;
    return integer_key(member.key.text(), index) ? std::uint64_t{index} : ~std::uint64_t{0};
  };
  std::stable_sort(object.members, object.members + object.size,
                   [&](const Member& a, const Member& b) { return rank(a) < rank(b); });
  object.integer_keys = static_cast<std::uint32_t>(
      std::count_if(object.members, object.members + object.size,
                    [&](const Member& m) { return rank(m) != ~std::uint64_t{0}; }));
  object.unordered = false;
  if (object.index) fill_index(object);
}

void Evaluator::remove(Object* object, std::string_view key) {
  const Value* at = find(*object, key);
  if (!at) return;
  Member* const end = object->members + object->size;
  Member* member = object->members;
  while (&member->value != at) ++member;
  if (member < object->members + object->integer_keys) --object->integer_keys;
  std::copy(member + 1, end, member);
  --object->size;
  if (object->index) fill_index(*object);
}

Value Evaluator::get(Value object, std::string_view key) {
  if (object.tag == Tag::json_object) {
    const auto* at = object.json_object->find(key);
    return at == object.json_object->end() ? Value{} : from_json(at->value());
  }
  if (object.tag == Tag::object) {
    const Value* at = find(*object.object, key);
    return at ? *at : Value{};
  }
  return {};
}

std::vector<std::uint32_t> Evaluator::member_order(const bj::object& object) {
  std::vector<std::uint32_t> order;
  std::uint32_t index = 0;
  const bool any = std::any_of(object.begin(), object.end(), [&](const auto& member) {
    return integer_key(member.key(), index);
  });
  if (!any) return order;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> ranked;
  for (std::uint32_t i = 0; i < object.size(); ++i) {
    const bool integer = integer_key(object.begin()[i].key(), index);
    ranked.emplace_back(integer ? index : ~std::uint64_t{0}, i);
  }
  std::sort(ranked.begin(), ranked.end());
  for (const auto& [rank, i] : ranked) order.push_back(i);
  return order;
}

}  // namespace junctor::jsonata
