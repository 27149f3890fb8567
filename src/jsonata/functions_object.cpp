#include "jsonata/evaluator.h"

namespace junctor::jsonata {
namespace {

void merge_keys(Call& c, Value value, Object* into) {
  c.ev.tick();
  if (value.is_array()) {
    for (std::size_t i = 0; i < array_size(value); ++i) {
      const Value item = array_at(value, i);
      c.ev.deeper([&] { merge_keys(c, item, into); });
    }
    return;
  }
  c.ev.each_member(value, [&](Value key, Value) {
    c.ev.set(into, key.text(), Value::of(true));
  });
}

Value keys(Call& c) {
  Object* all = c.ev.new_object(0);
  merge_keys(c, c.args[0], all);
  Array* out = c.ev.new_sequence(all->size);
  c.ev.each_member(Value::of(all), [&](Value key, Value) { c.ev.push(out, key); });
  return Value::of(out);
}

void lookup_into(Call& c, Value input, std::string_view key, Array* out) {
  c.ev.tick();
  for (std::size_t i = 0; i < array_size(input); ++i) {
    const Value item = array_at(input, i);
    if (item.is_array()) {
      c.ev.deeper([&] { lookup_into(c, item, key, out); });
      continue;
    }
    const Value found = c.ev.get(item, key);
    if (found.is_array()) {
      for (std::size_t k = 0; k < array_size(found); ++k) c.ev.push(out, array_at(found, k));
    } else if (found.is_defined()) {
      c.ev.push(out, found);
    }
  }
}

Value lookup(Call& c) {
  if (!c.args[1].is_string()) return {};
  if (!c.args[0].is_array()) return c.ev.get(c.args[0], c.args[1].text());
  Array* out = c.ev.new_sequence();
  lookup_into(c, c.args[0], c.args[1].text(), out);
  return Value::of(out);
}

void spread_into(Call& c, Value value, Array* out) {
  c.ev.tick();
  if (value.is_array()) {
    for (std::size_t i = 0; i < array_size(value); ++i) {
      const Value item = array_at(value, i);
      if (item.is_defined()) out->sequence = false;
      c.ev.deeper([&] { spread_into(c, item, out); });
    }
  } else if (value.is_object()) {
    c.ev.each_member(value, [&](Value key, Value member) {
      Object* one = c.ev.new_object(1);
      c.ev.set(one, key.text(), member);
      c.ev.push(out, Value::of(one));
    });
  } else if (value.is_defined()) {
    c.ev.push(out, value);
  }
}

Value spread(Call& c) {
  if (!c.args[0].is_array() && !c.args[0].is_object()) return c.args[0];
  Array* out = c.ev.new_sequence();
  spread_into(c, c.args[0], out);
  return Value::of(out);
}

Value merge(Call& c) {
  if (c.args[0].is_undefined()) return {};
  Object* out = c.ev.new_object(0);
  for (std::size_t i = 0; i < array_size(c.args[0]); ++i) {
    c.ev.tick();
    c.ev.each_member(array_at(c.args[0], i), [&](Value key, Value value) {
      c.ev.set(out, key.text(), value);
    });
  }
  return Value::of(out);
}

Value type(Call& c) {
  const Value& v = c.args[0];
  switch (v.tag) {
    case Tag::undefined: return {};
    case Tag::null: return Value::of(std::string_view("null"));
    case Tag::boolean: return Value::of(std::string_view("boolean"));
    case Tag::number:
      return Value::of(std::string_view(Evaluator::is_numeric(v) ? "number" : "object"));
    case Tag::string: return Value::of(std::string_view("string"));
    case Tag::array:
    case Tag::json_array: return Value::of(std::string_view("array"));
    case Tag::function: return Value::of(std::string_view("function"));
    default: return Value::of(std::string_view("object"));
  }
}

Value boolean(Call& c) {
  return c.args[0].is_undefined() ? Value{} : Value::of(c.ev.truthy(c.args[0]));
}

Value negation(Call& c) {
  return c.args[0].is_undefined() ? Value{} : Value::of(!c.ev.truthy(c.args[0]));
}

Value error(Call& c) {
  const bool given = c.args[0].is_string() && c.args[0].extra > 0;
  fault("D3137", {.value = given ? std::string(c.args[0].text()) : "$error() function evaluated"});
}

Value assertion(Call& c) {
  if (c.args[0].tag == Tag::boolean && c.args[0].boolean) return {};
  const bool given = c.args[1].is_string() && c.args[1].extra > 0;
  fault("D3141", {.value = given ? std::string(c.args[1].text()) : "$assert() statement failed"});
}

Value clone(Call& c) { return c.args[0].is_undefined() ? Value{} : c.ev.clone(c.args[0]); }

Value evaluate(Call& c) {
  if (!c.args[0].is_string()) return {};
  Value input = c.context;
  if (c.args[1].is_defined()) {
    input = c.args[1];
    if (input.is_array() && !is_sequence(input)) {
      Array* wrapper = c.ev.new_sequence_of(input);
      wrapper->outer_wrapper = true;
      input = Value::of(wrapper);
    }
  }
  return c.ev.eval_text(c.args[0].text(), input, c.frame);
}

}  // namespace

std::vector<Builtin> object_functions() {
  return {
      {"keys", keys, "<x-:a<s>>", 1},
      {"lookup", lookup, "<x-s:x>", 2},
      {"spread", spread, "<x-:a<o>>", 1},
      {"merge", merge, "<a<o>:o>", 1},
      {"type", type, "<x:s>", 1},
      {"boolean", boolean, "<x-:b>", 1},
      {"not", negation, "<x-:b>", 1},
      {"error", error, "<s?:x>", 1},
      {"assert", assertion, "<bs?:x>", 2},
      {"clone", clone, "<(oa)-:o>", 1},
      {"eval", evaluate, "<sx?:x>", 2},
  };
}

}  // namespace junctor::jsonata
