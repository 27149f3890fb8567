#include "engine/registry.h"

#include <boost/json.hpp>

#include "base/crypto.h"
#include "connector/schema_links.h"
#include "connector/secret_mask.h"
#include "connector/secret_values.h"
#include "junctor/failure.h"
#include "vault/connection.h"
#include "vault/field_value.h"

namespace junctor {
namespace {

using connector::CompiledExpression;
using connector::CompiledValue;

std::string names_of(const auto& entries) {
  std::string out;
  for (const auto& [name, entry] : entries) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out.empty() ? "none" : out;
}

// {"$ref": "issue"} is the schema of that slug, as everywhere in a definition.
CompiledSchema compiled_schema(const Integration& integration, const Json& schema, const std::string& path,
                               std::vector<Problem>& problems) {
  SchemaRegistry schemas = connector::schema_registry(integration);
  auto result = connector::compile_schema(schema, schemas);
  if (result.ok()) return std::move(result).value();
  for (Problem problem : result.problems()) {
    problem.path = path + (problem.path.empty() ? "" : ": " + problem.path);
    problems.push_back(std::move(problem));
  }
  return CompiledSchema::compile(Json(true)).value_or_throw();
}

LoadedAction load_action(const Integration& integration, const Action& action,
                         std::vector<Problem>& problems) {
  const std::string path = "actions." + action.slug;
  Json document = input_schema(integration, action);
  CompiledSchema input = compiled_schema(integration, document, path + ".input", problems);
  LoadedAction loaded{
      &action, std::move(document), std::move(input),
      compiled_schema(integration, output_schema(integration, action), path + ".output", problems), nullptr, {}, {}, files_of(action)};
  if (action.memoize) {
    loaded.memo_key = CompiledExpression(action.memoize->key);
    loaded.fingerprint = connector::fingerprint_of(integration, action);
  }
  if (!action.is_declared()) return loaded;
  auto call = connector::CompiledCall::compile(integration, action);
  if (call.ok()) loaded.call = std::move(call).value();
  else problems.insert(problems.end(), call.problems().begin(), call.problems().end());
  return loaded;
}

vault::IntegrationProfile load_profile(const Integration& integration, std::vector<Problem>& problems) {
  vault::IntegrationProfile out = auth::integration_profile(integration);
  for (vault::FieldDeclaration& field : out.fields) {
    const SchemaRef& declared = integration.find_var(field.key)->schema;
    if (declared.empty()) continue;
    const Json document = declared.json.is_string() ? Json(JsonObject{{"$ref", declared.json}}) : declared.json;
    field.schema = compiled_schema(integration, document, "vars." + field.key + ".schema", problems);
    if (!field.default_value) continue;
    const auto judged = vault::judge_value(field, *field.default_value);
    if (judged) continue;
    const Problem& fault = judged.problems().front();
    problems.push_back({"vars." + field.key + ".default", 0, fault.found, fault.expected, {}});
  }
  return out;
}

LoadedWebhook load_webhook(const WebhookType& type) {
  LoadedWebhook out;
  out.definition = &type;
  out.event_type = CompiledExpression(type.event_type.body);
  out.dedup_id = CompiledExpression(type.dedup_id.body);
  out.topic = CompiledExpression(type.topic);
  out.payload = CompiledExpression(type.payload);
  out.items = CompiledExpression(type.items);
  out.entity_id = CompiledExpression(type.entity_id);
  out.partition = CompiledExpression(type.partition);
  out.ignore = CompiledExpression(type.ignore);
  out.respond = CompiledExpression(type.respond);
  return out;
}

Reaction started(Reaction::Kind kind, const Integration& integration, const std::string& subject) {
  Reaction reaction;
  reaction.kind = kind;
  reaction.integration = integration.slug;
  reaction.subject = subject;
  reaction.queue = integration.slug + "." + std::string(to_string(kind)) + "." + subject;
  reaction.target_integration = integration.slug;
  return reaction;
}

Reaction react_to_pass(const Integration& integration, const PassSpec& pass) {
  Reaction reaction = started(Reaction::Kind::pass, integration, pass.slug);
  reaction.topics = pass.topics;
  reaction.filter = CompiledExpression(pass.filter);
  reaction.map = CompiledExpression(pass.map);
  reaction.each = pass.each;
  reaction.action = pass.to.action;
  reaction.most_attempts = pass.max_attempts;
  if (!pass.to.integration.empty()) reaction.target_integration = pass.to.integration;
  reaction.target_connection = pass.to.connection;
  return reaction;
}

Reaction react_to_catch(const Integration& integration, const CatchSpec& spec) {
  Reaction reaction = started(Reaction::Kind::catch_, integration, spec.slug);
  reaction.topics = spec.topics;
  reaction.filter = CompiledExpression(spec.filter);
  reaction.input = CompiledValue(spec.input);
  reaction.action = spec.action;
  return reaction;
}

// "every: 5m" is a schedule like any other.
std::optional<CronSchedule> schedule_of(const std::vector<Trigger>& triggers) {
  for (const Trigger& trigger : triggers) {
    if (trigger.type != TriggerType::schedule && trigger.type != TriggerType::poll) continue;
    if (!trigger.cron.empty())
      return CronSchedule::parse(trigger.cron, trigger.timezone).value_or_throw();
    if (trigger.every) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(*trigger.every);
      return CronSchedule::parse("@every " + std::to_string(seconds.count()) + "s").value_or_throw();
    }
  }
  return std::nullopt;
}

void add_triggered(std::vector<Reaction>& out, Reaction reaction,
                   const std::vector<Trigger>& triggers, const std::vector<std::string>& events) {
  reaction.triggers = triggers;
  reaction.topics = events;
  for (const Trigger& trigger : triggers)
    if (reaction.input.empty()) reaction.input = CompiledValue(trigger.input);
  for (const Trigger& trigger : triggers)
    if (trigger.type == TriggerType::event) {
      reaction.topics.insert(reaction.topics.end(), trigger.events.begin(), trigger.events.end());
      if (reaction.filter.empty()) reaction.filter = CompiledExpression(trigger.filter);
    }
  reaction.schedule = schedule_of(triggers);
  if (!reaction.topics.empty() || reaction.schedule) out.push_back(std::move(reaction));
}

std::vector<Reaction> reactions_of(const Integration& integration) {
  std::vector<Reaction> out;
  for (const PassSpec& pass : integration.passes)
    if (pass.enabled) out.push_back(react_to_pass(integration, pass));
  for (const CatchSpec& spec : integration.catches)
    if (spec.enabled) out.push_back(react_to_catch(integration, spec));
  for (const Action& action : integration.actions) {
    Reaction reaction = started(Reaction::Kind::action, integration, action.slug);
    reaction.action = action.slug;
    if (action.concurrency > 0) reaction.concurrency = action.concurrency;
    add_triggered(out, std::move(reaction), action.triggers, action.events);
  }
  for (const Flow& flow : integration.flows)
    if (flow.enabled) {
      // One run of a flow at a time: two would fight over its cursor. A flow can also be started by
      // hand, so it has a queue even without a trigger.
      Reaction reaction = started(Reaction::Kind::flow, integration, flow.slug);
      reaction.concurrency = 1;
      reaction.triggers = flow.triggers;
      reaction.schedule = schedule_of(flow.triggers);
      for (const Trigger& trigger : flow.triggers)
        reaction.topics.insert(reaction.topics.end(), trigger.events.begin(), trigger.events.end());
      out.push_back(std::move(reaction));
    }
  return out;
}

// Sees every file that an output of such an action holds as base64.
template <typename See>
void each_content(const LoadedAction& action, Json& output, const See& see) {
  if (!gives_file(action)) return;
  if (auto* list = output.if_array())
    for (Json& one : *list) each_content(action, one, see);
  auto* object = output.if_object();
  const Json* content = object == nullptr ? nullptr : object->if_contains("base64");
  if (content == nullptr || !content->is_string()) return;
  see(*object, std::string_view(content->get_string()));
}

}  // namespace

std::string_view to_string(Reaction::Kind kind) {
  switch (kind) {
    case Reaction::Kind::pass: return "pass";
    case Reaction::Kind::catch_: return "catch";
    case Reaction::Kind::action: return "action";
    case Reaction::Kind::flow: return "flow";
  }
  return "pass";
}

bool gives_file(const LoadedAction& action) {
  return action.call && action.call->call.response.kind == ResponseKind::file && !action.call->pagination;
}

Json kept_output(const LoadedAction& action, Json output) {
  each_content(action, output, [](JsonObject& file, std::string_view content) {
    const std::size_t padding = content.ends_with("==") ? 2 : content.ends_with('=') ? 1 : 0;
    const std::size_t bytes = content.size() / 4 * 3 - padding;
    file.erase("base64");
    file["bytes"] = bytes;
  });
  return output;
}

Json masked_files(const LoadedAction& action, Json output, const connector::SecretValues& secrets) {
  each_content(action, output, [&](JsonObject& file, std::string_view content) {
    const auto bytes = crypto::from_base64(content);
    if (!bytes) return;
    const std::string masked = connector::masked(*bytes, secrets.credentials());
    if (masked != *bytes) file["base64"] = crypto::to_base64(masked);
  });
  return output;
}

connector::Redaction redaction_of(const LoadedAction& action) {
  return action.call ? action.call->redaction : connector::Redaction();
}

Result<std::shared_ptr<const LoadedIntegration>> LoadedIntegration::load(Integration definition,
                                                                         std::string folder) {
  auto loaded = std::make_shared<LoadedIntegration>();
  loaded->definition = std::move(definition);
  loaded->folder = std::move(folder);
  const Integration& integration = loaded->definition;
  std::vector<Problem> problems;
  loaded->auth = auth::auth_definition(integration);
  loaded->profile = load_profile(integration, problems);
  try {
    for (const Action& action : integration.actions)
      loaded->actions.emplace(action.slug, load_action(integration, action, problems));
    for (const WebhookType& type : integration.webhooks)
      loaded->webhooks.emplace(type.slug, load_webhook(type));
    loaded->reactions = reactions_of(integration);
  } catch (const jsonata::Error& error) {
    problems.push_back({integration.slug, 0, error.what(), "an expression that compiles", ""});
  }
  if (!problems.empty()) return problems;
  return std::shared_ptr<const LoadedIntegration>(std::move(loaded));
}

const LoadedAction& LoadedIntegration::action(std::string_view slug) const {
  const auto found = actions.find(slug);
  if (found == actions.end())
    throw vault::ConnectionFailure(vault::ConnectionError::unknown_action,
                                   definition.slug + " has no action \"" + std::string(slug) + "\"; it has " +
                                       names_of(actions));
  return found->second;
}

Registry::Registry(std::vector<std::shared_ptr<const LoadedIntegration>> integrations) {
  for (auto& integration : integrations) {
    const std::string slug = integration->definition.slug;
    if (!integrations_.emplace(slug, std::move(integration)).second)
      throw Failure(FailureKind::conflict,
                    "two integrations have the slug \"" + slug + "\"; rename one of them");
  }
}

std::shared_ptr<const LoadedIntegration> Registry::find(std::string_view slug) const {
  const auto found = integrations_.find(slug);
  return found == integrations_.end() ? nullptr : found->second;
}

std::shared_ptr<const LoadedIntegration> Registry::require(std::string_view slug) const {
  auto found = find(slug);
  if (found == nullptr)
    throw vault::ConnectionFailure(vault::ConnectionError::unknown_integration,
                                   "no integration \"" + std::string(slug) + "\" is loaded; there are " +
                                       names_of(integrations_));
  return found;
}

}  // namespace junctor
