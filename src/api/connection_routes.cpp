#include "api/connection_routes.h"

#include <boost/json.hpp>
#include <limits>
#include <memory>

#include "api/consent_pages.h"
#include "api/known_scopes.h"
#include "api/query.h"
#include "auth/api_tokens.h"
#include "auth/oauth/authorization.h"
#include "engine/field_options.h"
#include "json/parse.h"
#include "vault/connections.h"

namespace junctor::api {
namespace {

using vault::ConnectionFailure;

constexpr std::size_t most_body_bytes = 512 * 1024;

using Parts = std::shared_ptr<const ConnectionParts>;
using Handler = HttpResponse (*)(const ConnectionParts&, Fiber&, HttpRequest&, const Caller&);

Route route(const Parts& parts, std::string method, std::string path, std::string scope, Handler handler) {
  return {std::move(method), std::move(path), [parts, scope, handler](Fiber& fiber, HttpRequest& request) {
            return handler(*parts, fiber, request, parts->access.require(fiber, request, {scope}));
          }};
}

ConnectionId id_of(const HttpRequest& request) {
  const auto id = ConnectionId::parse(request.path_value("connection").value_or(""));
  if (!id) throw ConnectionFailure(vault::ConnectionError::unknown_connection, "there is no such connection: its id is a UUID");
  return *id;
}

JsonObject body_of(const HttpRequest& request) {
  if (request.body.empty()) return {};
  auto parsed = json::parse(request.body, {.max_depth = 64, .max_bytes = most_body_bytes});
  if (!parsed || !parsed.value().is_object())
    throw ConnectionFailure(vault::ConnectionError::request_invalid, parsed ? "the body is no JSON object" : "the body is no JSON");
  return std::move(parsed.value().as_object());
}

// Undeclared members are mistakes, not extensions.
void require_only(const JsonObject& body, std::initializer_list<std::string_view> names) {
  std::vector<Problem> problems;
  for (const auto& member : body)
    if (std::find(names.begin(), names.end(), std::string_view(member.key())) == names.end())
      problems.push_back({std::string(member.key()), 0, "a member that is not known", "one of the documented ones", {}});
  if (!problems.empty()) throw ConnectionFailure(std::move(problems), vault::ConnectionError::request_invalid);
}

[[noreturn]] void another_kind(std::string_view name, std::string expected) {
  throw ConnectionFailure({Problem{std::string(name), 0, "another kind of value", std::move(expected), {}}}, vault::ConnectionError::request_invalid);
}

// A whole number of a range; nullopt when it is left out or null.
std::optional<std::int64_t> whole_of(const JsonObject& body, std::string_view name, std::int64_t least, std::int64_t most) {
  const Json* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_int64() || value->as_int64() < least || value->as_int64() > most)
    another_kind(name, "a whole number of at least " + std::to_string(least) + (most < std::numeric_limits<std::int64_t>::max() ? " and at most " + std::to_string(most) : ""));
  return value->as_int64();
}

std::optional<std::string> text_of(const JsonObject& body, std::string_view name) {
  const Json* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_string()) another_kind(name, "text");
  return std::string(value->as_string());
}

std::optional<JsonObject> vars_of(const JsonObject& body) {
  const Json* value = body.if_contains("vars");
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) another_kind("vars", "an object");
  return value->as_object();
}

HttpResponse list(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  vault::ConnectionFilter filter;
  filter.integration = std::string(request.query_value("integration").value_or(""));
  if (const auto after = request.query_value("after"); after && !after->empty()) {
    filter.after = ConnectionId::parse(*after);
    if (!filter.after) throw Failure(FailureKind::invalid, "`after` is the `next` of an earlier page");
  }
  filter.limit = static_cast<std::size_t>(number_parameter(request, "limit", 100, 1, 1'000));
  JsonArray items;
  const auto found = parts.connections.list(fiber, caller.tenant, filter);
  for (const vault::Connection& one : found) items.push_back(vault::to_json(one));
  const bool full = found.size() >= filter.limit;
  return HttpResponse::json(200, JsonObject{{"items", std::move(items)}, {"next", full ? Json(found.back().id.to_string()) : Json()}});
}

HttpResponse create(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  const JsonObject body = body_of(request);
  require_only(body, {"integration", "name", "auth_method", "vars"});
  parts.tenant_in_use(fiber, caller.tenant);
  const auto made = parts.connections.create(fiber, caller.tenant,
                                             {text_of(body, "integration").value_or(""), text_of(body, "name").value_or(""),
                                              text_of(body, "auth_method").value_or(""), vars_of(body).value_or(JsonObject())});
  HttpResponse out = HttpResponse::json(201, vault::to_json(made));
  out.headers.set("Location", "/v1/connections/" + made.id.to_string());
  return out;
}

HttpResponse show(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  return HttpResponse::json(200, vault::to_json(parts.connections.get(fiber, caller.tenant, id_of(request))));
}

HttpResponse change(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  const JsonObject body = body_of(request);
  require_only(body, {"name", "vars", "enabled", "version"});
  vault::ConnectionChange wanted;
  wanted.name = text_of(body, "name");
  wanted.vars = vars_of(body);
  if (const Json* enabled = body.if_contains("enabled")) {
    if (!enabled->is_bool()) another_kind("enabled", "true or false");
    wanted.enabled = enabled->as_bool() ? vault::Enabled::yes : vault::Enabled::no;
  }
  wanted.expected_version = whole_of(body, "version", 1, std::numeric_limits<std::int64_t>::max());
  return HttpResponse::json(200, vault::to_json(parts.connections.update(fiber, caller.tenant, id_of(request), wanted)));
}

HttpResponse remove(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  parts.connections.remove(fiber, caller.tenant, id_of(request));
  return HttpResponse{.status = 204, .headers = {}, .body = {}, .stream = {}};
}

HttpResponse test(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  if (parts.tester == nullptr) throw Failure(FailureKind::unsupported, "this process runs no actions");
  const ConnectionId id = id_of(request);
  parts.connections.test(fiber, caller.tenant, id, *parts.tester);
  return HttpResponse::json(200, vault::to_json(parts.connections.get(fiber, caller.tenant, id)).at("health"));
}

HttpResponse options(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  const auto connection = parts.connections.get(fiber, caller.tenant, id_of(request));
  JsonArray items = field_options(fiber, parts.actions, caller.tenant,
                                  {connection.integration, std::string(*request.path_value("field")), connection, {}});
  return HttpResponse::json(200, JsonObject{{"items", std::move(items)}});
}

HttpResponse options_before(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  const JsonObject body = body_of(request);
  require_only(body, {"vars"});
  JsonArray items = field_options(fiber, parts.actions, caller.tenant,
                                  {std::string(*request.path_value("integration")), std::string(*request.path_value("field")),
                                   std::nullopt, vars_of(body).value_or(JsonObject())});
  return HttpResponse::json(200, JsonObject{{"items", std::move(items)}});
}

HttpResponse authorise(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  const JsonObject body = body_of(request);
  require_only(body, {"return_to"});
  const std::string return_to = text_of(body, "return_to").value_or("");
  // Only a path of this engine: the callback must not become an open redirect.
  if (!return_to.empty() && (!return_to.starts_with('/') || return_to.starts_with("//") || return_to.find_first_of("\\\r\n") != std::string::npos))
    throw ConnectionFailure({Problem{"return_to", 0, "an address elsewhere", "a path of this engine, such as /connections", {}}}, vault::ConnectionError::request_invalid);
  const auto ticket = parts.authorization.invite(fiber, {caller.tenant, id_of(request)}, callback_url(parts.public_url), return_to);
  HttpResponse out = HttpResponse::json(200, JsonObject{{"url", consent_url(parts.public_url, ticket.text)}, {"expires_at", to_string(ticket.expires_at)}});
  out.headers.set("Cache-Control", "no-store");
  return out;
}

HttpResponse begin_device(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  const auto code = parts.authorization.begin_device(fiber, {caller.tenant, id_of(request)});
  return HttpResponse::json(200, JsonObject{{"handle", code.handle},
                                            {"user_code", code.user_code},
                                            {"verification_url", code.verification_url},
                                            {"complete_url", code.complete_url},
                                            {"interval_seconds", code.interval.count()},
                                            {"expires_at", to_string(code.expires_at)}});
}

HttpResponse poll_device(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  const auto outcome = parts.authorization.poll_device(fiber, caller.tenant, request.path_value("handle").value_or(""));
  if (const auto* waiting = std::get_if<auth::DeviceWaiting>(&outcome))
    return HttpResponse::json(200, JsonObject{{"status", "waiting"}, {"interval_seconds", waiting->interval.count()}});
  return HttpResponse::json(200, JsonObject{{"status", "authorised"}});
}

HttpResponse revoke(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  parts.authorization.revoke(fiber, {caller.tenant, id_of(request)});
  return HttpResponse{.status = 204, .headers = {}, .body = {}, .stream = {}};
}

JsonObject token_json(const auth::ApiToken& token) {
  const auto time = [](const std::optional<Timestamp>& value) { return value ? Json(to_string(*value)) : Json(); };
  return {{"id", token.id.to_string()},
          {"name", token.name},
          {"hint", token.hint},
          {"scopes", token.scopes.text()},
          {"created_at", to_string(token.created_at)},
          {"expires_at", time(token.expires_at)},
          {"last_used_at", time(token.last_used_at)},
          {"revoked_at", time(token.revoked_at)}};
}

HttpResponse list_tokens(const ConnectionParts& parts, Fiber& fiber, HttpRequest&, const Caller& caller) {
  JsonArray items;
  for (const auth::ApiToken& token : parts.tokens.list(fiber, caller.tenant)) items.push_back(token_json(token));
  return HttpResponse::json(200, JsonObject{{"items", std::move(items)}});
}

HttpResponse create_token(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  const JsonObject body = body_of(request);
  require_only(body, {"name", "scopes", "expires_in_days"});
  const auto scopes = auth::Scopes::parse(text_of(body, "scopes").value_or(""));
  if (auto unknown = unknown_scopes(scopes, *parts.actions.parts().registry.get()))
    throw ConnectionFailure({*std::move(unknown)}, vault::ConnectionError::request_invalid);
  // A token cannot make a stronger one: each scope is asked of the caller as well.
  parts.access.require(fiber, request, {scopes.names().begin(), scopes.names().end()});
  std::optional<Timestamp> expires_at;
  if (const auto days = whole_of(body, "expires_in_days", 1, 3650)) expires_at = system_clock().now() + std::chrono::hours(24 * *days);
  const auto made = parts.tokens.create(fiber, caller.tenant, text_of(body, "name").value_or(""), scopes, expires_at);
  JsonObject out = token_json(made.token);
  out["token"] = made.text.reveal();
  HttpResponse answer = HttpResponse::json(201, out);
  answer.headers.set("Cache-Control", "no-store");
  return answer;
}

HttpResponse revoke_token(const ConnectionParts& parts, Fiber& fiber, HttpRequest& request, const Caller& caller) {
  const auto id = auth::ApiTokenId::parse(request.path_value("token").value_or(""));
  if (!id) throw Failure(FailureKind::not_found, "there is no such token: its id is a UUID");
  parts.tokens.revoke(fiber, caller.tenant, *id);
  return HttpResponse{.status = 204, .headers = {}, .body = {}, .stream = {}};
}

}  // namespace

std::vector<Route> connection_routes(const ConnectionParts& given) {
  const auto parts = std::make_shared<const ConnectionParts>(given);
  return {route(parts, "GET", "/v1/connections", "connections:read", list),
          route(parts, "POST", "/v1/connections", "connections:write", create),
          route(parts, "GET", "/v1/connections/{connection}", "connections:read", show),
          route(parts, "PATCH", "/v1/connections/{connection}", "connections:write", change),
          route(parts, "DELETE", "/v1/connections/{connection}", "connections:write", remove),
          route(parts, "POST", "/v1/connections/{connection}/test", "connections:write", test),
          route(parts, "GET", "/v1/connections/{connection}/vars/{field}/options", "connections:read", options),
          route(parts, "POST", "/v1/integrations/{integration}/vars/{field}/options", "connections:read", options_before)};
}

std::vector<Route> authorisation_routes(const ConnectionParts& given) {
  const auto parts = std::make_shared<const ConnectionParts>(given);
  return {route(parts, "POST", "/v1/connections/{connection}/authorise", "connections:write", authorise),
          route(parts, "POST", "/v1/connections/{connection}/device", "connections:write", begin_device),
          route(parts, "POST", "/v1/connections/{connection}/device/{handle}", "connections:write", poll_device),
          route(parts, "POST", "/v1/connections/{connection}/revoke", "connections:write", revoke),
          {"GET", std::string(begin_path), [parts](Fiber& fiber, HttpRequest& request) { return begin_consent(parts->authorization, parts->public_url, fiber, request); }},
          {"GET", std::string(callback_path), [parts](Fiber& fiber, HttpRequest& request) { return end_consent(parts->authorization, parts->public_url, fiber, request); }}};
}

std::vector<Route> token_routes(const ConnectionParts& given) {
  const auto parts = std::make_shared<const ConnectionParts>(given);
  return {route(parts, "GET", "/v1/tokens", "tokens:read", list_tokens),
          route(parts, "POST", "/v1/tokens", "tokens:write", create_token),
          route(parts, "DELETE", "/v1/tokens/{token}", "tokens:write", revoke_token)};
}

}  // namespace junctor::api
