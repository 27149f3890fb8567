#include "junctor/integration.h"

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

Json input_schema(const Integration& integration, const Action& action) {
  if (!action.input.empty()) return resolve(integration, action.input);
  if (!action.params.empty()) return connector::schema_of_params(action.params);
  return true;
}

Json output_schema(const Integration& integration, const Action& action) {
  return action.output.empty() ? Json(true) : resolve(integration, action.output);
}

std::string route_path(const Integration& integration, const Action& action) {
  return action.path.empty() ? "/" + integration.slug + "/" + action.slug : action.path;
}

}  // namespace junctor
