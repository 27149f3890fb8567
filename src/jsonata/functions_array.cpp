#include <algorithm>
#include <numeric>
#include <random>
#include <unordered_map>

#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

Value count(Call& c) {
  return Value::of(c.args[0].is_undefined() ? 0.0 : static_cast<double>(array_size(c.args[0])));
}

Value append(Call& c) { return c.ev.append_values(c.args[0], c.args[1]); }

Value exists(Call& c) { return Value::of(c.args[0].is_defined()); }

Value reverse(Call& c) {
  if (c.args[0].is_undefined() || array_size(c.args[0]) <= 1) return c.args[0];
  const std::size_t size = array_size(c.args[0]);
  Array* out = c.ev.new_array(size);
  for (std::size_t i = size; i > 0; --i) {
    c.ev.tick();
    c.ev.push(out, array_at(c.args[0], i - 1));
  }
  return Value::of(out);
}

Value shuffle(Call& c) {
  if (c.args[0].is_undefined() || array_size(c.args[0]) <= 1) return c.args[0];
  const std::size_t size = array_size(c.args[0]);
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  Array* out = c.ev.new_array(size);
  for (std::size_t i = 0; i < size; ++i) {
    c.ev.tick();
    c.ev.push(out, array_at(c.args[0], i));
    std::swap(out->data[i], out->data[std::uniform_int_distribution<std::size_t>(0, i)(generator)]);
  }
  return Value::of(out);
}

Value sort(Call& c) {
  const Value array = c.args[0];
  if (array.is_undefined() || array_size(array) <= 1) return array;
  Evaluator& ev = c.ev;
  if (c.args[1].is_function()) {
    return ev.sort(array, [&](std::size_t a, std::size_t b) {
      Value pair[2] = {array_at(array, a), array_at(array, b)};
      return ev.truthy(ev.apply(c.args[1], pair, Value::null(), c.frame));
    });
  }
  const std::size_t size = array_size(array);
  bool numbers = true;
  bool strings = true;
  for (std::size_t i = 0; i < size; ++i) {
    ev.tick();
    const Value item = array_at(array, i);
    numbers = numbers && Evaluator::is_numeric(item);
    strings = strings && item.is_string();
  }
  if (!numbers && !strings) fault("D3070", {.index = 1});
  return ev.sort(array, [&](std::size_t a, std::size_t b) {
    ev.tick();
    const Value left = array_at(array, a);
    const Value right = array_at(array, b);
    return numbers ? left.number > right.number : compare_utf16(left.text(), right.text()) > 0;
  });
}

// A hash under which equal values collide.
std::size_t hash(Evaluator& ev, Value v, int depth = 0) {
  ev.tick();
  switch (v.tag) {
    case Tag::number: return std::hash<double>()(v.number == 0 ? 0.0 : v.number);
    case Tag::string: return std::hash<std::string_view>()(v.text());
    case Tag::boolean: return v.boolean ? 11 : 13;
    case Tag::json_array:
    case Tag::array: {
      std::size_t h = 17 + array_size(v);
      for (std::size_t i = 0; i < std::min<std::size_t>(array_size(v), 8) && depth < 4; ++i) {
        h = h * 31 + hash(ev, array_at(v, i), depth + 1);
      }
      return h;
    }
    case Tag::json_object:
    case Tag::object: {
      std::size_t h = 19;
      if (depth < 4) {
        ev.each_member(v, [&](Value key, Value value) {
          h += std::hash<std::string_view>()(key.text()) ^ (hash(ev, value, depth + 1) * 31);
        });
      }
      return h;
    }
    default: return static_cast<std::size_t>(v.tag);
  }
}

Value distinct(Call& c) {
  const Value array = c.args[0];
  if (!array.is_array() || array_size(array) <= 1) return array;
  Array* out = c.ev.new_array();
  out->sequence = is_sequence(array);
  std::unordered_multimap<std::size_t, Value> seen;
  for (std::size_t i = 0; i < array_size(array); ++i) {
    const Value item = array_at(array, i);
    const std::size_t h = hash(c.ev, item);
    const auto [begin, end] = seen.equal_range(h);
    if (std::any_of(begin, end, [&](const auto& e) { return c.ev.equal(item, e.second); })) continue;
    seen.emplace(h, item);
    c.ev.push(out, item);
  }
  return Value::of(out);
}

Value zip(Call& c) {
  std::size_t length = c.count == 0 ? 0 : static_cast<std::size_t>(-1);
  for (std::size_t i = 0; i < c.count; ++i) {
    length = std::min(length, c.args[i].is_array() ? array_size(c.args[i]) : 0);
  }
  Array* out = c.ev.new_array(length);
  for (std::size_t i = 0; i < length; ++i) {
    c.ev.tick();
    Array* row = c.ev.new_array(c.count);
    for (std::size_t k = 0; k < c.count; ++k) c.ev.push(row, array_at(c.args[k], i));
    c.ev.push(out, Value::of(row));
  }
  return Value::of(out);
}

}  // namespace

std::vector<Builtin> array_functions() {
  return {
      {"count", count, "<a:n>", 1},
      {"append", append, "<xx:a>", 2},
      {"exists", exists, "<x:b>", 1},
      {"reverse", reverse, "<a:a>", 1},
      {"shuffle", shuffle, "<a:a>", 1},
      {"sort", sort, "<af?:a>", 2},
      {"distinct", distinct, "<x:x>", 1},
      {"zip", zip, "<a+>", 0},
  };
}

}  // namespace junctor::jsonata
