#include "connector/param_schema.h"

#include <boost/json/value.hpp>
#include <cmath>

namespace junctor::connector {
namespace {

Json number(double value) {
  constexpr double exact = 9'007'199'254'740'992.0;
  if (std::trunc(value) == value && std::fabs(value) < exact) return static_cast<std::int64_t>(value);
  return value;
}

const char* json_type(UiType type) {
  switch (type) {
    case UiType::number: return "number";
    case UiType::integer: return "integer";
    case UiType::boolean: return "boolean";
    case UiType::multiselect: return "array";
    case UiType::json:
    case UiType::hidden:
    case UiType::select: return nullptr;  // whatever the options or the caller give
    default: return "string";
  }
}

const char* format_of(UiType type) {
  switch (type) {
    case UiType::date: return "date";
    case UiType::datetime: return "date-time";
    case UiType::email: return "email";
    case UiType::url: return "uri";
    case UiType::uuid: return "uuid";
    default: return nullptr;
  }
}

void add_bounds(const Param& param, JsonObject& out) {
  const bool is_number = param.ui_type == UiType::number || param.ui_type == UiType::integer;
  if (param.min) out[is_number ? "minimum" : "minLength"] = number(*param.min);
  if (param.max) out[is_number ? "maximum" : "maxLength"] = number(*param.max);
  if (param.step && is_number && *param.step > 0 && param.ui_type == UiType::integer) {
    out["multipleOf"] = number(*param.step);
  }
  if (!param.pattern.empty()) out["pattern"] = param.pattern;
}

void add_options(const Param& param, JsonObject& out) {
  if (param.options.empty()) return;
  JsonArray allowed;
  for (const Option& option : param.options) allowed.push_back(option.value);
  if (param.ui_type == UiType::multiselect) out["items"] = JsonObject{{"enum", std::move(allowed)}};
  else out["enum"] = std::move(allowed);
}

// A schema written out says what is accepted; what it does not say of itself, the parameter says.
Json described(const Param& param) {
  JsonObject out = param.schema.json.as_object();
  if (!param.label.empty() && !out.contains("title")) out["title"] = param.label;
  if (!param.description.empty() && !out.contains("description")) out["description"] = param.description;
  if (!param.default_.is_null() && !out.contains("default")) out["default"] = param.default_;
  return out;
}

Json schema_of_param(const Param& param) {
  if (param.schema.json.is_bool()) return param.schema.json;
  if (param.schema.json.is_object()) return described(param);
  JsonObject out;
  if (param.schema.json.is_string()) out["$ref"] = param.schema.json;
  else if (const char* type = json_type(param.ui_type)) out["type"] = type;
  if (const char* format = format_of(param.ui_type)) out["format"] = format;
  if (!param.label.empty()) out["title"] = param.label;
  if (!param.description.empty()) out["description"] = param.description;
  if (!param.default_.is_null()) out["default"] = param.default_;
  add_bounds(param, out);
  add_options(param, out);
  return out;
}

}  // namespace

Json schema_of_params(const std::vector<Param>& params) {
  JsonObject properties;
  JsonArray required;
  for (const Param& param : params) {
    properties[param.name] = schema_of_param(param);
    if (param.required.value_or(false)) required.push_back(Json(param.name));
  }
  JsonObject out{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

}  // namespace junctor::connector
