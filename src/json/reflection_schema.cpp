#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <set>

#include "junctor/reflection.h"

namespace junctor::reflect {

// In reflection.cpp.
bool has_default(const Type& type, const Member& member);
bool is_required_member(const Type& type, const Member& member);

namespace {

// Structs are written where they are used; those that contain themselves go to `$defs`.
class SchemaWriter {
 public:
  explicit SchemaWriter(const Type& root) : root_(root) { find_recursive(root); }

  Json run() {
    Json body = write_type(root_, true);
    JsonObject out;
    out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
    for (const auto& member : body.get_object()) out[member.key()] = member.value();
    if (!definitions_.empty()) out["$defs"] = std::move(definitions_);
    return out;
  }

 private:
  void find_recursive(const Type& type) {
    if (open_.contains(&type)) {
      recursive_.insert(&type);
      return;
    }
    if (!seen_.insert(&type).second) return;
    open_.insert(&type);
    if (type.element != nullptr) find_recursive(type.element());
    for (const TypeOf one : type.alternatives) find_recursive(one());
    for (const Member& member : type.members) find_recursive(member.type());
    open_.erase(&type);
  }

  JsonObject write_type(const Type& type, bool in_place) {
    if (type.kind == Kind::object && recursive_.contains(&type) && !in_place) return reference_to(type);
    JsonObject out;
    switch (type.kind) {
      case Kind::boolean: out["type"] = "boolean"; break;
      case Kind::signed_integer: case Kind::unsigned_integer: write_integer(type, out); break;
      case Kind::number: out["type"] = "number"; break;
      case Kind::string: out["type"] = "string"; break;
      case Kind::text:
        out["type"] = "string";
        out["format"] = type.format;
        break;
      case Kind::enumeration: write_enumeration(type, out); break;
      case Kind::object: write_object(type, out); break;
      case Kind::list:
        out["type"] = "array";
        out["items"] = write_type(type.element(), false);
        break;
      case Kind::map:
        out["type"] = "object";
        out["additionalProperties"] = write_type(type.element(), false);
        break;
      case Kind::optional: write_optional(type, out); break;
      case Kind::variant: {
        JsonArray any;
        for (const TypeOf one : type.alternatives) any.push_back(write_type(one(), false));
        out["anyOf"] = std::move(any);
        break;
      }
      case Kind::json: break;
    }
    return out;
  }

  JsonObject reference_to(const Type& type) {
    if (&type == &root_) return {{"$ref", "#"}};
    const std::string name = definition_name(type);
    if (written_.insert(&type).second) {
      JsonObject body = write_type(type, true);
      definitions_[name] = std::move(body);
    }
    return {{"$ref", "#/$defs/" + name}};
  }

  // Two structs of one name from different namespaces get a number.
  std::string definition_name(const Type& type) {
    const auto known = names_.find(&type);
    if (known != names_.end()) return known->second;
    std::string name(type.name);
    for (int i = 2; !taken_.insert(name).second; ++i) name = std::string(type.name) + std::to_string(i);
    return names_[&type] = name;
  }

  static void write_integer(const Type& type, JsonObject& out) {
    out["type"] = "integer";
    const bool is_signed = type.kind == Kind::signed_integer;
    const auto unused = static_cast<int>(64 - 8 * type.bytes);
    out["minimum"] = is_signed ? INT64_MIN >> unused : 0;
    out["maximum"] = is_signed ? Json(INT64_MAX >> unused) : Json(UINT64_MAX >> unused);
  }

  static void write_enumeration(const Type& type, JsonObject& out) {
    JsonArray names;
    for (const Enumerator& one : type.enumerators) names.emplace_back(one.name);
    out["type"] = "string";
    out["enum"] = std::move(names);
  }

  void write_optional(const Type& type, JsonObject& out) {
    JsonObject inner = write_type(type.element(), false);
    const Json* kind = inner.if_contains("type");
    if (kind != nullptr && kind->is_string() && !inner.contains("enum")) {
      out = std::move(inner);
      out["type"] = JsonArray{out["type"], "null"};
    } else if (inner.empty()) {
      out = std::move(inner);
    } else {
      out["anyOf"] = JsonArray{std::move(inner), JsonObject{{"type", "null"}}};
    }
  }

  void write_object(const Type& type, JsonObject& out) {
    if (!type.notes.title.empty()) out["title"] = type.notes.title;
    if (!type.notes.description.empty()) out["description"] = type.notes.description;
    out["type"] = "object";
    JsonObject properties;
    JsonArray required;
    for (const Member& member : type.members) {
      JsonObject property = write_type(member.type(), false);
      annotate(member, property);
      const bool is_required = is_required_member(type, member);
      if (is_required) required.emplace_back(member.name);
      const bool by_note = member.note.required == FieldNote::Required::no;
      if (has_default(type, member) || (by_note && member.type().kind != Kind::optional)) {
        property["default"] = write(member.type(), member.at(const_cast<void*>(type.fresh())));
      } else if (!is_required && member.type().kind == Kind::object) {
        property["default"] = JsonObject();
      }
      properties[member.name] = std::move(property);
    }
    out["properties"] = std::move(properties);
    if (!required.empty()) out["required"] = std::move(required);
  }

  static void annotate(const Member& member, JsonObject& out) {
    const FieldNote& note = member.note;
    const auto put = [&](const char* keyword, std::string_view text) {
      if (!text.empty()) out[keyword] = text;
    };
    const auto put_number = [&](const char* keyword, const std::optional<double>& number) {
      if (!number) return;
      const bool whole = std::trunc(*number) == *number && std::fabs(*number) < 9e15;
      out[keyword] = whole ? Json(static_cast<std::int64_t>(*number)) : Json(*number);
    };
    put("title", note.title);
    put("description", note.description);
    put("format", note.format);
    put("pattern", note.pattern);
    put_number("minimum", note.minimum);
    put_number("maximum", note.maximum);
    const Type& type = member.type();
    const Kind kind = type.kind == Kind::optional ? type.element().kind : type.kind;
    const bool is_list = kind == Kind::list;
    if (note.min_length) out[is_list ? "minItems" : "minLength"] = *note.min_length;
    if (note.max_length) out[is_list ? "maxItems" : "maxLength"] = *note.max_length;
  }

  const Type& root_;
  std::set<const Type*> open_, seen_, recursive_, written_;
  std::map<const Type*, std::string> names_;
  std::set<std::string> taken_;
  JsonObject definitions_;
};

}  // namespace

Json schema(const Type& type) { return SchemaWriter(type).run(); }

}  // namespace junctor::reflect
