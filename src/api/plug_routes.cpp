#include "api/plug_routes.h"

#include <algorithm>
#include <boost/json.hpp>
#include <functional>

#include "api/call_body.h"
#include "base/crypto.h"
#include "base/text.h"
#include "connector/answer_differences.h"
#include "connector/executor.h"
#include "connector/fixtures.h"
#include "engine/runs.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "junctor/provider_failure.h"
#include "net/client.h"
#include "net/problem.h"
#include "store/store.h"
#include "vault/connection.h"

namespace junctor::api {
namespace {

constexpr std::size_t most_body_bytes = 1024 * 1024;   // of a request
constexpr std::size_t most_shown_bytes = 1024 * 1024;  // of an answer

[[noreturn]] void wrong(const std::string& what) { throw vault::ConnectionFailure(vault::ConnectionError::request_invalid, what); }

// What is asked for; throws ConnectionFailure{request_invalid} that names the member.
struct Question {
  std::string connection, action, save, method = "GET", path, body;
  Existing existing = Existing::kept;  // of a fixture
  Json input = JsonObject();
  Headers headers;
  UploadFiles files;
  std::string compare;  // slug; "*": the action of this path
};

std::string text_of(const JsonObject& body, std::string_view name) {
  const Json* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_string()) wrong("`" + std::string(name) + "` is a text");
  return std::string(value->get_string());
}

void each_of(const JsonObject& body, std::string_view name, const std::function<void(std::string, std::string)>& see) {
  const Json* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return;
  if (!value->is_object()) wrong("`" + std::string(name) + "` is an object of names and values");
  for (const auto& [key, one] : value->get_object()) see(std::string(key), connector::scalar_text(one));
}

std::string compare_of(const JsonObject& body) {
  const Json* compare = body.if_contains("compare");
  if (compare == nullptr || compare->is_null() || *compare == Json(false)) return {};
  if (*compare == Json(true)) return "*";
  if (!compare->is_string()) wrong("`compare` is true, or the slug of an action");
  return std::string(compare->get_string());
}

void read_path(const JsonObject& body, Question& out) {
  if (body.contains("method")) out.method = text_of(body, "method");
  if (!out.path.starts_with('/') && !out.path.starts_with("http://") && !out.path.starts_with("https://"))
    wrong("`path` begins with \"/\", or is a whole URL of the integration");
  if (std::any_of(out.path.begin(), out.path.end(), [](char c) { return c <= ' ' || c > '~' || c == '\\'; }))
    wrong("`path` holds a blank, a backslash or a character beyond ASCII: write it as %20, %5C, %C3%A9");
  if (body.contains("input")) wrong("`input` belongs to an `action`; a `path` takes `query`, `headers` and `body`");
  std::vector<Parameter> parameters;
  each_of(body, "query", [&](std::string name, std::string value) { parameters.push_back({std::move(name), std::move(value)}); });
  if (!parameters.empty()) out.path += (out.path.find('?') == std::string::npos ? "?" : "&") + to_query(parameters);
  each_of(body, "headers", [&](const std::string& name, const std::string& value) { out.headers.add(name, value); });
  if (const Json* content = body.if_contains("body"); content != nullptr && !content->is_null())
    out.body = content->is_string() ? std::string(content->get_string()) : json::to_text(*content);
  out.compare = compare_of(body);
}

Question read_question(const std::string& text) {
  auto parsed = json::parse(text, {.max_depth = 128, .max_bytes = most_body_bytes});
  if (!parsed || !parsed.value().is_object()) wrong("the body is a JSON object");
  const JsonObject& body = parsed.value().get_object();
  for (const auto& member : body) {
    constexpr std::string_view known[] = {"action", "input", "connection", "save", "replace", "method", "path", "query", "headers", "body", "compare"};
    if (std::find(std::begin(known), std::end(known), std::string_view(member.key())) == std::end(known))
      wrong("`" + std::string(member.key()) + "` is not known here");
  }
  Question out;
  out.connection = text_of(body, "connection");
  out.action = text_of(body, "action");
  out.save = text_of(body, "save");
  if (const Json* replace = body.if_contains("replace")) {
    if (!replace->is_bool()) wrong("`replace` is true or false");
    if (replace->get_bool()) out.existing = Existing::replaced;
  }
  out.path = text_of(body, "path");
  if (out.action.empty() == out.path.empty()) wrong("either `action` or `path`");
  if (const Json* input = body.if_contains("input")) out.input = *input;
  if (!out.path.empty()) read_path(body, out);
  if (!out.save.empty() && out.action.empty()) wrong("`save` keeps the answer of an `action`");
  return out;
}

JsonArray differences_json(const Integration& integration, const Action& action, const Json& answer) {
  JsonArray out;
  for (const connector::Difference& one : connector::differences(integration, action, answer))
    out.push_back(JsonObject{{"kind", to_string(one.kind)}, {"path", one.path}, {"message", one.message}});
  return out;
}

JsonObject failure_json(const Failure& failure) {
  JsonObject out{{"kind", to_string(failure.kind())}, {"message", failure.message()}};
  if (const auto* provider = dynamic_cast<const ProviderFailure*>(&failure)) {
    out["code"] = "provider_answer";
    out["provider"] = JsonObject{{"status", provider->answer().status},
                                 {"code", provider->answer().code},
                                 {"message", provider->answer().message},
                                 {"body", provider->answer().body}};
  }
  if (const auto* connection = dynamic_cast<const vault::ConnectionFailure*>(&failure))
    out["code"] = vault::to_string(connection->code());
  if (const auto* shape = dynamic_cast<const ShapeFailure*>(&failure)) {
    out["code"] = "input_invalid";
    JsonArray errors;
    for (const Problem& one : shape->problems()) errors.push_back(JsonObject{{"path", one.path}, {"message", message_of(one)}});
    out["errors"] = std::move(errors);
  }
  return out;
}

JsonObject call_action(Fiber& fiber, const PlugParts& parts, const LoadedIntegration& integration, const CallScope& scope,
                       const Question& question, CallTrace& trace) {
  const LoadedAction& action = integration.action(question.action);
  if (!question.save.empty()) connector::check_fixture(integration.folder, question.save, question.existing);
  const Json output = parts.actions.call(fiber, scope, integration.definition.slug, question.action, question.input, trace);
  const Json told = told_output(trace, action, output);
  JsonObject out{{"action", question.action}, {"output", trace.secrets.without(told)}};
  if (trace.cut_short) out["cut_by"] = to_string(*trace.cut_short);
  out["differences"] = trace.secrets.without(differences_json(integration.definition, *action.definition, output));
  // A fixture goes into files that are shared.
  const Json shown = json::parse(trace.shown_output(told, redaction_of(action))).value_or_throw();
  out["fixture"] = connector::fixture_json(*action.definition, question.input, shown);
  if (question.save.empty()) return out;
  // The call has been made: its answer is told even when the file cannot be written.
  try {
    out["saved"] = connector::save_fixture(integration.folder, question.save, *action.definition, question.input, shown, question.existing);
  } catch (const Failure& failure) {
    out["not_saved"] = failure.message();
  }
  return out;
}

// The body of an answer, or its beginning: JSON, or its text, or bytes.
Json shown_body(const ClientResponse& answer, const Json* parsed) {
  if (parsed != nullptr && answer.body.size() <= most_shown_bytes) return *parsed;
  const std::string_view text = whole_characters(answer.body, most_shown_bytes);
  if (is_utf8(text)) return Json(JsonString(text));
  return JsonObject{{"base64", crypto::to_base64(std::string_view(answer.body).substr(0, most_shown_bytes))},
                    {"content_type", as_utf8(std::string(answer.headers.get("Content-Type").value_or("")))}};
}

JsonObject call_path(Fiber& fiber, const PlugParts& parts, const LoadedIntegration& integration, const CallScope& scope,
                     const Question& question, CallTrace& trace) {
  connector::PlainCall wanted;
  wanted.method = question.method;
  wanted.path = question.path;
  wanted.headers = question.headers;
  wanted.body = question.body;
  const ClientResponse answer = parts.actions.call_path(fiber, scope, integration.definition.slug, wanted, trace);
  JsonArray headers;
  for (const Header& header : answer.headers)
    if (!equal_ignoring_case(header.name, "Set-Cookie"))
      headers.push_back(JsonObject{{"name", as_utf8(header.name)}, {"value", as_utf8(header.value)}});
  auto parsed = json::parse(answer.body, {.max_depth = 128});
  JsonObject out{{"status", answer.status},
                 {"headers", std::move(headers)},
                 {"body", shown_body(answer, parsed ? &parsed.value() : nullptr)},
                 {"body_bytes", answer.body.size()},
                 {"cut_short", answer.body.size() > most_shown_bytes}};
  if (question.compare.empty()) return out;
  const Action* action = question.compare == "*"
                             ? connector::action_of_path(integration.definition, question.method, question.path)
                             : integration.action(question.compare).definition;
  out["action"] = action == nullptr ? Json() : Json(action->slug);
  if (action != nullptr && parsed) out["differences"] = differences_json(integration.definition, *action, parsed.value());
  return out;
}

// A question with files comes as a form with the part `question`.
Question read_question(Fiber& fiber, Spool& spool, HttpRequest& request) {
  if (!is_form(request)) {
    read_text(fiber, request, spool.most_text_bytes());
    return read_question(request.body);
  }
  FormBody form = read_form(fiber, request, spool, "question");
  const auto text = form.texts.find("question");
  if (text == form.texts.end()) wrong("a form has the part `question`, and every file as a part with a file name");
  Question out = read_question(text->second.back());
  form.texts.erase(text);
  if (!form.texts.empty()) wrong("the part `" + form.texts.begin()->first + "` has no file name; what is no file belongs into `question`");
  if (!form.files.empty() && out.action.empty()) wrong("files go with an `action`");
  out.files = std::move(form.files);
  return out;
}

HttpResponse plug(Fiber& fiber, const PlugParts& parts, HttpRequest& request) {
  const Caller caller = parts.access.require(fiber, request, {"plug:write"});
  const auto integration = parts.actions.parts().registry.get()->require(*request.path_value("integration"));
  const Question question = read_question(fiber, parts.spool, request);
  RunStart start;
  start.tenant = caller.tenant;
  start.id = RunId::generate();
  start.kind = "action";
  start.integration = integration->definition.slug;
  start.subject = question.action.empty() ? question.method + " " + question.path.substr(0, question.path.find('?'))
                                          : question.action;
  start.trigger = "plug";
  start.at = parts.clock.now();
  start.input = json::to_text(with_file_names(question.input, question.files));
  CallScope scope;
  scope.tenant = caller.tenant;
  scope.run = start.id;
  scope.caller_ended = request.caller_ended;
  scope.connection = question.connection;
  scope.idempotency_key = start.id.to_string();
  scope.output = OutputShape::raw;
  scope.files = question.files;
  RunEnd end;
  CallTrace trace;
  JsonObject out;
  const auto began = std::chrono::steady_clock::now();
  try {
    out = question.action.empty() ? call_path(fiber, parts, *integration, scope, question, trace)
                                  : call_action(fiber, parts, *integration, scope, question, trace);
  } catch (const Failure& failure) {
    if (fiber.cancelled()) throw;
    out = {{"failure", failure_json(failure)}};
    end = end_with(failure, trace);
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  out["run"] = start.id.to_string();
  out["duration_ms"] = took.count();
  if (const Json* output = out.if_contains("output"))
    end.output = recorded_output(trace, integration->action(question.action), *output);
  record_run(fiber, parts.store, parts.clock, start, end, trace);
  return HttpResponse::json(200, out);
}

}  // namespace

std::vector<Route> plug_routes(const PlugParts& parts) {
  return {{"POST", "/v1/integrations/{integration}/plug",
           [parts](Fiber& fiber, HttpRequest& request) { return plug(fiber, parts, request); },
           BodyReading::in_pieces}};
}

}  // namespace junctor::api
