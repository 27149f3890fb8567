#include "api/action_routes.h"

#include <boost/json.hpp>

#include "api/action_input.h"
#include "api/answers.h"
#include "api/expand.h"
#include "base/log.h"
#include "engine/runs.h"
#include "json/serialize.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/problem.h"
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

  void record(Fiber& fiber, RunEnd end) {
    end.counters = trace.counters;
    end.at = parts.clock.now();
    start.connection = trace.connection;
    parts.store.write(fiber, [&](Transaction& transaction) {
      runs::record(transaction, start, end);
      store_trace(transaction, start.tenant, start.id, trace);
    });
  }

  void record_failure(Fiber& fiber, const Failure& failure) {
    RunEnd end;
    end.status = failure.kind() == FailureKind::cancelled ? RunStatus::cancelled : RunStatus::failed;
    end.failure = failure.kind();
    end.error = trace.secrets.without(failure.message());
    record(fiber, std::move(end));
  }
};

Json perform(Fiber& fiber, Called& called, const HttpRequest& request, const Json& input) {
  CallScope scope;
  scope.tenant = called.caller.tenant;
  scope.run = called.start.id;
  scope.connection = std::string(request.headers.get("Junctor-Connection").value_or(""));
  scope.caller_ended = request.caller_ended;
  // A caller that repeats a call with its key repeats it at the provider with the same one.
  scope.idempotency_key =
      std::string(request.headers.get("Idempotency-Key").value_or(called.start.id.to_string()));
  Json output = called.parts.actions.call(fiber, scope, called.integration->definition.slug,
                                          called.action.definition->slug, input, called.trace);
  const auto wanted = request.query_value("expand");
  if (wanted && !called.action.definition->expandable.empty())
    expand(fiber, called.parts.actions, scope, *called.integration, called.action, *wanted, output,
           called.trace);
  return output;
}

// An action may move money: a token that only reads must not reach one that says nothing of scopes.
std::vector<std::string> scopes_of(const Action& action) {
  return action.scopes.empty() ? std::vector<std::string>{"actions:call"} : action.scopes;
}

HttpResponse run_action(Fiber& fiber, const ActionParts& parts, const HttpRequest& request,
                        std::string_view integration_slug, std::string_view action_slug,
                        bool by_place) {
  const auto integration = parts.registry.get()->require(integration_slug);
  const LoadedAction& action = integration->action(action_slug);
  Called called{parts, parts.access.require(fiber, request, scopes_of(*action.definition)), integration, action, {}, {}};
  auto input = by_place ? action_input(action, request) : body_input(request);
  if (!input.ok()) return unreadable(input.problems());

  called.start.tenant = called.caller.tenant;
  called.start.id = RunId::generate();
  called.start.kind = "action";
  called.start.integration = integration->definition.slug;
  called.start.subject = action.definition->slug;
  called.start.trigger = "api";
  called.start.at = parts.clock.now();
  called.start.input = json::to_text(input.value());
  try {
    const Json output = perform(fiber, called, request, input.value());
    RunEnd end;
    end.output = called.trace.shown_output(output, redaction_of(action));
    called.record(fiber, std::move(end));
    HttpResponse response = HttpResponse::json(200, output);
    response.headers.set("Junctor-Run", called.start.id.to_string());
    if (called.trace.cut_short)
      response.headers.set("Junctor-Cut-Short", std::string(to_string(*called.trace.cut_short)));
    return response;
  } catch (const Failure& failure) {
    if (failure.kind() != FailureKind::cancelled) called.record_failure(fiber, failure);
    throw;
  }
}

}  // namespace

std::vector<Route> action_routes(const ActionParts& parts) {
  return {{"POST", "/v1/integrations/{integration}/actions/{action}",
           [parts](Fiber& fiber, HttpRequest& request) {
             return run_action(fiber, parts, request, *request.path_value("integration"),
                               *request.path_value("action"), false);
           }}};
}

std::vector<Route> declared_routes(const ActionParts& parts) {
  std::vector<Route> routes;
  for (const auto& [slug, integration] : parts.registry.get()->all())
    for (const auto& [action_slug, action] : integration->actions)
      routes.push_back({action.definition->method,
                        route_path(integration->definition, *action.definition),
                        [parts, integration = slug, action = action_slug](Fiber& fiber,
                                                                          HttpRequest& request) {
                          return run_action(fiber, parts, request, integration, action, true);
                        }});
  return routes;
}

}  // namespace junctor::api
