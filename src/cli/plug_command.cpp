#include "cli/plug_command.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "async/scope.h"
#include "cli/output_file.h"
#include "connector/fixtures.h"
#include "connector/multipart.h"
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

bool gives_file(const Action& action) { return action.api && action.api->response.kind == ResponseKind::file; }

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
    JsonArray files;
    for (const FileParam& file : files_of(action)) files.push_back(JsonObject{{"name", file.name}, {"required", file.required}});
    one["files"] = std::move(files);
    one["gives_file"] = gives_file(action);
    if (action.api) one["call"] = action.api->method + " " + action.api->path.text;
    actions.push_back(std::move(one));
  }
  out["vars"] = std::move(vars);
  out["actions"] = std::move(actions);
  return out;
}

// The folders of definitions at a place: itself, or those in it.
std::vector<std::string> folders_of(const std::string& place) {
  namespace fs = std::filesystem;
  if (fs::exists(place + "/integration.yaml")) return {place};
  if (!fs::is_directory(place))
    throw Failure(FailureKind::not_found, place + " is no folder; name one that holds definitions, as connectors/ of the repository does");
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(place))
    if (fs::exists(entry.path() / "integration.yaml")) out.push_back(entry.path().string());
  std::sort(out.begin(), out.end());
  if (out.empty()) throw Failure(FailureKind::not_found, place + " holds no folder with an integration.yaml");
  return out;
}

int list(const Given& given) {
  std::vector<std::string> places = given.values("PLACE");
  if (places.empty()) places.push_back("connectors");
  JsonArray all;
  int broken = 0;
  for (const std::string& place : places) {
    for (const std::string& folder : folders_of(place)) {
      if (auto loaded = connector::load_integration_folder(folder)) {
        all.push_back(summary(loaded.value()));
      } else {
        ++broken;
        std::cerr << "junctor: " << folder << ": " << loaded.problems().size() << (loaded.problems().size() == 1 ? " fault" : " faults") << "; junctor validate " << folder << " tells them\n";
      }
    }
  }
  if (given.has("json")) {
    std::cout << pretty(all) << '\n';
    return broken == 0 ? 0 : 1;
  }
  for (const Json& one : all) {
    std::cout << one.at("slug").as_string().c_str() << "  " << one.at("name").as_string().c_str() << "  "
              << json::to_text(one.at("auth")) << "  " << json::to_text(one.at("actions")) << " actions\n";
  }
  return broken == 0 ? 0 : 1;
}

int info(const Given& given) {
  std::cout << pretty(details(connector::load_integration_folder(given.value("PLACE")).value_or_throw())) << '\n';
  return 0;
}

std::string token_of(const Given& given) {
  const char* kept = std::getenv("JUNCTOR_TOKEN");
  return given.value("token", kept == nullptr ? "" : kept);
}

std::string text_member(const Json& json, const char* name) {
  const Json* value = json.as_object().if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

// Throws Failure with what the problem that came says, and with what to do where that is known.
[[noreturn]] void refused(const std::string& url, int status, const Json& problem) {
  const std::string detail = problem.is_object() ? text_member(problem, "detail") : "";
  std::string message = "the engine answered " + std::to_string(status) + ": " +
                        (detail.empty() ? url + " is nothing it knows" : detail);
  const Json* errors = problem.is_object() ? problem.as_object().if_contains("errors") : nullptr;
  if (errors != nullptr && errors->is_array())
    for (const Json& one : errors->as_array())
      if (one.is_object()) message += "\n  " + text_member(one, "path") + ": " + text_member(one, "message");
  if (status == 401) message += "\n  give a token by --token or JUNCTOR_TOKEN; `junctor token create` makes one";
  throw Failure(FailureKind::invalid, message);
}

std::string server_of(const Given& given) {
  std::string server = given.value("server", "http://127.0.0.1:8400");
  while (server.ends_with('/')) server.pop_back();
  return server;
}

// A request to the engine, `where` below the integration.
ClientRequest engine_request(const Given& given, const Integration& integration, const std::string& where) {
  ClientRequest request;
  request.method = "POST";
  request.url = server_of(given) + "/v1/integrations/" + integration.slug + where;
  if (const std::string token = token_of(given); !token.empty()) request.header("Authorization", Secret("Bearer " + token));
  return request;
}

ClientResponse send_to_engine(const Given& given, ClientRequest& request) {
  HttpClientOptions options;
  options.guard = AddressGuard::off();  // the engine of the person who types this
  HttpClient client(options);
  ClientResponse response;
  bool answered = false;
  request.on_head = [&answered](int, const Headers&) { answered = true; };
  try {
    run_in_fiber([&](Fiber& fiber) { response = client.send(fiber, request); });
  } catch (const Failure& failure) {
    if (answered) throw;
    throw Failure(failure.kind(), "no engine answers at " + server_of(given) + ": " + failure.message() + "; start it with `junctor serve`, or name another with --server");
  }
  return response;
}

// The files of --file NAME=PATH.
UploadFiles given_files(const Given& given) {
  UploadFiles out;
  for (const std::string& text : given.values("file")) {
    const auto equals = text.find('=');
    if (equals == text.npos || equals == 0)
      throw Failure(FailureKind::invalid, "--file takes NAME=PATH, the parameter of the action and a file; found " + text);
    if (equals + 1 == text.size())
      throw Failure(FailureKind::invalid, "--file " + text + " names no file; it takes NAME=PATH");
    const std::string name = text.substr(0, equals);
    if (out.contains(name)) throw Failure(FailureKind::invalid, "--file gives " + name + " twice");
    out[name] = upload_of_path(text.substr(equals + 1));
  }
  return out;
}

// Files take the time that they take: somebody sits here and can end it.
constexpr CallTimeouts patient{std::chrono::seconds(10), std::chrono::hours(24), std::chrono::hours(24)};

// JSON as the body, or as a part of a form beside the files.
void put_body(ClientRequest& request, const char* part, const Json& json, UploadFiles files) {
  if (files.empty()) {
    request.header("Content-Type", "application/json");
    request.body = json::to_text(json);
    return;
  }
  connector::MultipartBody body;
  body.add_field(part, json::to_text(json), "application/json");
  for (auto& [name, file] : files) body.add_file(name, std::move(file));
  request.header("Content-Type", body.content_type());
  std::move(body).put_into(request);
  request.timeouts = patient;
}

// What the engine answers to a question for its plug; throws Failure with the engine's own words.
JsonObject ask_engine(const Given& given, const Integration& integration, const JsonObject& question,
                      UploadFiles files = {}) {
  ClientRequest request = engine_request(given, integration, "/plug");
  put_body(request, "question", question, std::move(files));
  const ClientResponse response = send_to_engine(given, request);
  auto answer = json::parse(response.body);
  if (response.status != 200) refused(request.url, response.status, answer ? answer.value() : Json());
  const bool of_engine = answer && answer.value().is_object() && answer.value().as_object().contains("run");
  if (!of_engine) throw Failure(FailureKind::invalid, request.url + " answers, but it is no engine: is --server right?");
  return std::move(answer.value().as_object());
}

// 0 when the answer is as its schema says.
int print_differences(const JsonObject& answer) {
  const Json* list = answer.if_contains("differences");
  if (list == nullptr) {
    const Json* action = answer.if_contains("action");
    const bool known = action != nullptr && action->is_string();
    std::cerr << (known ? "the answer is no JSON, so nothing of it can be compared with a schema\n"
                        : "no action of the definition sends this, so there is no schema to compare with\n");
    return 1;
  }
  for (const Json& one : list->as_array()) {
    const std::string path = text_member(one, "path");
    std::cerr << text_member(one, "kind") << " " << (path.empty() ? "/" : path) << ": " << text_member(one, "message") << '\n';
  }
  if (list->as_array().empty()) std::cerr << "the answer is as its schema says\n";
  return list->as_array().empty() ? 0 : 1;
}

// 1 when the call failed.
int print_failure(const JsonObject& answer) {
  const Json* failure = answer.if_contains("failure");
  if (failure == nullptr) return 0;
  std::cerr << "junctor: " << text_member(*failure, "message") << '\n';
  if (const Json* provider = failure->as_object().if_contains("provider"); provider != nullptr && !text_member(*provider, "body").empty())
    std::cerr << text_member(*provider, "body") << '\n';
  return 1;
}

// The body of a sent path's answer, as it came.
void print_body(const Json& body) {
  const Json* base64 = body.is_object() ? body.as_object().if_contains("base64") : nullptr;
  const bool bytes = base64 != nullptr && base64->is_string() && body.as_object().contains("content_type");
  if (bytes) std::cout << "[bytes, base64] " << base64->as_string().c_str() << '\n';
  else std::cout << (body.is_string() ? std::string(body.as_string()) : pretty(body)) << '\n';
}

Json json_option(const Given& given, const std::string& name) {
  auto parsed = json::parse(given.value(name, "{}"));
  if (!parsed) throw Failure(FailureKind::invalid, "--" + name + " is no JSON");
  return std::move(parsed).value();
}

// The file that an action gives, into a file or to standard output.
int download(const Given& given, const Integration& integration, const Action& action, const Json& input) {
  const std::string path = given.value("output");
  OutputFile out(path, given.has("replace") ? Existing::replaced : Existing::kept);
  ClientRequest request = engine_request(given, integration, "/actions/" + action.slug);
  if (given.has("connection")) request.header("Junctor-Connection", given.value("connection"));
  request.header("Accept", "*/*");
  put_body(request, "input", input, given_files(given));
  request.timeouts = patient;
  request.most_download_bytes = UINT64_MAX;
  std::uint64_t bytes = 0;
  request.download = [&](Fiber&, std::string_view piece) {
    bytes += piece.size();
    out.write(piece);
  };
  const ClientResponse response = send_to_engine(given, request);
  if (response.status != 200) {
    auto problem = json::parse(response.body);
    refused(request.url, response.status, problem ? problem.value() : Json());
  }
  if (!response.headers.contains("Junctor-Run")) throw Failure(FailureKind::invalid, request.url + " answers, but it is no engine: is --server right?");
  out.finish();
  std::cerr << bytes << " bytes, " << response.headers.get("Content-Type").value_or("of no known type") << ", run "
            << *response.headers.get("Junctor-Run") << '\n';
  return 0;
}

int call(const Given& given) {
  const std::string folder = given.value("PLACE");
  const Integration integration = connector::load_integration_folder(folder).value_or_throw();
  const Action* action = integration.find_action(given.value("ACTION"));
  if (action == nullptr) throw Failure(FailureKind::not_found, integration.slug + " has no action " + given.value("ACTION"));
  const Json input = json_option(given, "input");
  const auto existing = given.has("replace") ? Existing::replaced : Existing::kept;
  if (given.has("save")) connector::check_fixture(folder, given.value("save"), existing);
  if (given.has("output")) {
    if (given.has("compare") || given.has("save"))
      throw Failure(FailureKind::invalid, "--output keeps a file as it comes: there is nothing to compare, or to save as a fixture");
    if (!gives_file(*action))
      throw Failure(FailureKind::invalid, integration.slug + "." + action->slug + " gives no file, so --output has nothing to keep; its output is printed without it");
    return download(given, integration, *action, input);
  }
  JsonObject question{{"action", action->slug}, {"input", input}};
  if (given.has("connection")) question["connection"] = given.value("connection");
  const JsonObject answer = ask_engine(given, integration, question, given_files(given));
  if (print_failure(answer) != 0) return 1;
  std::cout << pretty(answer.at("output")) << '\n';
  if (const std::string bound = text_member(answer, "cut_by"); !bound.empty())
    std::cerr << "cut short by max_" << bound << ": there may be more rows\n";
  std::cerr << json::to_text(answer.at("duration_ms")) << " ms, run " << text_member(answer, "run") << '\n';
  if (given.has("save"))
    std::cerr << "saved " << connector::save_fixture(folder, given.value("save"), *action, input, answer.at("fixture").at("output"), existing) << '\n';
  return given.has("compare") ? print_differences(answer) : 0;
}

int send(const Given& given) {
  const Integration integration = connector::load_integration_folder(given.value("PLACE")).value_or_throw();
  JsonObject question{{"method", given.value("METHOD")}, {"path", given.value("PATH")}, {"headers", json_option(given, "headers")}};
  if (given.has("connection")) question["connection"] = given.value("connection");
  if (given.has("body")) question["body"] = given.value("body");
  if (given.has("compare")) question["compare"] = true;
  const JsonObject answer = ask_engine(given, integration, question);
  if (print_failure(answer) != 0) return 1;
  if (given.has("headers-shown"))
    for (const Json& header : answer.at("headers").as_array())
      std::cerr << text_member(header, "name") << ": " << text_member(header, "value") << '\n';
  print_body(answer.at("body"));
  const auto status = answer.at("status").to_number<int>();
  std::cerr << status << " in " << json::to_text(answer.at("duration_ms")) << " ms, " << json::to_text(answer.at("body_bytes"))
            << " bytes, run " << text_member(answer, "run") << '\n';
  const int compared = given.has("compare") ? print_differences(answer) : 0;
  return status >= 300 ? 1 : compared;
}

}  // namespace

std::vector<Command> plug_commands() {
  const CommandOption server{"--server", "the engine (http://127.0.0.1:8400)", Kind::value};
  const CommandOption connection{"--connection", "name or id of the connection", Kind::value};
  const CommandOption token{"--token", "API token of the engine; better in JUNCTOR_TOKEN", Kind::value};
  return {{"plug list", "Integrations of a folder", {{"PLACE", "folders", Kind::places}, {"--json", "as JSON", Kind::flag}}, Settings::not_taken, list},
          {"plug info", "What an integration can do, with its schemas", {{"PLACE", "its folder", Kind::place}}, Settings::not_taken, info},
          {"plug call", "Call an action through a running engine",
           {{"PLACE", "the integration's folder", Kind::place},
            {"ACTION", "slug of the action", Kind::place},
            {"--input", "its input as JSON", Kind::value},
            {"--file", "NAME=PATH: a file for the parameter NAME; may be repeated", Kind::values},
            {"--output", "where to put the file that the action gives; - is standard output", Kind::value},
            {"--replace", "let --output or --save take the place of a file that exists", Kind::flag},
            server, connection, token,
            {"--compare", "print where the answer differs from its schema", Kind::flag},
            {"--save", "keep the answer as a fixture of this name", Kind::value}},
           Settings::not_taken, call},
          {"plug send", "Send a request to any path of the integration through a running engine",
           {{"PLACE", "the integration's folder", Kind::place},
            {"METHOD", "GET, POST, …", Kind::place},
            {"PATH", "below the integration's address, with its query", Kind::place},
            {"--body", "the body; JSON unless a header says otherwise", Kind::value},
            {"--headers", "headers as a JSON object", Kind::value},
            {"--headers-shown", "print the answer's headers", Kind::flag},
            server, connection, token,
            {"--compare", "print where the answer differs from the schema of the action of this path", Kind::flag}},
           Settings::not_taken, send}};
}

}  // namespace junctor
