// What the described structs of a definition look like at run time: one table that the YAML decoder,
// the writer, the published JSON Schema and the reference page all walk.
//
// Threads: shapes are immutable after their first use; any thread.
// Lifetime: static.
#pragma once

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "junctor/integration.h"

namespace junctor::connector {

enum class ShapeKind {
  structure, list, optional, text, boolean, integer, number, enumeration, json, duration, bytes, jsonata,
  value_spec, place_template, schema_ref, handler
};

struct Shape;

struct Member {
  std::string key;  // as in YAML
  const Shape* shape = nullptr;
  void* (*at)(void* object) = nullptr;
};

// Only the functions of its kind are set.
struct Shape {
  ShapeKind kind = ShapeKind::text;
  std::string name;                          // of a structure or an enumeration: "ApiCall"
  std::vector<Member> members;               // structure
  const void* default_object = nullptr;      // structure
  std::vector<std::string> words;            // enumeration
  void (*set_word)(void*, std::size_t) = nullptr;
  std::size_t (*get_word)(const void*) = nullptr;
  const Shape* element = nullptr;            // list, optional
  void* (*append)(void*) = nullptr;          // list
  std::size_t (*size)(const void*) = nullptr;
  void* (*item)(void*, std::size_t) = nullptr;
  void (*clear)(void*) = nullptr;            // list, optional
  void* (*emplace)(void*) = nullptr;         // optional
  void* (*peek)(void*) = nullptr;            // optional: nullptr when empty
  void (*set_integer)(void*, std::int64_t) = nullptr;  // integer
  std::int64_t (*get_integer)(const void*) = nullptr;
  std::int64_t lowest = 0, highest = 0;
};

// "default_" → "default", "catches" → "catch", "passes" → "pass".
std::string key_of(std::string_view member_name);
// "junctor::ApiCall" → "ApiCall".
std::string bare_type_name(const char* mangled);

template <typename T>
const Shape& shape_of();

namespace detail {

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <typename T>
constexpr ShapeKind leaf_kind() {
  if constexpr (std::is_same_v<T, std::string>) return ShapeKind::text;
  else if constexpr (std::is_same_v<T, bool>) return ShapeKind::boolean;
  else if constexpr (std::is_integral_v<T>) return ShapeKind::integer;
  else if constexpr (std::is_same_v<T, double>) return ShapeKind::number;
  else if constexpr (std::is_same_v<T, Json>) return ShapeKind::json;
  else if constexpr (std::is_same_v<T, Duration>) return ShapeKind::duration;
  else if constexpr (std::is_same_v<T, ByteCount>) return ShapeKind::bytes;
  else if constexpr (std::is_same_v<T, Jsonata>) return ShapeKind::jsonata;
  else if constexpr (std::is_same_v<T, ValueSpec>) return ShapeKind::value_spec;
  else if constexpr (std::is_same_v<T, Template>) return ShapeKind::place_template;
  else if constexpr (std::is_same_v<T, SchemaRef>) return ShapeKind::schema_ref;
  else if constexpr (std::is_same_v<T, ActionHandler>) return ShapeKind::handler;
  else static_assert(sizeof(T) == 0, "no shape for this type");
}

template <typename T>
void make_list(Shape& shape) {
  using Element = typename T::value_type;
  shape.kind = ShapeKind::list;
  shape.element = &shape_of<Element>();
  shape.append = [](void* list) -> void* { return &static_cast<T*>(list)->emplace_back(); };
  shape.size = [](const void* list) { return static_cast<const T*>(list)->size(); };
  shape.item = [](void* list, std::size_t i) -> void* { return &(*static_cast<T*>(list))[i]; };
  shape.clear = [](void* list) { static_cast<T*>(list)->clear(); };
}

template <typename T>
void make_optional(Shape& shape) {
  shape.kind = ShapeKind::optional;
  shape.element = &shape_of<typename T::value_type>();
  shape.emplace = [](void* object) -> void* { return &static_cast<T*>(object)->emplace(); };
  shape.clear = [](void* object) { static_cast<T*>(object)->reset(); };
  shape.peek = [](void* object) -> void* {
    auto& optional = *static_cast<T*>(object);
    return optional ? &*optional : nullptr;
  };
}

template <typename T>
struct EnumTable {
  static const std::vector<T>& values() {
    static const std::vector<T> all = [] {
      std::vector<T> out;
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
          [&out](auto d) { out.push_back(d.value); });
      return out;
    }();
    return all;
  }
};

template <typename T>
void make_enumeration(Shape& shape) {
  shape.kind = ShapeKind::enumeration;
  shape.name = bare_type_name(typeid(T).name());
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
      [&shape](auto d) { shape.words.push_back(key_of(d.name)); });
  shape.set_word = [](void* object, std::size_t i) {
    *static_cast<T*>(object) = EnumTable<T>::values().at(i);
  };
  shape.get_word = [](const void* object) {
    const auto& all = EnumTable<T>::values();
    std::size_t i = 0;
    while (i < all.size() && all[i] != *static_cast<const T*>(object)) ++i;
    return i;
  };
}

template <typename T>
void make_structure(Shape& shape) {
  static const T default_object{};
  shape.kind = ShapeKind::structure;
  shape.name = bare_type_name(typeid(T).name());
  shape.default_object = &default_object;
  using All = boost::describe::describe_members<T, boost::describe::mod_public>;
  boost::mp11::mp_for_each<All>([&shape](auto d) {
    using D = decltype(d);
    using M = std::remove_reference_t<decltype(std::declval<T&>().*D::pointer)>;
    Member member;
    member.key = key_of(D::name);
    member.shape = &shape_of<M>();
    member.at = [](void* object) -> void* { return &(static_cast<T*>(object)->*D::pointer); };
    shape.members.push_back(member);
  });
}

template <typename T>
void make_integer(Shape& shape) {
  shape.kind = ShapeKind::integer;
  shape.set_integer = [](void* object, std::int64_t v) { *static_cast<T*>(object) = static_cast<T>(v); };
  shape.get_integer = [](const void* object) {
    return static_cast<std::int64_t>(*static_cast<const T*>(object));
  };
  shape.lowest = static_cast<std::int64_t>(std::numeric_limits<T>::min());
  shape.highest = static_cast<std::int64_t>(std::numeric_limits<T>::max());
}

}  // namespace detail

template <typename T>
const Shape& shape_of() {
  static const Shape shape = [] {
    Shape made;
    if constexpr (detail::IsVector<T>::value) detail::make_list<T>(made);
    else if constexpr (detail::IsOptional<T>::value) detail::make_optional<T>(made);
    else if constexpr (boost::describe::has_describe_enumerators<T>::value) detail::make_enumeration<T>(made);
    else if constexpr (boost::describe::has_describe_members<T>::value) detail::make_structure<T>(made);
    else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) detail::make_integer<T>(made);
    else made.kind = detail::leaf_kind<T>();
    return made;
  }();
  return shape;
}

// The shape of a whole definition.
const Shape& integration_shape();

// How a list of this structure may be written as a mapping: the member that the mapping's keys fill
// ("slug", "name", "key", "to"); nullptr when it has none.
const Member* name_member(const Shape& structure);
// The member that a bare scalar (or schema) stands for: `ttl` of a cache; nullptr when it has none.
const Member* short_member(const Shape& structure);

}  // namespace junctor::connector
