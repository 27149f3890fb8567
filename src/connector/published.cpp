#include "connector/published.h"

#include <boost/json/value.hpp>
#include <set>

#include "connector/encode.h"
#include "connector/shape.h"
#include "json/serialize.h"

namespace junctor::connector {
namespace {

Json reference(const Shape& shape) { return JsonObject{{"$ref", "#/$defs/" + shape.name}}; }
Json typed(const char* type) { return JsonObject{{"type", type}}; }

class Publisher final {
 public:
  Json run() {
    Json root = schema(integration_shape());
    JsonObject out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "integration.yaml of Junctor"},
                   {"description", "docs/definitions.md explains every key."},
                   {"$ref", "#/$defs/Integration"},
                   {"$defs", std::move(defs_)}};
    return out;
  }

 private:
  Json schema(const Shape& shape) {
    switch (shape.kind) {
      case ShapeKind::structure: return structure(shape);
      case ShapeKind::optional: return schema(*shape.element);
      case ShapeKind::list: return list(shape);
      case ShapeKind::enumeration: return enumeration(shape);
      case ShapeKind::boolean: return typed("boolean");
      case ShapeKind::integer: return typed("integer");
      case ShapeKind::number: return typed("number");
      case ShapeKind::text:
      case ShapeKind::place_template: return JsonObject{{"type", JsonArray{"string", "number", "boolean"}}};
      case ShapeKind::jsonata: return JsonObject{{"type", JsonArray{"string", "number", "boolean"}}, {"description", "JSONata"}};
      case ShapeKind::duration:
        return JsonObject{{"type", JsonArray{"string", "integer"}}, {"pattern", "^(0|([0-9]+(ms|s|m|h|d))+)$"}};
      case ShapeKind::bytes:
        return JsonObject{{"type", JsonArray{"string", "integer"}}, {"pattern", "^[0-9]+(B|KB|MB|GB|KiB|MiB|GiB)?$"}};
      case ShapeKind::schema_ref: return JsonObject{{"type", JsonArray{"object", "boolean", "string"}}};
      default: return JsonObject();
    }
  }

  Json enumeration(const Shape& shape) {
    JsonArray words;
    for (const std::string& word : shape.words) words.push_back(Json(word));
    return JsonObject{{"enum", std::move(words)}};
  }

  Json structure(const Shape& shape) {
    if (!defs_.contains(shape.name)) {
      defs_[shape.name] = nullptr;  // reserves its place in the order
      JsonObject properties;
      for (const Member& member : shape.members) {
        if (member.shape->kind != ShapeKind::handler) properties[member.key] = member_schema(shape, member);
      }
      defs_[shape.name] = JsonObject{
          {"type", JsonArray{"object", "null"}}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    }
    return with_short(shape, reference(shape));
  }

  Json member_schema(const Shape& owner, const Member& member) {
    Json out = schema(*member.shape);
    const Json usual = encode(*member.shape, member.at(const_cast<void*>(owner.default_object)));
    const bool plain = usual.is_bool() || usual.is_number() || (usual.is_string() && !usual.get_string().empty());
    if (plain && !out.get_object().contains("$ref") && !out.get_object().contains("anyOf")) out.as_object()["default"] = usual;
    return out;
  }

  // A structure that a bare scalar may stand for.
  Json with_short(const Shape& shape, Json full) {
    const Member* brief = short_member(shape);
    if (brief == nullptr) return full;
    return JsonObject{{"anyOf", JsonArray{std::move(full), schema(*brief->shape)}}};
  }

  Json list(const Shape& shape) {
    Json element = schema(*shape.element);
    JsonArray any{JsonObject{{"type", "array"}, {"items", element}}};
    if (name_member(*shape.element) != nullptr) {
      any.push_back(JsonObject{{"type", "object"}, {"additionalProperties", element}});
    } else {
      any.push_back(element);
    }
    any.push_back(typed("null"));
    return JsonObject{{"anyOf", std::move(any)}};
  }

  JsonObject defs_;
};

std::string type_words(const Shape& shape) {
  switch (shape.kind) {
    case ShapeKind::structure: return "[" + shape.name + "](#" + shape.name + ")";
    case ShapeKind::optional: return type_words(*shape.element);
    case ShapeKind::list: {
      const Member* name = name_member(*shape.element);
      return (name == nullptr ? "list of " : "by `" + name->key + "`: ") + type_words(*shape.element);
    }
    case ShapeKind::enumeration: {
      std::string out;
      for (const std::string& word : shape.words) out += (out.empty() ? "`" : ", `") + word + "`";
      return out;
    }
    case ShapeKind::text: return "text";
    case ShapeKind::boolean: return "true, false";
    case ShapeKind::integer: return "whole number";
    case ShapeKind::number: return "number";
    case ShapeKind::json: return "any";
    case ShapeKind::duration: return "duration";
    case ShapeKind::bytes: return "size";
    case ShapeKind::jsonata: return "JSONata";
    case ShapeKind::value_spec: return "value (`=` computes)";
    case ShapeKind::place_template: return "template";
    case ShapeKind::schema_ref: return "schema";
    case ShapeKind::handler: return "";
  }
  return "";
}

std::string usual_words(const Shape& owner, const Member& member) {
  const Json usual = encode(*member.shape, member.at(const_cast<void*>(owner.default_object)));
  const bool empty = usual.is_null() || (usual.is_string() && usual.get_string().empty()) ||
                     (usual.is_object() && usual.get_object().empty()) || (usual.is_array() && usual.get_array().empty());
  return empty ? "" : "`" + json::to_text(usual) + "`";
}

void tables(const Shape& shape, std::set<std::string>& done, std::string& out) {
  if (shape.element != nullptr) return tables(*shape.element, done, out);
  if (shape.kind != ShapeKind::structure || !done.insert(shape.name).second) return;
  out += "\n### " + shape.name + "\n\n| Key | Holds | Default |\n| --- | --- | --- |\n";
  for (const Member& member : shape.members) {
    if (member.shape->kind == ShapeKind::handler) continue;
    out += "| `" + member.key + "` | " + type_words(*member.shape) + " | " + usual_words(shape, member) + " |\n";
  }
  if (const Member* brief = short_member(shape)) out += "\nA bare value stands for `" + brief->key + "`.\n";
  for (const Member& member : shape.members) tables(*member.shape, done, out);
}

}  // namespace

Json definition_schema() { return Publisher().run(); }

std::string definition_tables() {
  std::set<std::string> done;
  std::string out;
  tables(integration_shape(), done, out);
  return out;
}

}  // namespace junctor::connector
