// The definition of an outside system, as a value.
//
// integration.yaml (src/connector) and define_integration (junctor/define.h) both give this; nothing
// behind it can tell them apart. docs/definitions.md explains every key.
//
// Threads: a value; immutable once loaded.
#pragma once

#include <string_view>

#include "junctor/definition/flow.h"

namespace junctor {

// How an integration looks in the hub.
struct BrandingUi {
  std::string category{};
  std::string color{};
};
BOOST_DESCRIBE_STRUCT(BrandingUi, (), (category, color))
struct Branding {
  std::string icon{};
  std::string logo_url{};
  std::string color{};
  BrandingUi ui{};
};
BOOST_DESCRIBE_STRUCT(Branding, (), (icon, logo_url, color, ui))

// Where the system is. Credentials go to the hosts named here and in `hosts` only.
struct Endpoints {
  Template base_url{};
  Template authorization{};
  Template token{};
  Template userinfo{};
  Template revocation{};
  Template introspection{};
  Template device_authorization{};
  Template jwks{};
  Template issuer{};  // OIDC discovery fills what is missing
  std::vector<Template> hosts{};  // further hosts of the system: "uploads.example.com", "*.example.com"
};
BOOST_DESCRIBE_STRUCT(Endpoints, (),
                      (base_url, authorization, token, userinfo, revocation, introspection,
                       device_authorization, jwks, issuer, hosts))

struct Resources {
  std::string cpu{};
  std::string memory{};
};
BOOST_DESCRIBE_STRUCT(Resources, (), (cpu, memory))
struct EnvVar {
  std::string name{};
  bool secret = false;
  std::string default_{};
  std::string description{};
};
BOOST_DESCRIBE_STRUCT(EnvVar, (), (name, secret, default_, description))
struct Runtime {
  std::string queue{};  // missing: the slug
  Resources resources{};
  std::vector<EnvVar> env{};
};
BOOST_DESCRIBE_STRUCT(Runtime, (), (queue, resources, env))

enum class SchemaType { request, response, entity, webhook_payload, configuration };
BOOST_DESCRIBE_ENUM(SchemaType, request, response, entity, webhook_payload, configuration)
struct SchemaDef {
  std::string slug{};
  std::string name{};
  std::string description{};
  SchemaType type = SchemaType::entity;
  std::string version = "1.0.0";
  SchemaRef schema{};
};
BOOST_DESCRIBE_STRUCT(SchemaDef, (), (slug, name, description, type, version, schema))

enum class EventDirection { inbound, outbound, bidirectional };
BOOST_DESCRIBE_ENUM(EventDirection, inbound, outbound, bidirectional)
enum class Severity { info, warning, error, critical };
BOOST_DESCRIBE_ENUM(Severity, info, warning, error, critical)

// An event that the integration emits or takes. Its topic is "{integration}.{slug}".
struct EventDef {
  std::string slug{};
  std::string name{};
  std::string description{};
  EventDirection direction = EventDirection::outbound;
  Severity severity = Severity::info;
  std::string category{};
  SchemaRef payload{};  // the slug of a schema, or a schema
};
BOOST_DESCRIBE_STRUCT(EventDef, (), (slug, name, description, direction, severity, category, payload))

// An entry of the list of callable functions: one per action, filled in by the loader, and any
// written by hand.
struct FunctionDef {
  std::string slug{};
  std::string name{};
  std::string description{};
  std::string http_method = "POST";
  std::string endpoint_path{};
  std::string request_schema{};   // slugs of schemas; empty for none
  std::string response_schema{};
  std::vector<std::string> required_scopes{};
  std::string category{};
};
BOOST_DESCRIBE_STRUCT(FunctionDef, (),
                      (slug, name, description, http_method, endpoint_path, request_schema, response_schema,
                       required_scopes, category))

// A saved answer, for tests and for `junctor plug --compare`.
struct Fixture {
  std::string slug{};
  std::string action{};
  Json input{};
  Json output{};
  std::string description{};
};
BOOST_DESCRIBE_STRUCT(Fixture, (), (slug, action, input, output, description))

// A collection of records in the integration's own tables.
struct Collection {
  std::string slug{};
  std::string name{};
  SchemaRef schema{};
  std::string key = "id";
  std::vector<std::string> indexes{};
};
BOOST_DESCRIBE_STRUCT(Collection, (), (slug, name, schema, key, indexes))

struct Integration {
  std::string slug{};  // lower-case letters, digits, "_" or "-" between them; starts with a letter
  std::string name{};  // missing: from the slug
  std::string version = "1.0.0";
  std::string display_name{};  // missing: the name
  std::string description{};
  std::string documentation_url{};
  std::string category{};
  std::vector<std::string> tags{};
  Branding branding{};
  Endpoints endpoints{};
  std::vector<Auth> auth{};  // in YAML one mapping, or a list of them
  std::vector<std::string> scopes{};
  Runtime runtime{};
  std::vector<Field> vars{};
  std::string test_action{};  // proves that a connection works; missing: health, health_check
  ApiDefaults api_defaults{};
  std::vector<SchemaDef> schemas{};
  std::vector<EventDef> events{};
  std::vector<Action> actions{};
  std::vector<FunctionDef> functions{};
  std::vector<Collection> collections{};
  std::vector<SyncMapping> sync_mappings{};
  std::vector<Flow> flows{};
  std::vector<WebhookType> webhooks{};
  std::vector<WireSpec> wires{};
  std::vector<CatchSpec> catches{};  // key `catch`
  std::vector<PassSpec> passes{};    // key `pass`
  std::vector<Fixture> fixtures{};

  const Action* find_action(std::string_view action_slug) const;
  const SchemaDef* find_schema(std::string_view schema_slug) const;
  const EventDef* find_event(std::string_view event_slug) const;
  const Flow* find_flow(std::string_view flow_slug) const;
  const WebhookType* find_webhook(std::string_view webhook_slug) const;
  const Field* find_var(std::string_view key) const;
};
BOOST_DESCRIBE_STRUCT(Integration, (),
                      (slug, name, version, display_name, description, documentation_url, category, tags,
                       branding, endpoints, auth, scopes, runtime, vars, test_action, api_defaults, schemas,
                       events, actions, functions, collections, sync_mappings, flows, webhooks, wires,
                       catches, passes, fixtures))

// A parameter that is a file: it comes beside the input of a call and is no member of it.
struct FileParam {
  std::string name;
  bool required = true;  // else it may be left out
};
// Of a declared action what its body and the parts of its form take, of a coded one its params with ui_type `file`.
std::vector<FileParam> files_of(const Action& action);
// Whether a request's body may be the file itself: the action takes just this one, and needs it.
bool takes_body_as_file(const Action& action);
// Whether its params say what its input is and where each member comes from; beside a written-out schema files alone do not.
bool params_describe_input(const Action& action);

// The JSON Schema that the input of an action is held against: its `input` resolved to a document,
// else built from its params; its files are left out. True (anything) when it has neither.
Json input_schema(const Integration& integration, const Action& action);
// The same of its output; true when it has none.
Json output_schema(const Integration& integration, const Action& action);
// Junctor's own route of an action: its `path`, else "/{integration}/{action}".
std::string route_path(const Integration& integration, const Action& action);

}  // namespace junctor
