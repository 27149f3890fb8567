#include "connector/encode.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "connector/decode.h"
#include "json/serialize.h"

namespace junctor::connector {
namespace {

// Shapes hand out mutable places; nothing here writes to them.
void* place(const void* object) { return const_cast<void*>(object); }

const std::string& name_of(const Member& name, void* item) { return *static_cast<const std::string*>(name.at(item)); }

bool all_named_once(const Shape& list, void* object, const Member& name) {
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < list.size(object); ++i) seen.push_back(name_of(name, list.item(object, i)));
  std::sort(seen.begin(), seen.end());
  const bool repeated = std::adjacent_find(seen.begin(), seen.end()) != seen.end();
  return !repeated && std::find(seen.begin(), seen.end(), "") == seen.end();
}

Json encode_list(const Shape& shape, void* object) {
  const Member* name = name_member(*shape.element);
  if (name != nullptr && all_named_once(shape, object, *name)) {
    JsonObject out;
    for (std::size_t i = 0; i < shape.size(object); ++i) {
      void* item = shape.item(object, i);
      Json value = encode(*shape.element, item);
      value.as_object().erase(name->key);
      out[name_of(*name, item)] = std::move(value);
    }
    return out;
  }
  JsonArray out;
  for (std::size_t i = 0; i < shape.size(object); ++i) out.push_back(encode(*shape.element, shape.item(object, i)));
  return out;
}

Json encode_structure(const Shape& shape, void* object) {
  JsonObject out;
  for (const Member& member : shape.members) {
    if (member.shape->kind == ShapeKind::handler) continue;
    Json value = encode(*member.shape, member.at(object));
    if (value != encode(*member.shape, member.at(place(shape.default_object)))) out[member.key] = std::move(value);
  }
  return out;
}

bool is_bare(std::string_view text) {
  if (text.empty() || text.size() > 100) return false;
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '/' || c == '.';
  };
  const bool letter = (text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z') || text[0] == '/';
  static const std::vector<std::string> words = {"true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL",
                                                 "yes", "no", "on", "off", "y", "n", "Yes", "No", "On", "Off"};
  return letter && std::all_of(text.begin(), text.end(), plain) &&
         std::find(words.begin(), words.end(), text) == words.end();
}

std::string scalar(const Json& json) {
  if (const auto* text = json.if_string(); text != nullptr && is_bare(*text)) return std::string(*text);
  return json::to_text(json);
}

void write(const Json& json, int indent, std::string& out) {
  const std::string pad(static_cast<std::size_t>(indent), ' ');
  const auto child = [&](const Json& value) {
    const bool empty = (value.is_object() && value.get_object().empty()) || (value.is_array() && value.get_array().empty());
    if (!value.is_structured() || empty) {
      out += " " + scalar(value) + "\n";
    } else {
      out += "\n";
      write(value, indent + 2, out);
    }
  };
  if (const auto* object = json.if_object()) {
    for (const auto& [key, value] : *object) {
      out += pad + scalar(Json(key)) + ":";
      child(value);
    }
  } else if (const auto* list = json.if_array()) {
    for (const Json& item : *list) {
      out += pad + "-";
      child(item);
    }
  } else {
    out += pad + scalar(json) + "\n";
  }
}

}  // namespace

Json encode(const Shape& shape, const void* constant) {
  void* object = place(constant);
  switch (shape.kind) {
    case ShapeKind::structure: return encode_structure(shape, object);
    case ShapeKind::list: return encode_list(shape, object);
    case ShapeKind::optional: {
      void* inner = shape.peek(object);
      return inner == nullptr ? Json() : encode(*shape.element, inner);
    }
    case ShapeKind::text: return Json(*static_cast<const std::string*>(constant));
    case ShapeKind::jsonata: return Json(static_cast<const Jsonata*>(constant)->text);
    case ShapeKind::place_template: return Json(static_cast<const Template*>(constant)->text);
    case ShapeKind::boolean: return *static_cast<const bool*>(constant);
    case ShapeKind::integer: return shape.get_integer(constant);
    case ShapeKind::number: return *static_cast<const double*>(constant);
    case ShapeKind::enumeration: return Json(shape.words.at(shape.get_word(constant)));
    case ShapeKind::duration: return Json(to_text(*static_cast<const Duration*>(constant)));
    case ShapeKind::bytes: return static_cast<const ByteCount*>(constant)->bytes;
    case ShapeKind::json: return *static_cast<const Json*>(constant);
    case ShapeKind::value_spec: return static_cast<const ValueSpec*>(constant)->json;
    case ShapeKind::schema_ref: return static_cast<const SchemaRef*>(constant)->json;
    case ShapeKind::handler: return nullptr;
  }
  return nullptr;
}

Json encode_integration(const Integration& integration) { return encode(integration_shape(), &integration); }

std::string to_yaml(const Json& json) {
  std::string out;
  write(json, 0, out);
  return out;
}

}  // namespace junctor::connector
