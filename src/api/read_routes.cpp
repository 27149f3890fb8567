#include "api/read_routes.h"

#include <algorithm>
#include <boost/describe/enum_to_string.hpp>
#include <boost/json.hpp>

#include "api/query.h"
#include "engine/runs.h"
#include "json/parse.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/problem.h"
#include "queue/event_log.h"
#include "store/store.h"

namespace junctor::api {
namespace {

// Stored JSON text as a value; text that was cut to its bound is shown as text.
Json stored_json(const std::string& text) {
  if (text.empty()) return nullptr;
  auto parsed = json::parse(text);
  return parsed.ok() ? std::move(parsed).value() : Json(boost::json::string(text));
}

std::string time_text(std::int64_t milliseconds) {
  return to_string(Timestamp(std::chrono::milliseconds(milliseconds)));
}

enum class Detail { list, whole };

JsonObject run_json(const RunRow& run, Detail detail) {
  JsonObject out{{"id", run.id},
                 {"kind", run.kind},
                 {"integration", run.integration},
                 {"subject", run.subject},
                 {"trigger", run.trigger},
                 {"status", to_string(run.status)},
                 {"attempt", run.attempt},
                 {"started_at", time_text(run.started_at)},
                 {"finished_at", run.finished_at > 0 ? Json(time_text(run.finished_at)) : Json()},
                 {"connection", run.connection.empty() ? Json() : Json(run.connection)},
                 {"event", run.event.empty() ? Json() : Json(run.event)},
                 {"counters", stored_json(run.counters)}};
  if (!run.failure.empty())
    out["error"] = JsonObject{{"kind", run.failure}, {"message", run.error}};
  if (detail == Detail::whole) {
    out["input"] = stored_json(run.input);
    out["output"] = stored_json(run.output);
  }
  return out;
}

RunId run_id(const HttpRequest& request) {
  const auto id = RunId::parse(*request.path_value("run"));
  if (!id) throw Failure(FailureKind::not_found, "there is no such run: its id is a UUID");
  return *id;
}

JsonObject event_json(const queue::Event& event) {
  return {{"id", event.id.to_string()},
          {"position", event.position},
          {"topic", event.topic},
          {"source", event.source},
          {"connection", event.connection},
          {"entity", event.entity},
          {"correlation_id", event.correlation_id},
          {"causation_id", event.causation_id},
          {"created_at", to_string(event.created_at)},
          {"headers", stored_json(event.headers)},
          {"payload", stored_json(event.payload)}};
}

JsonObject endpoint_json(const Endpoint& endpoint) {
  return {{"name", endpoint.name},
          {"path", "/hooks/" + endpoint.name},
          {"integration", endpoint.integration},
          {"webhook", endpoint.webhook},
          {"connection", endpoint.connection},
          {"enabled", endpoint.enabled}};
}

// How a form asks for the vars: in the order of `order`, then of the definition.
JsonArray vars_json(const Integration& integration) {
  std::vector<const Field*> fields;
  for (const Field& field : integration.vars) fields.push_back(&field);
  std::stable_sort(fields.begin(), fields.end(), [](const Field* a, const Field* b) { return a->order < b->order; });
  JsonArray out;
  for (const Field* field : fields) {
    JsonObject one{{"key", field->key},
                   {"type", boost::describe::enum_to_string(field->type, "text")},
                   {"label", field->label},
                   {"help", field->help},
                   {"placeholder", field->placeholder},
                   {"required", field->required},
                   {"secret", field->is_secret()},
                   {"hidden", field->hidden},
                   {"group", field->group},
                   {"order", field->order},
                   {"default", field->default_},
                   {"after_authorisation", field->when == FieldPhase::after_auth},
                   {"fetches_options", field->options_from.has_value()}};
    JsonArray options;
    for (const Option& option : field->options)
      options.push_back(JsonObject{{"value", option.value}, {"label", option.label}});
    if (!options.empty()) one["options"] = std::move(options);
    if (field->min) one["min"] = *field->min;
    if (field->max) one["max"] = *field->max;
    if (!field->pattern.empty()) one["pattern"] = field->pattern;
    if (field->visible_when)
      one["visible_when"] = JsonObject{{"field", field->visible_when->field}, {"equals", field->visible_when->equals}};
    out.push_back(std::move(one));
  }
  return out;
}

JsonArray auth_json(const LoadedIntegration& loaded) {
  const auto consent = auth::consent_methods(loaded.auth);
  JsonArray out;
  for (const Auth& method : loaded.auth.methods)
    out.push_back(JsonObject{{"slug", method.slug},
                             {"label", method.label},
                             {"type", boost::describe::enum_to_string(method.type, "none")},
                             {"grant", method.oauth2 ? Json(boost::describe::enum_to_string(method.oauth2->grant, "")) : Json()},
                             {"needs_consent", std::count(consent.begin(), consent.end(), method.slug) > 0}});
  return out;
}

// The parameters that are no members of the input, but files beside it.
JsonArray files_json(const LoadedAction& action) {
  JsonArray out;
  for (const FileParam& file : action.files) out.push_back(JsonObject{{"name", file.name}, {"required", file.required}});
  return out;
}

JsonObject integration_json(const LoadedIntegration& loaded) {
  const Integration& integration = loaded.definition;
  JsonArray actions, webhooks, reactions;
  for (const Action& action : integration.actions)
    actions.push_back(JsonObject{{"slug", action.slug},
                                 {"name", action.name},
                                 {"description", action.description},
                                 {"method", action.method},
                                 {"path", route_path(integration, action)},
                                 {"declared", action.is_declared()},
                                 {"input", input_schema(integration, action)},
                                 {"files", files_json(loaded.action(action.slug))},
                                 {"gives_file", gives_file(loaded.action(action.slug))},
                                 {"output", output_schema(integration, action)}});
  for (const WebhookType& type : integration.webhooks)
    webhooks.push_back(JsonObject{{"slug", type.slug}, {"label", type.label}});
  for (const Reaction& reaction : loaded.reactions)
    reactions.push_back(JsonObject{
        {"kind", to_string(reaction.kind)},
        {"subject", reaction.subject},
        {"queue", reaction.queue},
        {"topics", JsonArray(reaction.topics.begin(), reaction.topics.end())},
        {"schedule", reaction.schedule ? Json(reaction.schedule->text()) : Json()}});
  return {{"slug", integration.slug},
          {"name", integration.display_name},
          {"version", integration.version},
          {"description", integration.description},
          {"category", integration.category},
          {"vars", vars_json(integration)},
          {"auth", auth_json(loaded)},
          {"test_action", integration.test_action},
          {"actions", std::move(actions)},
          {"webhooks", std::move(webhooks)},
          {"reactions", std::move(reactions)}};
}

HttpResponse start_flow(Fiber& fiber, const ReadParts& parts, const HttpRequest& request,
                        const Caller& caller, Reaction::Kind kind, std::string_view subject) {
  Json input = JsonObject();
  if (!request.body.empty()) input = json::parse(request.body).value_or_throw();
  const RunId run = parts.reactor.start(
      fiber, caller.tenant, std::string(*request.path_value("integration")), kind,
      std::string(subject), std::string(request.headers.get("Junctor-Connection").value_or("")),
      input);
  return HttpResponse::json(202, JsonObject{{"run", run.to_string()}});
}

std::vector<std::string> strings_of(const JsonObject& object, std::string_view name) {
  std::vector<std::string> out;
  if (const auto* list = object.if_contains(name); list && list->is_array())
    for (const Json& one : list->get_array())
      if (one.is_string()) out.emplace_back(one.get_string());
  return out;
}

std::string string_of(const JsonObject& object, std::string_view name, const std::string& otherwise) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : otherwise;
}

// PUT /v1/endpoints/{name} {"integration", "webhook", "connection"?, "enabled"?, "secrets"?}
HttpResponse put_endpoint(Fiber& fiber, const ReadParts& parts, const HttpRequest& request,
                          const Caller& caller) {
  const Json body = json::parse(request.body).value_or_throw();
  if (!body.is_object()) return problem_response(422, "the body is an object");
  const JsonObject& object = body.get_object();
  Endpoint endpoint;
  endpoint.tenant = caller.tenant;
  endpoint.name = std::string(*request.path_value("endpoint"));
  endpoint.integration = string_of(object, "integration", "");
  endpoint.webhook = string_of(object, "webhook", "");
  endpoint.connection = string_of(object, "connection", "");
  if (const auto* enabled = object.if_contains("enabled"); enabled && enabled->is_bool())
    endpoint.enabled = enabled->get_bool();
  const auto integration = parts.registry.get()->require(endpoint.integration);
  if (!integration->webhooks.contains(endpoint.webhook))
    throw Failure(FailureKind::not_found, endpoint.integration + " declares no webhook \"" +
                                              endpoint.webhook + "\"");
  std::vector<Secret> secrets;
  for (const std::string& text : strings_of(object, "secrets")) secrets.emplace_back(text);
  parts.store.write(fiber, [&](Transaction& transaction) {
    parts.endpoints.put(transaction, endpoint, secrets);
  });
  return HttpResponse::json(200, endpoint_json(endpoint));
}

}  // namespace

std::vector<Route> integration_routes(const ReadParts& parts) {
  return {
      {"GET", "/v1/integrations",
       [parts](Fiber& fiber, HttpRequest& request) {
         parts.access.require(fiber, request, {"integrations:read"});
         JsonArray list;
         for (const auto& [slug, integration] : parts.registry.get()->all())
           list.push_back(JsonObject{{"slug", slug},
                                     {"name", integration->definition.display_name},
                                     {"version", integration->definition.version}});
         return HttpResponse::json(200, JsonObject{{"integrations", std::move(list)}});
       }},
      {"GET", "/v1/integrations/{integration}",
       [parts](Fiber& fiber, HttpRequest& request) {
         parts.access.require(fiber, request, {"integrations:read"});
         return HttpResponse::json(200, integration_json(*parts.registry.get()->require(
                                            *request.path_value("integration"))));
       }},
      {"POST", "/v1/integrations/{integration}/flows/{flow}/runs",
       [parts](Fiber& fiber, HttpRequest& request) {
         const Caller caller = parts.access.require(fiber, request, {"runs:write"});
         return start_flow(fiber, parts, request, caller, Reaction::Kind::flow,
                           *request.path_value("flow"));
       }},
      {"POST", "/v1/integrations/{integration}/actions/{action}/runs",
       [parts](Fiber& fiber, HttpRequest& request) {
         const Caller caller = parts.access.require(fiber, request, {"runs:write"});
         return start_flow(fiber, parts, request, caller, Reaction::Kind::action,
                           *request.path_value("action"));
       }},
      {"GET", "/v1/schedules",
       [parts](Fiber& fiber, HttpRequest& request) {
         const Caller caller = parts.access.require(fiber, request, {"integrations:read"});
         const auto rows = parts.store.read(
             fiber, [&](Snapshot& snapshot) { return schedules::list(snapshot, caller.tenant); });
         JsonArray list;
         for (const ScheduleRow& row : rows)
           list.push_back(JsonObject{
               {"integration", row.integration},
               {"subject", row.subject},
               {"cron", row.cron},
               {"timezone", row.timezone},
               {"next_at", time_text(row.next_at)},
               {"last_at", row.last_at > 0 ? Json(time_text(row.last_at)) : Json()},
               {"enabled", row.enabled}});
         return HttpResponse::json(200, JsonObject{{"schedules", std::move(list)}});
       }},
  };
}

std::vector<Route> run_routes(const ReadParts& parts) {
  return {
      {"GET", "/v1/runs",
       [parts](Fiber& fiber, HttpRequest& request) {
         const Caller caller = parts.access.require(fiber, request, {"runs:read"});
         RunFilter filter;
         filter.integration = text_parameter(request, "integration");
         filter.subject = text_parameter(request, "subject");
         filter.kind = text_parameter(request, "kind");
         filter.status = text_parameter(request, "status");
         filter.before = text_parameter(request, "cursor");
         filter.limit = static_cast<int>(number_parameter(request, "limit", 50, 1, 500));
         if (!filter.status.empty() && !run_status_of(filter.status))
           throw Failure(FailureKind::invalid,
                         "?status= takes running, retrying, completed, partial, failed or cancelled");
         const auto rows = parts.store.read(fiber, [&](Snapshot& snapshot) {
           return runs::list(snapshot, caller.tenant, filter);
         });
         JsonArray list;
         for (const RunRow& row : rows) list.push_back(run_json(row, Detail::list));
         const bool full = static_cast<int>(rows.size()) == filter.limit;
         return HttpResponse::json(200, JsonObject{{"runs", std::move(list)},
                                                   {"next", full ? Json(rows.back().id) : Json()}});
       }},
      {"GET", "/v1/runs/{run}",
       [parts](Fiber& fiber, HttpRequest& request) {
         const Caller caller = parts.access.require(fiber, request, {"runs:read"});
         const RunId id = run_id(request);
         JsonArray log;
         RunCalls calls;
         const auto row = parts.store.read(fiber, [&](Snapshot& snapshot) {
           log.clear();
           for (const RunLogLine& line : runs::logs(snapshot, caller.tenant, id))
             log.push_back(JsonObject{{"at", time_text(line.at)},
                                      {"level", line.level},
                                      {"message", line.message}});
           calls = runs::calls(snapshot, caller.tenant, id, runs::CallDetails::without);
           return runs::get(snapshot, caller.tenant, id);
         });
         if (!row) throw Failure(FailureKind::not_found, "there is no such run");
         JsonObject out = run_json(*row, Detail::whole);
         out["log"] = std::move(log);
         out["calls"] = calls_json(calls);
         out["calls_left_out"] = calls.left_out;
         return HttpResponse::json(200, out);
       }},
  };
}

std::vector<Route> event_routes(const ReadParts& parts) {
  return {
      {"GET", "/v1/events",
       [parts](Fiber& fiber, HttpRequest& request) {
         const Caller caller = parts.access.require(fiber, request, {"events:read"});
         queue::EventFilter filter;
         filter.tenant = caller.tenant;
         filter.after = number_parameter(request, "after", 0, 0, INT64_MAX);
         if (request.query_value("before"))
           filter.before = number_parameter(request, "before", 0, 0, queue::last_position);
         else if (text_parameter(request, "order") == "newest")
           filter.before = queue::last_position;
         filter.entity = text_parameter(request, "entity");
         filter.correlation_id = text_parameter(request, "correlation_id");
         if (const auto topic = text_parameter(request, "topic"); !topic.empty())
           filter.topic_pattern = topic;
         filter.most = static_cast<int>(number_parameter(request, "limit", 100, 1, 1'000));
         const auto page = parts.store.read(
             fiber, [&](Snapshot& snapshot) { return parts.events.read(snapshot, filter); });
         JsonArray list;
         for (const queue::Event& event : page.events) list.push_back(event_json(event));
         return HttpResponse::json(200, JsonObject{{"events", std::move(list)},
                                                   {"next", page.next},
                                                   {"cursor", std::to_string(page.next)},
                                                   {"more", page.more}});
       }},
      {"GET", "/v1/events/{event}",
       [parts](Fiber& fiber, HttpRequest& request) {
         const Caller caller = parts.access.require(fiber, request, {"events:read"});
         const auto id = EventId::parse(*request.path_value("event"));
         if (!id) throw Failure(FailureKind::not_found, "there is no such event: its id is a UUID");
         const auto event = parts.store.read(fiber, [&](Snapshot& snapshot) {
           return parts.events.find(snapshot, caller.tenant, *id);
         });
         if (!event) throw Failure(FailureKind::not_found, "there is no such event");
         return HttpResponse::json(200, event_json(*event));
       }},
  };
}

std::vector<Route> endpoint_routes(const ReadParts& parts) {
  return {
      {"GET", "/v1/endpoints",
       [parts](Fiber& fiber, HttpRequest& request) {
         const Caller caller = parts.access.require(fiber, request, {"endpoints:read"});
         const auto all = parts.store.read(fiber, [&](Snapshot& snapshot) {
           return parts.endpoints.list(snapshot, caller.tenant);
         });
         JsonArray list;
         for (const Endpoint& endpoint : all) list.push_back(endpoint_json(endpoint));
         return HttpResponse::json(200, JsonObject{{"endpoints", std::move(list)}});
       }},
      {"PUT", "/v1/endpoints/{endpoint}",
       [parts](Fiber& fiber, HttpRequest& request) {
         const Caller caller = parts.access.require(fiber, request, {"endpoints:write"});
         return put_endpoint(fiber, parts, request, caller);
       }},
      {"DELETE", "/v1/endpoints/{endpoint}",
       [parts](Fiber& fiber, HttpRequest& request) {
         const Caller caller = parts.access.require(fiber, request, {"endpoints:write"});
         const std::string name(*request.path_value("endpoint"));
         const bool removed = parts.store.write(fiber, [&](Transaction& transaction) {
           return parts.endpoints.remove(transaction, caller.tenant, name);
         });
         if (!removed) throw Failure(FailureKind::not_found, "there is no such endpoint");
         return HttpResponse{204, {}, {}, {}};
       }},
      {"GET", "/v1/endpoints/{endpoint}/refusals",
       [parts](Fiber& fiber, HttpRequest& request) {
         const Caller caller = parts.access.require(fiber, request, {"endpoints:read"});
         const std::string name(*request.path_value("endpoint"));
         const auto all = parts.store.read(fiber, [&](Snapshot& snapshot) {
           return parts.endpoints.refusals(snapshot, caller.tenant, name);
         });
         JsonArray list;
         for (const Refusal& refusal : all)
           list.push_back(JsonObject{{"at", time_text(refusal.at)},
                                     {"peer", refusal.peer},
                                     {"reason", refusal.reason}});
         return HttpResponse::json(200, JsonObject{{"refusals", std::move(list)}});
       }},
  };
}

}  // namespace junctor::api
