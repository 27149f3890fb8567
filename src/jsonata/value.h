// What an evaluation works with: 16 bytes, copied freely, owned by the arena or by the input.
//
// Threads: belongs to one evaluation.
// Lifetime: arena values until the arena is used again; borrowed ones as long as the input.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace junctor::jsonata {

namespace bj = boost::json;

enum class Tag : std::uint32_t {
  undefined,
  null,
  boolean,
  number,
  string,
  json_array,   // borrowed from the input
  json_object,  // borrowed from the input
  array,        // in the arena; may be a sequence
  object,       // in the arena
  function,
  tuple,      // an element of a tuple stream: slots of the path's scope
  unbound,    // a variable that has not been assigned yet
  tail_call,  // a call left to the caller's loop
};

struct Array;
struct Object;
struct Function;

struct Value {
  Tag tag = Tag::undefined;
  std::uint32_t extra = 0;  // length of a string; origin of a scalar when lineage is recorded
  union {
    double number;
    bool boolean;
    const char* chars;
    const bj::array* json_array;
    const bj::object* json_object;
    Array* array;
    Object* object;
    Function* function;
    Value* slots;
    std::uint64_t bits = 0;
  };

  constexpr Value() = default;
  constexpr Value(Tag kind, std::uint32_t length = 0) : tag(kind), extra(length) {}  // NOLINT: implicit

  static Value null() { return {Tag::null}; }
  static Value unbound() { return {Tag::unbound}; }
  static Value of(bool b) {
    Value v{Tag::boolean};
    v.bits = b ? 1 : 0;
    return v;
  }
  static Value of(double d) {
    Value v{Tag::number};
    v.number = d;
    return v;
  }
  static Value of(std::string_view s) {
    Value v{Tag::string, static_cast<std::uint32_t>(s.size())};
    v.chars = s.data();
    return v;
  }
  static Value of(Array* a) {
    Value v{Tag::array};
    v.array = a;
    return v;
  }
  static Value of(Object* o) {
    Value v{Tag::object};
    v.object = o;
    return v;
  }
  static Value of(Function* f) {
    Value v{Tag::function};
    v.function = f;
    return v;
  }
  static Value tuple(Value* slots) {
    Value v{Tag::tuple};
    v.slots = slots;
    return v;
  }
  static Value of(const char*) = delete;

  bool is_undefined() const { return tag == Tag::undefined; }
  bool is_defined() const { return tag != Tag::undefined; }
  bool is_string() const { return tag == Tag::string; }
  bool is_number() const { return tag == Tag::number; }
  bool is_array() const { return tag == Tag::array || tag == Tag::json_array; }
  bool is_object() const { return tag == Tag::object || tag == Tag::json_object; }
  bool is_function() const { return tag == Tag::function; }
  std::string_view text() const { return {chars, extra}; }
};
static_assert(sizeof(Value) == 16 && std::is_trivially_copyable_v<Value>);

struct Array {
  Value* data = nullptr;
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;
  bool sequence = false;        // singletons unwrap, empty ones vanish
  bool keep_singleton = false;  // …unless this says not to
  bool cons = false;            // made by [ ] in a path: not flattened
  bool outer_wrapper = false;   // around an input that is an array
  bool tuples = false;          // elements are tuples
  Value* begin() const { return data; }
  Value* end() const { return data + size; }
};

struct Member {
  Value key;  // always a string
  Value value;
};

// Members as they came; settled, in JavaScript's order: integer keys ascending, then the others.
struct Object {
  Member* members = nullptr;
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;
  std::uint32_t* index = nullptr;  // open addressing, positions + 1; absent while small
  std::uint32_t index_size = 0;    // a power of two
  std::uint32_t integer_keys = 0;  // how many of the first keys are integers in order
  bool unordered = false;          // an integer key came late: to be settled before iterating
};

inline Value from_json(const bj::value& json) {
  switch (json.kind()) {
    case bj::kind::null: return Value::null();
    case bj::kind::bool_: return Value::of(json.get_bool());
    case bj::kind::int64: return Value::of(static_cast<double>(json.get_int64()));
    case bj::kind::uint64: return Value::of(static_cast<double>(json.get_uint64()));
    case bj::kind::double_: return Value::of(json.get_double());
    case bj::kind::string: {
      const bj::string& s = json.get_string();
      return Value::of(std::string_view(s.data(), s.size()));
    }
    case bj::kind::array: {
      Value v{Tag::json_array};
      v.json_array = &json.get_array();
      return v;
    }
    case bj::kind::object: {
      Value v{Tag::json_object};
      v.json_object = &json.get_object();
      return v;
    }
  }
  return {};
}

inline std::size_t array_size(Value v) {
  return v.tag == Tag::array ? v.array->size : v.json_array->size();
}
inline Value array_at(Value v, std::size_t i) {
  return v.tag == Tag::array ? v.array->data[i] : from_json((*v.json_array)[i]);
}
inline bool is_sequence(Value v) { return v.tag == Tag::array && v.array->sequence; }
inline bool is_tuples(Value v) { return v.tag == Tag::array && v.array->tuples; }

}  // namespace junctor::jsonata
