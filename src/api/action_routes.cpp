#include "api/action_routes.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "api/answers.h"
#include "api/call_body.h"
#include "api/expand.h"
#include "api/file_answer.h"
#include "base/log.h"
#include "engine/runs.h"
#include "json/serialize.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "store/store.h"

namespace junctor::api {
namespace {

struct Called {
  const ActionParts& parts;
  Caller caller;
  std::shared_ptr<const LoadedIntegration> integration;
  const LoadedAction& action;
  RunStart start;
  CallTrace trace;
  CallBody body;
  bool client_left = false;  // in the middle of its answer
  bool recorded = false;

  void record_output(Fiber& fiber, const Json& output) {
    RunEnd end;
    end.output = recorded_output(trace, action, output);
    record_run(fiber, parts.store, parts.clock, start, std::move(end), trace);
    recorded = true;
  }

  void record_failure(Fiber& fiber, const Failure& failure) {
    if (recorded) return;  // what came of the call is known: its answer did not arrive
    const Failure stopped(FailureKind::cancelled, failure.message());
    record_run(fiber, parts.store, parts.clock, start, end_with(client_left ? stopped : failure, trace), trace);
  }
};

CallScope scope_of(const Called& called, const HttpRequest& request) {
  CallScope scope;
  scope.tenant = called.caller.tenant;
  scope.run = called.start.id;
  scope.connection = std::string(request.headers.get("Junctor-Connection").value_or(""));
  scope.files = called.body.files;
  scope.caller_ended = request.caller_ended;
  // A caller that repeats a call with its key repeats it at the provider with the same one.
  scope.idempotency_key =
      std::string(request.headers.get("Idempotency-Key").value_or(called.start.id.to_string()));
  return scope;
}

Json perform(Fiber& fiber, Called& called, const CallScope& scope) {
  return called.parts.actions.call(fiber, scope, called.integration->definition.slug,
                                   called.action.definition->slug, called.body.input, called.trace);
}

// An action may move money: a token that only reads must not reach one that says nothing of scopes.
std::vector<std::string> scopes_of(const Action& action) {
  return action.scopes.empty() ? std::vector<std::string>{"actions:call"} : action.scopes;
}

// Whoever asks for what an id stands for calls the action that gives it.
std::vector<const Expandable*> permitted_fields(Fiber& fiber, const Called& called, const HttpRequest& request) {
  const Action& action = *called.action.definition;
  const auto wanted = request.query_value("expand");
  if (!wanted || action.expandable.empty()) return {};
  auto fields = wanted_fields(action, *wanted);
  for (const Expandable* one : fields)
    called.parts.access.require(fiber, request, scopes_of(*called.integration->action(one->action).definition));
  return fields;
}

HttpResponse answer_json(Fiber& fiber, Called& called, const HttpRequest& request) {
  const CallScope scope = scope_of(called, request);
  const auto fields = permitted_fields(fiber, called, request);
  Json output = perform(fiber, called, scope);
  // What the ids stand for is the answer of other actions, which declare for themselves what must not be kept of it.
  const std::optional<Json> with_ids = fields.empty() ? std::nullopt : std::optional(output);
  expand(fiber, called.parts.actions, scope, *called.integration, fields, output, called.trace);
  called.record_output(fiber, with_ids ? *with_ids : output);
  HttpResponse response = HttpResponse::json(200, told_output(called.trace, called.action, std::move(output)));
  response.headers.set(std::string(run_header), called.start.id.to_string());
  if (called.trace.cut_short)
    response.headers.set("Junctor-Cut-Short", std::string(to_string(*called.trace.cut_short)));
  return response;
}

HttpResponse answer_file(Fiber& fiber, Called& called, const HttpRequest& request) {
  FileAnswer answer(request, called.start.id, called.trace.secrets);
  CallScope scope = scope_of(called, request);
  scope.download = answer.sink();
  try {
    const Json told = perform(fiber, called, scope);
    answer.finish(fiber);
    called.record_output(fiber, told);
    answer.give_last_byte(fiber);
  } catch (const Failure&) {
    called.client_left = answer.client_left();
    throw;
  }
  return {};  // it has been sent
}

// Whether the client accepts JSON and nothing else.
bool wants_json(const HttpRequest& request) {
  bool json = false;
  for (std::string_view rest : request.headers.get_all("Accept")) {
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      const std::string_view type = rest.substr(0, comma);
      if (!list_contains(type.substr(0, type.find(';')), "application/json")) return false;
      json = true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return json;
}

HttpResponse run_action(Fiber& fiber, const ActionParts& parts, HttpRequest& request,
                        std::string_view integration_slug, std::string_view action_slug,
                        Places places) {
  const auto integration = parts.registry.get()->require(integration_slug);
  const LoadedAction& action = integration->action(action_slug);
  Called called{parts, parts.access.require(fiber, request, scopes_of(*action.definition)), integration, action, {}, {}, {}};
  auto body = read_call(fiber, action, request, parts.spool, places);
  if (!body.ok()) return unreadable(body.problems());
  called.body = std::move(body).value();

  called.start.tenant = called.caller.tenant;
  called.start.id = RunId::generate();
  called.start.kind = "action";
  called.start.integration = integration->definition.slug;
  called.start.subject = action.definition->slug;
  called.start.trigger = "api";
  called.start.at = parts.clock.now();
  called.start.input = json::to_text(with_file_names(called.body.input, called.body.files));
  try {
    const bool as_file = gives_file(action) && request.begin_answer && !wants_json(request);
    return as_file ? answer_file(fiber, called, request) : answer_json(fiber, called, request);
  } catch (const Failure& failure) {
    if (fiber.cancelled()) throw;
    called.record_failure(fiber, failure);
    request.failure_headers.set(std::string(run_header), called.start.id.to_string());
    throw;
  }
}

}  // namespace

std::vector<Route> action_routes(const ActionParts& parts) {
  return {{"POST", "/v1/integrations/{integration}/actions/{action}",
           [parts](Fiber& fiber, HttpRequest& request) {
             return run_action(fiber, parts, request, *request.path_value("integration"),
                               *request.path_value("action"), Places::ignored);
           },
           BodyReading::in_pieces}};
}

std::vector<Route> declared_routes(const ActionParts& parts) {
  std::vector<Route> routes;
  for (const auto& [slug, integration] : parts.registry.get()->all())
    for (const auto& [action_slug, action] : integration->actions)
      routes.push_back({action.definition->method,
                        route_path(integration->definition, *action.definition),
                        [parts, integration = slug, action = action_slug](Fiber& fiber,
                                                                          HttpRequest& request) {
                          return run_action(fiber, parts, request, integration, action, Places::heeded);
                        },
                        BodyReading::in_pieces,
                        // The provider would be asked for the whole file, for nobody to read.
                        gives_file(action) ? Head::refused : Head::as_get});
  return routes;
}

}  // namespace junctor::api
