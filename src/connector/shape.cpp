#include "connector/shape.h"

#include <array>
#include <boost/core/demangle.hpp>

namespace junctor::connector {

std::string key_of(std::string_view member_name) {
  if (member_name == "catches") return "catch";
  if (member_name == "passes") return "pass";
  if (member_name.ends_with('_')) member_name.remove_suffix(1);
  return std::string(member_name);
}

std::string bare_type_name(const char* mangled) {
  const std::string name = boost::core::demangle(mangled);
  const auto colon = name.rfind(':');
  return colon == std::string::npos ? name : name.substr(colon + 1);
}

const Shape& integration_shape() { return shape_of<Integration>(); }

namespace {

const Member* find(const Shape& structure, std::string_view key) {
  for (const Member& member : structure.members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

struct ShortForm {
  std::string_view structure;
  std::string_view member;
};

constexpr std::array short_forms = {
    ShortForm{"FieldMapping", "from"}, ShortForm{"CacheSpec", "ttl"},   ShortForm{"WireStep", "action"},
    ShortForm{"Option", "value"},      ShortForm{"EnvVar", "name"},     ShortForm{"SchemaDef", "schema"},
    ShortForm{"ResponseSpec", "map"},  ShortForm{"CursorSpec", "value"}, ShortForm{"GraphqlRequest", "query"},
};

}  // namespace

const Member* name_member(const Shape& structure) {
  if (structure.kind != ShapeKind::structure || structure.name == "Auth") return nullptr;
  const std::string& first = structure.members.front().key;
  const bool names = first == "slug" || first == "name" || first == "key" || first == "to" || first == "field";
  return names ? &structure.members.front() : nullptr;
}

const Member* short_member(const Shape& structure) {
  for (const ShortForm& form : short_forms) {
    if (form.structure == structure.name) return find(structure, form.member);
  }
  return nullptr;
}

}  // namespace junctor::connector
