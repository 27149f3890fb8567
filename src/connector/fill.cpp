#include "connector/fill.h"

#include "connector/names.h"

namespace junctor::connector {
namespace {

template <typename T>
void fill_all(std::vector<T>& items) {
  for (T& item : items) {
    item.slug = to_snake(item.slug);
    if constexpr (requires { item.name; }) {
      if (item.name.empty()) item.name = name_from_slug(item.slug);
    }
  }
}

void reference(std::string& slug) { slug = to_snake(slug); }

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

void fill_param(Param& param) {
  if (param.label.empty()) param.label = name_from_slug(to_snake(param.name));
  for (Option& option : param.options) {
    if (option.label.empty() && option.value.is_string()) option.label = option.value.as_string();
  }
}

void fill_action(Action& action) {
  action.method = upper(action.method);
  if (action.api) action.api->method = upper(action.api->method);
  for (Param& param : action.params) fill_param(param);
  for (Expandable& one : action.expandable) reference(one.action);
  if (!action.events.empty()) {
    Trigger trigger;
    trigger.type = TriggerType::event;
    trigger.events = std::move(action.events);
    action.events.clear();
    action.triggers.push_back(std::move(trigger));
  }
}

void fill_field(Field& field) {
  if (field.label.empty()) field.label = name_from_slug(to_snake(field.key));
  if (field.options_from) reference(field.options_from->action);
  for (Option& option : field.options) {
    if (option.label.empty() && option.value.is_string()) option.label = option.value.as_string();
  }
}

void fill_webhook(WebhookType& webhook) {
  if (webhook.label.empty()) webhook.label = name_from_slug(webhook.slug);
  reference(webhook.handler);
  for (Field& field : webhook.fields) fill_field(field);
}

void fill_wire(WireSpec& wire) {
  for (auto* step : {&wire.subscribe, &wire.verify, &wire.renew, &wire.unsubscribe}) {
    if (*step) reference((*step)->action);
  }
}

void fill_flow(Flow& flow) {
  reference(flow.source.action);
  for (auto* action : {&flow.target.action, &flow.target.create_action, &flow.target.update_action,
                       &flow.target.delete_action}) {
    reference(*action);
  }
  if (flow.resource.empty()) {
    flow.resource = flow.target.collection.empty() ? flow.source.collection : flow.target.collection;
  }
  if (flow.identity.resource.empty()) flow.identity.resource = flow.resource;
}

void fill_handlers(Integration& integration) {
  for (CatchSpec& one : integration.catches) {
    reference(one.action);
    if (one.slug.empty()) one.slug = one.action;
  }
  for (PassSpec& one : integration.passes) {
    reference(one.to.action);
    if (one.slug.empty()) one.slug = to_snake(one.to.integration + "_" + one.to.action);
  }
}

void fill_identity(Integration& integration) {
  if (integration.name.empty()) integration.name = name_from_slug(integration.slug);
  if (integration.display_name.empty()) integration.display_name = integration.name;
  if (integration.runtime.queue.empty()) integration.runtime.queue = integration.slug;
  for (Auth& auth : integration.auth) {
    auth.slug = to_snake(auth.slug);
    if (integration.auth.size() == 1 && auth.slug.empty()) auth.slug = "default";
    if (auth.label.empty()) auth.label = name_from_slug(auth.slug);
  }
}

void fill_test_action(Integration& integration) {
  reference(integration.test_action);
  for (const char* usual : {"health", "health_check"}) {
    if (integration.test_action.empty() && integration.find_action(usual) != nullptr) {
      integration.test_action = usual;
    }
  }
}

}  // namespace

void fill_names(Integration& integration) {
  fill_identity(integration);
  fill_all(integration.schemas);
  fill_all(integration.events);
  fill_all(integration.actions);
  fill_all(integration.functions);
  fill_all(integration.collections);
  fill_all(integration.sync_mappings);
  fill_all(integration.flows);
  fill_all(integration.webhooks);
  fill_all(integration.wires);
  fill_all(integration.fixtures);
  fill_handlers(integration);
  fill_all(integration.catches);
  fill_all(integration.passes);
  for (Action& action : integration.actions) fill_action(action);
  for (Field& field : integration.vars) fill_field(field);
  for (WebhookType& webhook : integration.webhooks) fill_webhook(webhook);
  for (WireSpec& wire : integration.wires) fill_wire(wire);
  for (Flow& flow : integration.flows) fill_flow(flow);
  for (Fixture& fixture : integration.fixtures) reference(fixture.action);
  fill_test_action(integration);
}

void extract_functions(Integration& integration) {
  for (const Action& action : integration.actions) {
    bool known = false;
    for (const FunctionDef& function : integration.functions) known = known || function.slug == action.slug;
    if (known) continue;
    FunctionDef function;
    function.slug = action.slug;
    function.name = action.name;
    function.description = action.description;
    function.http_method = action.method;
    function.endpoint_path = route_path(integration, action);
    if (action.input.json.is_string()) function.request_schema = action.input.json.as_string();
    if (action.output.json.is_string()) function.response_schema = action.output.json.as_string();
    function.required_scopes = action.scopes;
    function.category = action.category;
    integration.functions.push_back(std::move(function));
  }
  for (FunctionDef& function : integration.functions) {
    if (function.endpoint_path.empty()) function.endpoint_path = "/" + integration.slug + "/" + function.slug;
  }
}

}  // namespace junctor::connector
