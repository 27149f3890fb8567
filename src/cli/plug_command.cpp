#include "cli/plug_command.h"

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "async/scope.h"
#include "connector/schema_links.h"
#include "connector/shape.h"
#include "connector/yaml_loader.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/fiber.h"
#include "net/client.h"

namespace junctor {
namespace {

using Kind = CommandOption::Kind;

std::string pretty(const Json& json) { return json::to_text(json, json::Layout::pretty); }

std::string type_of(const Auth& auth) {
  const auto& shape = connector::shape_of<AuthType>();
  return shape.words.at(shape.get_word(&auth.type));
}

JsonObject summary(const Integration& integration) {
  JsonArray auth;
  for (const Auth& one : integration.auth) auth.push_back(Json(type_of(one)));
  return {{"slug", integration.slug},          {"name", integration.name},
          {"version", integration.version},    {"base_url", integration.endpoints.base_url.text},
          {"auth", std::move(auth)},           {"actions", integration.actions.size()},
          {"webhooks", integration.webhooks.size()}};
}

Json details(const Integration& integration) {
  JsonObject out = summary(integration);
  JsonArray vars;
  for (const Field& field : integration.vars) {
    vars.push_back(JsonObject{{"key", field.key}, {"label", field.label}, {"required", field.required}, {"secret", field.is_secret()}});
  }
  JsonArray actions;
  for (const Action& action : integration.actions) {
    JsonObject one{{"slug", action.slug}, {"name", action.name}, {"description", action.description},
                   {"input", input_schema(integration, action)}, {"output", output_schema(integration, action)}};
    if (action.api) one["call"] = action.api->method + " " + action.api->path.text;
    actions.push_back(std::move(one));
  }
  out["vars"] = std::move(vars);
  out["actions"] = std::move(actions);
  return out;
}

int list(const Given& given) {
  std::vector<std::string> places = given.values("PLACE");
  if (places.empty()) places.push_back("connectors");
  JsonArray all;
  for (const std::string& place : places) {
    std::vector<std::string> folders;
    if (std::filesystem::exists(place + "/integration.yaml")) folders.push_back(place);
    else for (const auto& entry : std::filesystem::directory_iterator(place)) {
      if (std::filesystem::exists(entry.path() / "integration.yaml")) folders.push_back(entry.path().string());
    }
    for (const std::string& folder : folders) all.push_back(summary(connector::load_integration_folder(folder).value_or_throw()));
  }
  if (given.has("json")) {
    std::cout << pretty(all) << '\n';
    return 0;
  }
  for (const Json& one : all) {
    std::cout << one.at("slug").as_string().c_str() << "  " << one.at("name").as_string().c_str() << "  "
              << json::to_text(one.at("auth")) << "  " << json::to_text(one.at("actions")) << " actions\n";
  }
  return 0;
}

int info(const Given& given) {
  std::cout << pretty(details(connector::load_integration_folder(given.value("PLACE")).value_or_throw())) << '\n';
  return 0;
}

ClientRequest request_of(const Given& given, const Integration& integration, const Action& action) {
  ClientRequest request;
  request.method = "POST";
  request.url = given.value("server", "http://127.0.0.1:8400") + "/v1/integrations/" + integration.slug + "/actions/" + action.slug;
  request.header("Content-Type", "application/json");
  if (given.has("connection")) request.header("Junctor-Connection", given.value("connection"));
  const char* kept = std::getenv("JUNCTOR_TOKEN");
  const std::string token = given.value("token", kept == nullptr ? "" : kept);
  if (!token.empty()) request.header("Authorization", Secret("Bearer " + token));
  request.body = given.value("input", "{}");
  return request;
}

// 0 when the answer satisfies the action's output schema.
int compare(const Integration& integration, const Action& action, const Json& answer) {
  SchemaRegistry registry = connector::schema_registry(integration);
  const auto schema = connector::compile_schema(output_schema(integration, action), registry).value_or_throw();
  const auto errors = schema.validate(answer);
  for (const SchemaError& error : errors) {
    std::cerr << (error.instance_path.empty() ? "/" : error.instance_path) << ": " << error.message << '\n';
  }
  if (errors.empty()) std::cerr << "the answer is as its schema says\n";
  return errors.empty() ? 0 : 1;
}

void save(const std::string& folder, const std::string& name, const Action& action, const Json& input, const Json& output) {
  std::filesystem::create_directories(folder + "/fixtures");
  const std::string path = folder + "/fixtures/" + name + ".json";
  std::ofstream file(path);
  file << pretty(JsonObject{{"action", action.slug}, {"input", input}, {"output", output}}) << '\n';
  if (!file) throw Failure(FailureKind::unavailable, "cannot write " + path);
  std::cerr << "saved " << path << '\n';
}

int call(const Given& given) {
  const std::string folder = given.value("PLACE");
  const Integration integration = connector::load_integration_folder(folder).value_or_throw();
  const Action* action = integration.find_action(given.value("ACTION"));
  if (action == nullptr) throw Failure(FailureKind::not_found, integration.slug + " has no action " + given.value("ACTION"));
  HttpClientOptions options;
  options.guard = AddressGuard::off();  // the engine of the person who types this
  HttpClient client(options);
  ClientResponse response;
  run_in_fiber([&](Fiber& fiber) { response = client.send(fiber, request_of(given, integration, *action)); });
  const auto answer = json::parse(response.body);
  std::cout << (answer ? pretty(answer.value()) : response.body) << '\n';
  std::cerr << response.status << " in " << response.timings.total.count() / 1000 << " ms\n";
  if (response.status >= 300 || !answer) return 1;
  if (given.has("save")) {
    save(folder, given.value("save"), *action, json::parse(given.value("input", "{}")).value_or_throw(), answer.value());
  }
  return given.has("compare") ? compare(integration, *action, answer.value()) : 0;
}

}  // namespace

std::vector<Command> plug_commands() {
  return {{"plug list", "Integrations of a folder", {{"PLACE", "folders", Kind::places}, {"--json", "as JSON", Kind::flag}}, Settings::not_taken, list},
          {"plug info", "What an integration can do, with its schemas", {{"PLACE", "its folder", Kind::place}}, Settings::not_taken, info},
          {"plug call", "Call an action through a running engine",
           {{"PLACE", "the integration's folder", Kind::place},
            {"ACTION", "slug of the action", Kind::place},
            {"--input", "its input as JSON", Kind::value},
            {"--server", "the engine (http://127.0.0.1:8400)", Kind::value},
            {"--connection", "name or id of the connection", Kind::value},
            {"--token", "API token of the engine; better in JUNCTOR_TOKEN", Kind::value},
            {"--compare", "print where the answer differs from its schema", Kind::flag},
            {"--save", "keep the answer as a fixture of this name", Kind::value}},
           Settings::not_taken, call}};
}

}  // namespace junctor
