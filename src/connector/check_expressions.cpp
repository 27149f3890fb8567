#include <boost/json/value.hpp>

#include "connector/checks.h"
#include "connector/places.h"
#include "connector/walk.h"
#include "junctor/jsonata.h"

namespace junctor::connector {
namespace {

constexpr std::size_t shown_bytes = 80;

std::string shown(std::string_view text) {
  const auto line = text.substr(0, text.find('\n'));
  return "\"" + std::string(line.substr(0, shown_bytes)) + (line.size() < text.size() ? "…\"" : "\"");
}

void check_jsonata(std::string_view text, const std::string& at, Findings& out) {
  if (text.empty()) return;
  if (text.starts_with('=')) {
    out.problem(at, shown(text), "JSONata without \"=\": this key always holds an expression");
    return;
  }
  if (const auto fault = jsonata::Expression::check(text)) {
    out.problem(at, shown(text), std::string("JSONata: ") + fault->what());
  }
}

void check_value(const Json& json, const std::string& at, Findings& out) {
  if (const auto* text = json.if_string()) {
    if (text->starts_with("=") && !text->starts_with("==")) check_jsonata(std::string_view(*text).substr(1), at, out);
  } else if (const auto* list = json.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) check_value((*list)[i], at_index(at, i), out);
  } else if (const auto* object = json.if_object()) {
    for (const auto& [key, value] : *object) check_value(value, join(at, std::string_view(key)), out);
  }
}

void check_template(std::string_view text, const std::string& at, Findings& out) {
  const auto pieces = parse_places(text);
  if (!pieces) out.problem(at, pieces.problems().front().found, pieces.problems().front().expected);
}

bool is_call_template(const std::string& at) { return at.ends_with(".api.path") || at.ends_with(".api.base_url"); }

}  // namespace

void check_expressions(const Integration& integration, Findings& out) {
  walk(integration_shape(), &integration, "", [&](const Shape& shape, const void* object, const std::string& at) {
    switch (shape.kind) {
      case ShapeKind::jsonata: return check_jsonata(static_cast<const Jsonata*>(object)->text, at, out);
      case ShapeKind::value_spec: return check_value(static_cast<const ValueSpec*>(object)->json, at, out);
      case ShapeKind::place_template:
        if (!is_call_template(at) && !at.ends_with(".signed_text")) {
          check_template(static_cast<const Template*>(object)->text, at, out);
        }
        return;
      default: return;
    }
  });
}

}  // namespace junctor::connector
