#include <boost/json/value.hpp>

#include "connector/checks.h"
#include "connector/schema_links.h"
#include "connector/walk.h"
#include "junctor/schema.h"

namespace junctor::connector {
namespace {

// "#/properties/a" → ".properties.a".
std::string dotted(std::string pointer) {
  std::string out;
  for (const char c : pointer) out += c == '/' ? '.' : c;
  return out.starts_with('#') ? out.substr(1) : out;
}

bool is_document(const SchemaRef& ref) { return ref.json.is_object() || ref.json.is_bool(); }

}  // namespace

void check_schemas(const Integration& integration, Findings& out) {
  SchemaRegistry registry = schema_registry(integration);
  walk(integration_shape(), &integration, "", [&](const Shape& shape, const void* object, const std::string& at) {
    if (shape.kind != ShapeKind::schema_ref) return;
    const auto& ref = *static_cast<const SchemaRef*>(object);
    if (!is_document(ref)) return;
    const auto compiled = compile_schema(ref.json, registry);
    if (compiled) return;
    for (const Problem& fault : compiled.problems()) out.problem(at + dotted(fault.path), fault.found, fault.expected);
  });
  for (const Action& action : integration.actions) {
    if (!action.input.empty() || action.params.empty()) continue;
    const auto compiled = compile_schema(input_schema(integration, action), registry);
    if (compiled) continue;
    for (const Problem& fault : compiled.problems()) {
      std::string path = dotted(fault.path);
      if (path.starts_with(".properties.")) path = ".params." + path.substr(12);
      out.problem("actions." + action.slug + path, fault.found, fault.expected);
    }
  }
}

}  // namespace junctor::connector
