// Described structs and JSON: one struct is the value, its reader, its writer and its JSON Schema.
//
//   struct Employee {
//     std::string id;
//     std::optional<std::string> nick_name;
//     int vacation_days = 25;
//   };
//   JUNCTOR_DESCRIBE(Employee, (id, nick_name, vacation_days))
//
// Members may be bool, integers, float, double, std::string, enums described with
// JUNCTOR_DESCRIBE_ENUM, described structs, std::optional, std::vector, std::map<std::string, T>,
// std::variant, Timestamp, Uuid and UuidOf, and Json itself, in any nesting. A trailing underscore of
// a name is not part of its JSON name (`class_` is "class").
//
// A member is required unless it is a std::optional, a struct without required members, or its
// initialiser gives another value than T{}: that value is the JSON Schema default. Annotations may
// say otherwise.
//
// Threads: any thread; the tables are made once per type and never change.
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "junctor/clock.h"
#include "junctor/ids.h"
#include "junctor/json.h"
#include "junctor/result.h"

#define JUNCTOR_DESCRIBE(Struct, members) BOOST_DESCRIBE_STRUCT(Struct, (), members)
#define JUNCTOR_DESCRIBE_ENUM(...) BOOST_DESCRIBE_ENUM(__VA_ARGS__)

namespace junctor {

// What a schema says about a member beyond its type. Texts must outlive the program: literals.
struct FieldNote {
  enum class Required : std::uint8_t { by_type, yes, no };

  std::string_view member{};  // its name in C++
  std::string_view json_name{};
  std::string_view title{};
  std::string_view description{};
  std::string_view format{};
  std::string_view pattern{};
  std::optional<double> minimum{};
  std::optional<double> maximum{};
  std::optional<std::size_t> min_length{};  // of a string, or of a list
  std::optional<std::size_t> max_length{};
  Required required = Required::by_type;
};

struct Annotations {
  std::string_view title{};
  std::string_view description{};
  std::vector<FieldNote> fields{};
};

// Beside a struct, in its namespace: `inline junctor::Annotations annotations(junctor::Tag<Employee>)`.
template <typename T>
struct Tag {};

namespace reflect {

enum class Kind : std::uint8_t {
  boolean, signed_integer, unsigned_integer, number, string, text, enumeration,
  object, list, map, optional, variant, json,
};

struct Type;
using TypeOf = const Type& (*)();

struct Member {
  std::string name;  // in JSON
  TypeOf type = nullptr;
  void* (*at)(void* object) = nullptr;
  FieldNote note;
};

struct Enumerator {
  std::string name;
  std::int64_t value = 0;
};

using Visit = void (*)(void* context, std::string_view key, const void* element);

// What the erased code needs to know about a type. Functions that do not apply are null.
struct Type {
  Kind kind = Kind::json;
  std::string_view name{};    // of a struct or enum, without namespaces
  std::string_view format{};  // of a text
  std::size_t bytes = 0;      // of a number or enumeration
  TypeOf element = nullptr;   // of a list, map or optional
  std::vector<TypeOf> alternatives{};
  std::vector<Member> members{};
  std::vector<Enumerator> enumerators{};
  Annotations notes{};

  const void* (*fresh)() = nullptr;  // a value-initialised object, for its defaults
  // The place of a new element: at the end of a list, under a key, in the optional.
  void* (*emplace)(void* container, std::string_view key) = nullptr;
  void* (*emplace_alternative)(void* variant, std::size_t index) = nullptr;
  void (*clear)(void* container) = nullptr;
  void (*for_each)(const void* container, void* context, Visit visit) = nullptr;
  std::size_t (*index)(const void* variant) = nullptr;
  const void* (*alternative)(const void* variant) = nullptr;
  std::string (*to_text)(const void* value) = nullptr;
  bool (*from_text)(std::string_view text, void* value) = nullptr;
};

Json write(const Type& type, const void* value);
// Reads what it can and adds a problem for each fault.
void read(const Type& type, const Json& json, void* value, std::vector<Problem>& problems);
Json schema(const Type& type);

std::optional<Timestamp> timestamp_from(std::string_view text);
std::string_view last_name(std::string_view signature);
std::string json_name_of(std::string_view name);
// Adds the notes to the members they name; a note without a member is a bug.
void apply_notes(Type& type);

template <typename T>
const Type& type_of();

}  // namespace reflect

// The value as JSON. Empty optionals are left out.
template <typename T>
Json to_json(const T& value) {
  return reflect::write(reflect::type_of<T>(), &value);
}

// The value read from JSON, or every fault with its path ("address.lines[2]"). Unknown members are
// ignored; null counts as absent for optionals only; 3.0 is an integer. Checks types, required
// members, enumerators and ranges of integers; the rest is for the schema to judge.
template <typename T>
Result<T> from_json(const Json& json) {
  T value{};
  std::vector<Problem> problems;
  reflect::read(reflect::type_of<T>(), json, &value, problems);
  if (!problems.empty()) return problems;
  return value;
}

// The JSON Schema 2020-12 of a type: what it accepts, from_json reads.
template <typename T>
Json schema_of() {
  return reflect::schema(reflect::type_of<T>());
}

}  // namespace junctor

#include "junctor/reflection_types.h"
