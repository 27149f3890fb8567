#include "connector/checks.h"
#include "connector/topics.h"
#include "connector/triggers.h"

namespace junctor::connector {
namespace {

void check_schema_ref(const Integration& integration, const SchemaRef& ref, const std::string& at, Findings& out) {
  if (!ref.json.is_string()) {
    if (!ref.json.is_null() && !ref.json.is_object() && !ref.json.is_bool()) {
      out.problem(at, "no JSON Schema", "a schema (a mapping), or the slug of one");
    }
    return;
  }
  const std::string slug(ref.json.as_string());
  if (integration.find_schema(slug) == nullptr) {
    out.problem(at, "\"" + slug + "\"", expected_one_of("a schema", slug, slugs_of(integration.schemas)));
  }
}

void check_schema_slug(const Integration& integration, const std::string& slug, const std::string& at,
                       Findings& out) {
  if (!slug.empty()) check_schema_ref(integration, SchemaRef(Json(slug)), at, out);
}

void check_action_ref(const Integration& integration, const std::string& slug, const std::string& at,
                      Findings& out) {
  if (slug.empty() || integration.find_action(slug) != nullptr) return;
  out.problem(at, "\"" + slug + "\"", expected_one_of("an action", slug, slugs_of(integration.actions)));
}

void check_action_schemas(const Integration& integration, Findings& out) {
  for (const Action& action : integration.actions) {
    const std::string at = join("actions", action.slug);
    check_schema_ref(integration, action.input, join(at, "input"), out);
    check_schema_ref(integration, action.output, join(at, "output"), out);
    for (const Param& param : action.params) {
      check_schema_ref(integration, param.schema, join(at, "params." + param.name + ".schema"), out);
    }
  }
}

void check_functions(const Integration& integration, Findings& out) {
  for (const FunctionDef& function : integration.functions) {
    const std::string at = join("functions", function.slug);
    check_schema_slug(integration, function.request_schema, join(at, "request_schema"), out);
    check_schema_slug(integration, function.response_schema, join(at, "response_schema"), out);
  }
}

void check_webhook_refs(const Integration& integration, Findings& out) {
  for (const WebhookType& webhook : integration.webhooks) {
    const std::string at = join("webhooks", webhook.slug);
    check_action_ref(integration, webhook.handler, join(at, "handler"), out);
    for (const std::string& event : webhook.produces) {
      if (integration.find_event(event) == nullptr && event.find('.') == std::string::npos && event != "*") {
        out.problem(join(at, "produces"), "\"" + event + "\"",
                    expected_one_of("an event, or a topic with a dot", event, slugs_of(integration.events)));
      }
    }
  }
}

}  // namespace

void check_topics(const std::vector<std::string>& topics, const std::string& at, Findings& out) {
  for (const std::string& topic : topics) {
    if (!is_topic_pattern(topic)) {
      out.problem(at, "\"" + topic + "\"", "a topic (github.push) or a pattern (github.*, *.created, *)");
    }
  }
}

void check_references(const Integration& integration, Findings& out) {
  for (const SchemaDef& schema : integration.schemas) {
    const std::string at = join("schemas", schema.slug);
    if (schema.schema.empty()) out.problem(join(at, "schema"), "nothing", "a JSON Schema, or a file that holds one");
    else if (schema.schema.json.is_string()) out.problem(join(at, "schema"), "a text", "a JSON Schema");
  }
  for (const EventDef& event : integration.events) {
    check_schema_ref(integration, event.payload, join(join("events", event.slug), "payload"), out);
  }
  for (const Collection& collection : integration.collections) {
    check_schema_ref(integration, collection.schema, join(join("collections", collection.slug), "schema"), out);
  }
  check_action_schemas(integration, out);
  check_functions(integration, out);
  check_webhook_refs(integration, out);
  check_action_ref(integration, integration.test_action, "test_action", out);
  for (const Fixture& fixture : integration.fixtures) {
    const std::string at = join("fixtures", fixture.slug);
    if (fixture.action.empty()) out.problem(join(at, "action"), "nothing", "the action whose answer it is");
    check_action_ref(integration, fixture.action, join(at, "action"), out);
  }
}

}  // namespace junctor::connector
