#include "engine/field_options.h"

#include <boost/json.hpp>

#include "connector/expressions.h"
#include "engine/runs.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "junctor/provider_failure.h"
#include "vault/connections.h"

namespace junctor {
namespace {

using vault::ConnectionError;
using vault::ConnectionFailure;

constexpr std::size_t most_options = 1'000;
constexpr std::chrono::seconds most_time{30};

JsonObject option(const Json& value, const Json& label) {
  return {{"value", value}, {"label", label.is_string() ? label : Json(connector::scalar_text(value))}};
}

// What an action gave, and how the provider said it.
struct Fetched {
  Json rows;
  int status = 200;
};

// Whoever asks for the choices cannot mend them: the provider answered something else, or the definition reads it wrongly.
[[noreturn]] void no_choices(const Field& field, const Fetched& fetched, const std::string& fault) {
  const OptionsFetcher& fetcher = *field.options_from;
  const std::string source = fetcher.map.empty() ? "the output of " + fetcher.action
                                                 : "vars." + field.key + ".options_from.map over the output of " + fetcher.action;
  ProviderAnswer answer;
  answer.status = fetched.status;
  throw ProviderFailure(FailureKind::unavailable, "the options of " + field.key + " cannot be read: " + source + fault,
                        std::move(answer));
}

// {"value", "label"?} or a bare value.
JsonArray listed(const Fetched& fetched, const Field& field) {
  if (!fetched.rows.is_array()) no_choices(field, fetched, " is no list; a list of {value, label} or of values is expected");
  JsonArray out;
  for (const Json& one : fetched.rows.get_array()) {
    if (out.size() >= most_options) break;
    const auto* object = one.if_object();
    const Json* value = object == nullptr ? &one : object->if_contains("value");
    if (value == nullptr || !value->is_primitive() || value->is_null())
      no_choices(field, fetched, " gave no `value`, a text, number or boolean, for row " + std::to_string(out.size() + 1));
    const Json* label = object == nullptr ? nullptr : object->if_contains("label");
    out.push_back(option(*value, label == nullptr ? Json() : *label));
  }
  return out;
}

JsonArray written_out(const Field& field) {
  JsonArray out;
  for (const Option& one : field.options)
    out.push_back(option(one.value, one.label.empty() ? Json() : Json(one.label)));
  return out;
}

void require_authorised(const Field& field, const OptionsQuestion& question) {
  if (field.when == FieldPhase::before_auth) return;
  const bool authorised =
      question.connection &&
      question.connection->status != vault::ConnectionStatus::needs_authorisation;
  if (!authorised)
    throw ConnectionFailure(ConnectionError::not_authorised,
                            "the options of " + field.key +
                                " are known after authorisation; authorise the connection first");
}

// Secrets that a form holds and no connection keeps yet.
void note_entered_secrets(const Integration& integration, const OptionsQuestion& question, CallTrace& trace) {
  for (const auto& [name, value] : question.vars) {
    const Field* field = integration.find_var(std::string(name));
    if (field != nullptr && field->is_secret()) trace.secrets.add(connector::scalar_text(value));
  }
}

RunStart start_of(const Actions& actions, const TenantId& tenant, const OptionsFetcher& fetcher, const OptionsQuestion& question) {
  RunStart start;
  start.tenant = tenant;
  start.id = RunId::generate();
  start.kind = "action";
  start.integration = question.integration;
  start.subject = fetcher.action;
  start.trigger = "options";
  start.at = actions.parts().clock.now();
  return start;
}

// The action's output, of a run as every call of one is.
Json called(Fiber& fiber, Actions& actions, const CallScope& scope, const RunStart& start, const Json& input, CallTrace& trace) {
  const ActionsParts& parts = actions.parts();
  Json output;
  try {
    const DeadlineScope limit(fiber, most_time);
    output = actions.call(fiber, scope, start.integration, start.subject, input, trace);
  } catch (const Failure& failure) {
    if (!fiber.cancelled())
      record_run(fiber, parts.store, parts.clock, start, end_with(failure, trace), trace);
    throw;
  }
  record_run(fiber, parts.store, parts.clock, start, RunEnd(), trace);
  return output;
}

Fetched fetched(Fiber& fiber, Actions& actions, const TenantId& tenant, const Integration& integration, const Field& field,
             const OptionsQuestion& question) {
  JsonObject root{{"vars", question.connection ? question.connection->vars : question.vars}};
  const OptionsFetcher& fetcher = *field.options_from;
  const Json input = fetcher.input.empty()
                         ? Json(JsonObject())
                         : connector::CompiledValue(fetcher.input).evaluate(Json(root));
  RunStart start = start_of(actions, tenant, fetcher, question);
  CallScope scope;
  scope.tenant = tenant;
  scope.run = start.id;
  scope.use = ConnectionUse::test;
  if (question.connection) scope.connection = question.connection->id.to_string();
  else scope.entered_vars = question.vars;
  CallTrace trace;
  note_entered_secrets(integration, question, trace);
  start.input = trace.shown_output(input);
  const Json output = trace.secrets.without_credentials(called(fiber, actions, scope, start, input, trace));
  const int status = trace.calls.empty() ? 200 : trace.calls.back().status;
  if (fetcher.map.empty()) return {output, status};
  Json mapped = connector::CompiledExpression(fetcher.map).evaluate(output).value_or(Json(JsonArray()));
  // A sequence of one is a value in JSONata.
  return {mapped.is_array() ? mapped : Json(JsonArray{std::move(mapped)}), status};
}

}  // namespace

JsonArray field_options(Fiber& fiber, Actions& actions, const TenantId& tenant,
                        const OptionsQuestion& question) {
  const auto integration = actions.parts().registry.get()->find(question.integration);
  if (integration == nullptr)
    throw ConnectionFailure(ConnectionError::unknown_integration,
                            "there is no integration \"" + question.integration +
                                "\"; load its definition first");
  const Field* field = integration->definition.find_var(question.field);
  if (field == nullptr)
    throw Failure(FailureKind::not_found,
                  question.integration + " declares no var \"" + question.field + "\"");
  if (!field->options_from) {
    if (field->options.empty())
      throw Failure(FailureKind::unsupported, field->key + " is no select: it has no options");
    return written_out(*field);
  }
  require_authorised(*field, question);
  return listed(fetched(fiber, actions, tenant, integration->definition, *field, question), *field);
}

}  // namespace junctor
