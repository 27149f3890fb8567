#include "connector/answer_differences.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <set>

#include "connector/schema_links.h"
#include "connector/urls.h"

namespace junctor::connector {
namespace {

constexpr std::size_t most_differences = 200;
constexpr int most_references = 32;

// Adds `unevaluatedProperties: false` wherever a schema names members, so that judging tells the others.
class Closing final {
 public:
  explicit Closing(const Integration& integration) : integration_(integration) {}

  // A schema that stands for one value of the answer: it ends the list of that value's members.
  Json site(const Json& schema) const {
    Json out = inside(schema);
    JsonObject* object = out.if_object();
    if (object == nullptr || object->contains("additionalProperties") || object->contains("unevaluatedProperties"))
      return out;
    if (names_members(schema, 0)) (*object)["unevaluatedProperties"] = false;
    return out;
  }

  // The same for what is below, while the schema itself only takes part in judging a value.
  Json inside(const Json& schema) const {
    if (!schema.is_object()) return schema;
    JsonObject out = schema.get_object();
    for (auto& [key, value] : out) {
      const std::string_view name(key);
      if (is_one_of(name, {"properties", "patternProperties"})) each_member(value, &Closing::site);
      else if (is_one_of(name, {"$defs", "dependentSchemas"})) each_member(value, &Closing::inside);
      else if (is_one_of(name, {"items", "additionalProperties"})) value = site(value);
      else if (name == "prefixItems") each_item(value, &Closing::site);
      else if (is_one_of(name, {"allOf", "anyOf", "oneOf"})) each_item(value, &Closing::inside);
      else if (is_one_of(name, {"if", "then", "else"})) value = inside(value);
    }
    return out;
  }

 private:
  using Step = Json (Closing::*)(const Json&) const;
  static bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }
  void each_member(Json& value, Step step) const {
    if (auto* object = value.if_object())
      for (auto& [key, schema] : *object) schema = (this->*step)(schema);
  }
  void each_item(Json& value, Step step) const {
    if (auto* list = value.if_array())
      for (Json& schema : *list) schema = (this->*step)(schema);
  }

  bool names_members(const Json& schema, int depth) const {
    const JsonObject* object = schema.if_object();
    if (object == nullptr || depth > most_references) return false;
    for (const char* key : {"properties", "patternProperties"})
      if (const Json* named = object->if_contains(key); named != nullptr && named->is_object() && !named->get_object().empty())
        return true;
    if (const Json* reference = object->if_contains("$ref"); reference != nullptr && reference->is_string()) {
      const SchemaDef* known = integration_.find_schema(std::string_view(reference->get_string()));
      if (known != nullptr && names_members(known->schema.json, depth + 1)) return true;
    }
    for (const char* key : {"allOf", "anyOf", "oneOf"})
      if (const Json* list = object->if_contains(key); list != nullptr && list->is_array())
        for (const Json& one : list->get_array())
          if (names_members(one, depth + 1)) return true;
    return false;
  }

  const Integration& integration_;
};

std::vector<SchemaError> judged(const Integration& integration, const Json& schema, const Json& answer) {
  SchemaRegistry registry = schema_registry(integration);
  return compile_schema(schema, registry).value_or_throw().validate(answer, {.max_errors = most_differences});
}

Difference difference(const SchemaError& error) {
  const bool missing = error.keyword == "required" || error.keyword == "dependentRequired";
  return {missing ? Difference::Kind::missing : Difference::Kind::different, error.instance_path, error.message};
}

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) out.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

// How many segments are alike, and not by a place only; -1 when the path is another.
int likeness(std::string_view pattern, std::string_view path) {
  const auto wanted = segments(pattern), given = segments(path);
  if (wanted.size() != given.size()) return -1;
  int alike = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == given[i]) ++alike;
    else if (wanted[i].find('{') == std::string_view::npos) return -1;
  }
  return alike;
}

}  // namespace

std::string_view to_string(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::undocumented: return "undocumented";
    case Difference::Kind::missing: return "missing";
    case Difference::Kind::different: return "different";
  }
  return "different";
}

std::vector<Difference> differences(const Integration& integration, const Action& action, const Json& answer) {
  const Json schema = output_schema(integration, action);
  std::vector<Difference> out;
  for (const SchemaError& error : judged(integration, schema, answer)) out.push_back(difference(error));
  const Closing closing(integration);
  Integration closed;
  closed.slug = integration.slug;
  closed.schemas = integration.schemas;
  for (SchemaDef& one : closed.schemas) one.schema.json = closing.inside(one.schema.json);
  std::set<std::string> told;
  for (const SchemaError& error : judged(closed, closing.site(schema), answer)) {
    if (error.schema_path.find("/unevaluatedProperties") == std::string::npos) continue;
    if (out.size() >= most_differences || !told.insert(error.instance_path).second) continue;
    out.push_back({Difference::Kind::undocumented, error.instance_path, "the schema does not mention this"});
  }
  return out;
}

const Action* action_of_path(const Integration& integration, std::string_view method, std::string_view path) {
  const Action* best = nullptr;
  int most = -1;
  for (const Action& action : integration.actions) {
    if (!action.api || action.api->method != method) continue;
    const int alike = likeness(action.api->path.text, path.substr(0, path.find('?')));
    if (alike > most) {
      most = alike;
      best = &action;
    }
  }
  return best;
}

}  // namespace junctor::connector
