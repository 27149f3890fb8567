#include "junctor/integration.h"

#include <algorithm>
#include <boost/json.hpp>

#include "connector/param_schema.h"

namespace junctor {
namespace {

template <typename T>
const T* find_by_slug(const std::vector<T>& items, std::string_view slug) {
  for (const T& item : items) {
    if (item.slug == slug) return &item;
  }
  return nullptr;
}

// A slug becomes the schema's document; a document stays.
Json resolve(const Integration& integration, const SchemaRef& ref) {
  if (!ref.json.is_string()) return ref.json;
  const SchemaDef* schema = integration.find_schema(ref.json.as_string());
  return schema == nullptr ? Json(true) : schema->schema.json;
}

bool is_required(const Action& action, const std::string& name) {
  for (const Param& param : action.params)
    if (param.name == name) return param.required.value_or(false);
  return true;
}

// The whole body's.
std::string file_parameter(const Action& action) {
  for (const Param& param : action.params)
    if (param.ui_type == UiType::file) return param.name;
  return "file";
}

std::vector<FileParam> files_of_call(const Action& action) {
  std::vector<FileParam> out;
  for (const MultipartPart& part : action.api->multipart)
    if (!part.file.empty()) out.push_back({part.file, is_required(action, part.file)});
  if (action.api->body_kind == BodyKind::file) out.push_back({file_parameter(action)});
  return out;
}

// What comes as a file is nothing that a member of the input could hold.
Json without_files(Json schema, const std::vector<FileParam>& files) {
  auto* object = schema.if_object();
  if (object == nullptr || files.empty()) return schema;
  const auto is_file = [&](const Json& name) {
    return std::any_of(files.begin(), files.end(), [&](const FileParam& one) { return name == Json(one.name); });
  };
  if (Json* properties = object->if_contains("properties"); properties != nullptr && properties->is_object())
    for (const FileParam& one : files) properties->get_object().erase(one.name);
  Json* required = object->if_contains("required");
  if (required == nullptr || !required->is_array()) return schema;
  JsonArray kept;
  for (const Json& name : required->get_array())
    if (!is_file(name)) kept.push_back(name);
  if (kept.empty()) object->erase("required");
  else *required = std::move(kept);
  return schema;
}

}  // namespace

const Action* Integration::find_action(std::string_view action_slug) const {
  return find_by_slug(actions, action_slug);
}
const SchemaDef* Integration::find_schema(std::string_view schema_slug) const {
  return find_by_slug(schemas, schema_slug);
}
const EventDef* Integration::find_event(std::string_view event_slug) const {
  return find_by_slug(events, event_slug);
}
const Flow* Integration::find_flow(std::string_view flow_slug) const { return find_by_slug(flows, flow_slug); }
const WebhookType* Integration::find_webhook(std::string_view webhook_slug) const {
  return find_by_slug(webhooks, webhook_slug);
}
const Field* Integration::find_var(std::string_view key) const {
  for (const Field& field : vars) {
    if (field.key == key) return &field;
  }
  return nullptr;
}

std::vector<FileParam> files_of(const Action& action) {
  if (action.is_declared()) return files_of_call(action);
  std::vector<FileParam> out;
  for (const Param& param : action.params)
    if (param.ui_type == UiType::file) out.push_back({param.name, param.required.value_or(false)});
  return out;
}

bool takes_body_as_file(const Action& action) {
  if (action.is_declared()) return action.api->body_kind == BodyKind::file;
  const auto files = files_of(action);
  return files.size() == 1 && files.front().required;
}

bool params_describe_input(const Action& action) {
  const bool only_files = std::all_of(action.params.begin(), action.params.end(),
                                      [](const Param& param) { return param.ui_type == UiType::file; });
  return !action.params.empty() && (action.input.empty() || !only_files);
}

Json input_schema(const Integration& integration, const Action& action) {
  if (!action.input.empty()) return without_files(resolve(integration, action.input), files_of(action));
  if (!action.params.empty()) return without_files(connector::schema_of_params(action.params), files_of(action));
  return true;
}

Json output_schema(const Integration& integration, const Action& action) {
  return action.output.empty() ? Json(true) : resolve(integration, action.output);
}

std::string route_path(const Integration& integration, const Action& action) {
  return action.path.empty() ? "/" + integration.slug + "/" + action.slug : action.path;
}

}  // namespace junctor
