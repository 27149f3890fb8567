#include "api/action_input.h"

#include <boost/json.hpp>
#include <charconv>
#include <set>

#include "base/text.h"
#include "json/parse.h"

namespace junctor::api {
namespace {

bool asks_for(const Json& property, std::string_view type) {
  const auto* object = property.if_object();
  const auto* declared = object == nullptr ? nullptr : object->if_contains("type");
  if (declared == nullptr) return false;
  if (declared->is_string()) return declared->get_string() == type;
  if (!declared->is_array()) return false;
  for (const Json& one : declared->get_array())
    if (one.is_string() && one.get_string() == type) return true;
  return false;
}

// The property's schema; null where the schema does not list it.
Json property_of(const LoadedAction& action, std::string_view name) {
  const auto* object = action.input_document.if_object();
  const auto* properties = object == nullptr ? nullptr : object->if_contains("properties");
  if (properties == nullptr || !properties->is_object()) return nullptr;
  const auto* found = properties->get_object().if_contains(name);
  return found == nullptr ? Json(nullptr) : *found;
}

std::vector<std::string> query_values(const HttpRequest& request, std::string_view name) {
  std::vector<std::string> values;
  for (const Parameter& parameter : request.query)
    if (parameter.name == name) values.push_back(parameter.value);
  return values;
}

// A repeated parameter is a list where the schema asks for one; else the last one counts.
void put_texts(JsonObject& input, const LoadedAction& action, const std::string& name,
               const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  const Json property = property_of(action, name);
  if (!asks_for(property, "array")) {
    input[name] = coerced(property, texts.back());
    return;
  }
  const auto* items = property.get_object().if_contains("items");
  JsonArray list;
  for (const std::string& text : texts) list.push_back(coerced(items ? *items : Json(nullptr), text));
  input[name] = std::move(list);
}

ParamPlace place_of(const Param& param, const Action& action) {
  if (param.in) return *param.in;
  if (action.path.find("{" + param.name + "}") != std::string::npos) return ParamPlace::path;
  return action.method == "GET" || action.method == "DELETE" ? ParamPlace::query : ParamPlace::body;
}

void put_param(JsonObject& input, const LoadedAction& action, const Param& param,
               const HttpRequest& request, const JsonObject& body) {
  switch (place_of(param, *action.definition)) {
    case ParamPlace::path:
      if (const auto value = request.path_value(param.name))
        put_texts(input, action, param.name, {std::string(*value)});
      break;
    case ParamPlace::query:
      put_texts(input, action, param.name, query_values(request, param.name));
      break;
    case ParamPlace::header:
      if (const auto value = request.headers.get(param.name))
        put_texts(input, action, param.name, {std::string(*value)});
      break;
    case ParamPlace::body:
      if (const auto* value = body.if_contains(param.name)) input[param.name] = *value;
      break;
  }
}

std::vector<std::string> utf8_texts(std::vector<std::string> texts) {
  for (std::string& text : texts) text = as_utf8(std::move(text));
  return texts;
}

// Whether a member of a body may have this name; an action without params takes any, for its schema to judge.
bool takes_in_body(const LoadedAction& action, const std::string& name, Places places) {
  if (!params_describe_input(*action.definition)) return true;
  for (const Param& param : action.definition->params)
    if (param.name == name) return places == Places::ignored || place_of(param, *action.definition) == ParamPlace::body;
  return false;
}

bool has_body(const HttpRequest& request) { return !request.body.empty(); }

}  // namespace

Json coerced(const Json& property, std::string_view text) {
  if (asks_for(property, "integer")) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return value;
  }
  if (asks_for(property, "number") || asks_for(property, "integer")) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return value;
  }
  if (asks_for(property, "boolean")) {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
  }
  if (asks_for(property, "object") || asks_for(property, "array"))
    if (auto parsed = json::parse(text); parsed.ok()) return std::move(parsed).value();
  return Json(boost::json::string(text));
}

Result<Json> body_input(const HttpRequest& request) {
  if (!has_body(request)) return Json(JsonObject());
  auto parsed = json::parse(request.body);
  if (!parsed.ok()) {
    auto problems = parsed.problems();
    for (Problem& problem : problems) problem.path = "body";
    return problems;
  }
  if (!parsed.value().is_object())
    return Problem{"body", 0, "a value that is no object", "a JSON object", ""};
  return parsed;
}

Result<Json> with_form_texts(const LoadedAction& action, Json input, const FormTexts& texts,
                             Places places) {
  for (const auto& [name, given] : texts) {
    if (!takes_in_body(action, name, places))
      return Problem{"body", 0, "the part \"" + name + "\", which is no parameter that the body takes", "`input`, a parameter, or a file", ""};
    if (!input.get_object().contains(name)) put_texts(input.get_object(), action, name, utf8_texts(given));
  }
  return input;
}

Result<Json> input_beside_file(const LoadedAction& action, const HttpRequest& request, Places places) {
  Json input = JsonObject();
  if (places == Places::heeded) {
    auto placed = action_input(action, request);
    if (!placed.ok()) return placed;
    input = std::move(placed).value();
  }
  for (const Parameter& one : request.query)
    if (one.name != "expand" && takes_in_body(action, one.name, places) && !input.get_object().contains(one.name))
      put_texts(input.get_object(), action, one.name, query_values(request, one.name));
  return input;
}

Result<Json> action_input(const LoadedAction& action, const HttpRequest& request) {
  auto parsed = body_input(request);
  if (!parsed.ok()) return parsed;
  JsonObject& body = parsed.value().get_object();
  const Action& definition = *action.definition;
  JsonObject input;
  if (params_describe_input(definition)) {
    // What no parameter is declared for may still come in the body: the schema judges it.
    std::set<std::string, std::less<>> declared;
    for (const Param& param : definition.params) declared.insert(param.name);
    for (const auto& [name, value] : body)
      if (!declared.contains(std::string_view(name))) input[name] = value;
    for (const Param& param : definition.params) put_param(input, action, param, request, body);
    return Json(std::move(input));
  }
  // Without params: body, then the query of a GET, then the path, which nothing overrides.
  input = std::move(body);
  if (definition.method == "GET" || definition.method == "DELETE")
    for (const Parameter& parameter : request.query)
      if (parameter.name != "expand")
        put_texts(input, action, parameter.name, query_values(request, parameter.name));
  for (const Parameter& parameter : request.path_parameters)
    put_texts(input, action, parameter.name, {parameter.value});
  return Json(std::move(input));
}

}  // namespace junctor::api
