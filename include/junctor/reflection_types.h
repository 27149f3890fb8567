// Part of reflection.h: how the tables are made for each kind of type.
#pragma once

#include "junctor/reflection.h"

namespace junctor::reflect {

template <typename T>
constexpr std::string_view signature() {
  return __PRETTY_FUNCTION__;
}

template <typename T>
struct Build;  // make() for every type that may stand in a described struct

template <typename T>
Type plain(Kind kind) {
  Type type;
  type.kind = kind;
  type.bytes = sizeof(T);
  return type;
}

template <>
struct Build<bool> {
  static Type make() { return plain<bool>(Kind::boolean); }
};
template <>
struct Build<std::string> {
  static Type make() { return plain<std::string>(Kind::string); }
};
template <>
struct Build<Json> {
  static Type make() {
    Type type;
    type.kind = Kind::json;
    return type;
  }
};

template <typename T>
  requires std::is_integral_v<T>
struct Build<T> {
  static Type make() {
    return plain<T>(std::is_signed_v<T> ? Kind::signed_integer : Kind::unsigned_integer);
  }
};
template <typename T>
  requires std::is_floating_point_v<T>
struct Build<T> {
  static_assert(sizeof(T) <= sizeof(double), "JSON has no numbers beyond double");
  static Type make() { return plain<T>(Kind::number); }
};

template <>
struct Build<Timestamp> {
  static Type make() {
    Type type = plain<Timestamp>(Kind::text);
    type.format = "date-time";
    type.to_text = [](const void* value) { return to_string(*static_cast<const Timestamp*>(value)); };
    type.from_text = [](std::string_view text, void* value) {
      const auto read = timestamp_from(text);
      if (read) *static_cast<Timestamp*>(value) = *read;
      return read.has_value();
    };
    return type;
  }
};

template <typename T>
concept IdLike = requires(const T& id, std::string_view text) {
  { id.to_string() } -> std::same_as<std::string>;
  { T::parse(text) } -> std::same_as<std::optional<T>>;
  T::generate();
};
template <IdLike T>
struct Build<T> {
  static Type make() {
    Type type = plain<T>(Kind::text);
    type.format = "uuid";
    type.to_text = [](const void* value) { return static_cast<const T*>(value)->to_string(); };
    type.from_text = [](std::string_view text, void* value) {
      const auto read = T::parse(text);
      if (read) *static_cast<T*>(value) = *read;
      return read.has_value();
    };
    return type;
  }
};

template <typename T>
struct Build<std::optional<T>> {
  using Optional = std::optional<T>;
  static Type make() {
    Type type = plain<Optional>(Kind::optional);
    type.element = type_of<T>;
    type.emplace = [](void* at, std::string_view) -> void* {
      return &static_cast<Optional*>(at)->emplace();
    };
    type.clear = [](void* at) { static_cast<Optional*>(at)->reset(); };
    type.for_each = [](const void* at, void* context, Visit visit) {
      const auto& value = *static_cast<const Optional*>(at);
      if (value) visit(context, {}, &*value);
    };
    return type;
  }
};

template <typename T>
struct Build<std::vector<T>> {
  static_assert(!std::is_same_v<T, bool>, "std::vector<bool> has no elements to point at");
  using List = std::vector<T>;
  static Type make() {
    Type type = plain<List>(Kind::list);
    type.element = type_of<T>;
    type.emplace = [](void* at, std::string_view) -> void* {
      return &static_cast<List*>(at)->emplace_back();
    };
    type.clear = [](void* at) { static_cast<List*>(at)->clear(); };
    type.for_each = [](const void* at, void* context, Visit visit) {
      for (const T& element : *static_cast<const List*>(at)) visit(context, {}, &element);
    };
    return type;
  }
};

template <typename T, typename Less>
struct Build<std::map<std::string, T, Less>> {
  using Map = std::map<std::string, T, Less>;
  static Type make() {
    Type type = plain<Map>(Kind::map);
    type.element = type_of<T>;
    type.emplace = [](void* at, std::string_view key) -> void* {
      return &(*static_cast<Map*>(at))[std::string(key)];
    };
    type.clear = [](void* at) { static_cast<Map*>(at)->clear(); };
    type.for_each = [](const void* at, void* context, Visit visit) {
      for (const auto& [key, element] : *static_cast<const Map*>(at)) visit(context, key, &element);
    };
    return type;
  }
};

template <typename... Ts>
struct Build<std::variant<Ts...>> {
  using Variant = std::variant<Ts...>;
  template <std::size_t i>
  static void* emplace_at(void* at) {
    return &static_cast<Variant*>(at)->template emplace<i>();
  }
  template <std::size_t... is>
  static void* emplace_any(void* at, std::size_t index, std::index_sequence<is...>) {
    using Emplace = void* (*)(void*);
    static constexpr Emplace all[] = {emplace_at<is>...};
    return all[index](at);
  }
  static Type make() {
    Type type = plain<Variant>(Kind::variant);
    type.alternatives = {type_of<Ts>...};
    type.index = [](const void* at) { return static_cast<const Variant*>(at)->index(); };
    type.alternative = [](const void* at) {
      return std::visit([](const auto& value) -> const void* { return &value; },
                        *static_cast<const Variant*>(at));
    };
    type.emplace_alternative = [](void* at, std::size_t index) {
      return emplace_any(at, index, std::index_sequence_for<Ts...>());
    };
    return type;
  }
};

template <typename T>
  requires std::is_enum_v<T>
struct Build<T> {
  static_assert(boost::describe::has_describe_enumerators<T>::value,
                "describe the enum with JUNCTOR_DESCRIBE_ENUM");
  static Type make() {
    Type type = plain<T>(Kind::enumeration);
    type.name = last_name(signature<T>());
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto described) {
      type.enumerators.push_back(
          {json_name_of(described.name), static_cast<std::int64_t>(described.value)});
    });
    return type;
  }
};

template <typename T>
  requires boost::describe::has_describe_members<T>::value
struct Build<T> {
  using Members = boost::describe::describe_members<
      T, boost::describe::mod_public | boost::describe::mod_inherited>;

  template <typename Described>
  static void* at(void* object) {
    return &(static_cast<T*>(object)->*Described::pointer);
  }
  template <typename Pointer>
  struct Pointee;
  template <typename Class, typename M>
  struct Pointee<M Class::*> {
    using type = M;
  };

  static Type make() {
    Type type = plain<T>(Kind::object);
    type.name = last_name(signature<T>());
    type.fresh = []() -> const void* {
      static const T value{};
      return &value;
    };
    boost::mp11::mp_for_each<Members>([&](auto described) {
      using Described = decltype(described);
      using M = typename Pointee<std::remove_cv_t<decltype(Described::pointer)>>::type;
      Member member;
      member.name = Described::name;  // apply_notes turns it into the JSON name
      member.type = type_of<M>;
      member.at = at<Described>;
      type.members.push_back(std::move(member));
    });
    if constexpr (requires { annotations(Tag<T>()); }) type.notes = annotations(Tag<T>());
    apply_notes(type);
    return type;
  }
};

template <typename T>
const Type& type_of() {
  static const Type type = Build<T>::make();
  return type;
}

}  // namespace junctor::reflect
