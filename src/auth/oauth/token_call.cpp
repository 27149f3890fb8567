#include "auth/oauth/token_call.h"

#include <fmt/format.h>

#include <cmath>

#include "auth/jose/jwt.h"
#include "auth/schemes.h"
#include "base/crypto.h"
#include "base/text.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "net/retry_after.h"

namespace junctor::auth {
namespace {

using vault::ConnectionError;
using vault::ConnectionFailure;

constexpr std::size_t most_answer_bytes = 256 * 1024;
constexpr std::size_t most_description_bytes = 300;
constexpr std::chrono::milliseconds connect_limit{10'000}, whole_limit{20'000};
constexpr std::chrono::seconds assertion_lifetime{300};

Secret assertion(const TokenCall& call, std::string_view audience, Timestamp now) {
  const std::int64_t seconds = now.time_since_epoch().count() / 1000;
  const Secret client = call.vars.text(call.oauth.client_id, "oauth2.client_id");
  JsonObject claims{{"iss", client.reveal()},
                    {"sub", client.reveal()},
                    {"aud", audience},
                    {"iat", seconds},
                    {"exp", seconds + assertion_lifetime.count()},
                    {"jti", Uuid::generate().to_string()}};
  for (const auto& [key, value] : call.vars.object(call.oauth.claims, "oauth2.claims")) {
    if (value.is_null()) {
      claims.erase(key);
    } else {
      claims[key] = value;
    }
  }
  if (call.oauth.client_auth == ClientAuth::client_secret_jwt)
    return Secret(
        sign_jwt_hs256(claims, call.vars.text(call.oauth.client_secret, "oauth2.client_secret")));
  const auto key = SignKey::from_pem(call.vars.text(call.oauth.private_key, "oauth2.private_key"));
  if (!key)
    throw ConnectionFailure(ConnectionError::credentials_invalid,
                            "oauth2.private_key: " + to_string(key.problems()));
  if (to_string(key.value().algorithm()) != call.oauth.algorithm)
    throw ConnectionFailure(
        ConnectionError::credentials_invalid,
        fmt::format("oauth2.private_key is a key for {}, the declaration says {}",
                    to_string(key.value().algorithm()), call.oauth.algorithm));
  return Secret(sign_jwt(claims, key.value(), call.oauth.key_id));
}

void authenticate_client(const TokenCall& call, FormFields& fields, ClientRequest& request,
                         Timestamp now) {
  const OAuth2Auth& oauth = call.oauth;
  const auto id = call.vars.optional_text(oauth.client_id, "oauth2.client_id");
  switch (oauth.client_auth) {
    case ClientAuth::basic: {
      // RFC 6749 section 2.3.1: both parts form-encoded before they are joined.
      const Secret secret = call.vars.text(oauth.client_secret, "oauth2.client_secret");
      if (!id) break;
      std::string pair = percent_encode(id->reveal()) + ":" + percent_encode(secret.reveal());
      std::string header = "Basic " + crypto::to_base64(pair);
      set_header(request, "Authorization", Secret(header));
      crypto::wipe(pair);
      crypto::wipe(header);
      return;
    }
    case ClientAuth::body:
      fields.emplace_back("client_secret",
                          call.vars.text(oauth.client_secret, "oauth2.client_secret"));
      break;
    case ClientAuth::private_key_jwt:
    case ClientAuth::client_secret_jwt:
      if (oauth.grant == Grant::jwt_bearer) break;
      fields.emplace_back("client_assertion_type",
                          Secret("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
      fields.emplace_back("client_assertion", assertion(call, call.endpoints.token, now));
      break;
    case ClientAuth::none:
    case ClientAuth::mtls:
      break;
  }
  if (id && !(oauth.grant == Grant::jwt_bearer && oauth.client_auth == ClientAuth::none))
    fields.emplace_back("client_id", id->clone());
}

std::optional<std::chrono::seconds> seconds_of(const Json* value) {
  if (value == nullptr) return std::nullopt;
  double seconds = -1;
  if (value->is_number()) seconds = value->to_number<double>();
  if (value->is_string()) {
    const auto parsed = json::parse(std::string_view(value->as_string()));
    if (parsed && parsed.value().is_number()) seconds = parsed.value().to_number<double>();
  }
  if (!(seconds >= 0) || seconds > 1e9) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

Secret secret_member(JsonObject& object, std::string_view name) {
  Json* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  Secret out(std::string_view(value->as_string()));
  wipe(*value);
  return out;
}

std::string text_member(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::optional<JsonObject> parse_answer(const ClientResponse& answer) {
  const std::string_view type = answer.headers.get("Content-Type").value_or("");
  if (type.starts_with("application/x-www-form-urlencoded")) {
    JsonObject out;
    for (const Parameter& parameter : parse_query(answer.body))
      out[parameter.name] = parameter.value;
    return out;
  }
  auto parsed = json::parse(answer.body, {.max_depth = 32, .max_bytes = most_answer_bytes});
  if (!parsed || !parsed.value().is_object()) return std::nullopt;
  return std::move(parsed.value().as_object());
}

std::string without_secrets(std::string text, const FormFields& secrets) {
  for (const auto& [name, secret] : secrets) {
    if (secret.reveal().size() < 4) continue;
    // Some have "secret" for their secret, and the mark holds that word.
    constexpr std::string_view mark = "[secret]";
    for (std::size_t at = 0; (at = text.find(secret.reveal(), at)) != std::string::npos; at += mark.size())
      text.replace(at, secret.reveal().size(), mark);
  }
  return text;
}

// Everything secret that went out with a request, also what was added to it last: a provider may repeat
// any of it in its error message.
FormFields sent_secrets(const ClientRequest& request, const FormFields& known) {
  FormFields out;
  for (const auto& [name, value] : known) out.emplace_back(name, value.clone());
  if (const auto* body = std::get_if<Secret>(&request.body))
    for (Parameter& field : parse_query(body->reveal())) {
      const bool is_public = field.name == "grant_type" || field.name == "client_id" ||
                             field.name == "scope" || field.name == "client_assertion_type" ||
                             field.name == "redirect_uri";
      if (!is_public) out.emplace_back(field.name, Secret(field.value));
      crypto::wipe(field.value);
    }
  for (const ClientHeader& header : request.headers) {
    const auto* value = std::get_if<Secret>(&header.value);
    if (value == nullptr || !value->reveal().starts_with("Basic ")) continue;
    auto pair = crypto::from_base64(value->reveal().substr(6)).value_or(std::string());
    const auto colon = pair.find(':');
    if (colon != std::string::npos)
      if (auto password = percent_decode(std::string_view(pair).substr(colon + 1)))
        out.emplace_back("client_secret", Secret(*password));
    crypto::wipe(pair);
  }
  return out;
}

// Every text of a declared JSON body, for the same reason.
void add_texts(const Json& value, FormFields& out) {
  if (value.is_string()) out.emplace_back("", Secret(std::string_view(value.as_string())));
  if (const auto* object = value.if_object())
    for (const auto& [name, member] : *object) add_texts(member, out);
  if (const auto* list = value.if_array())
    for (const Json& item : *list) add_texts(item, out);
}

TokenRefusal refusal(int status, const JsonObject& body, const FormFields& secrets) {
  TokenRefusal out{status, printable(without_secrets(text_member(body, "error"), secrets), 100), {}};
  std::string description = text_member(body, "error_description");
  if (description.empty()) description = text_member(body, "message");
  out.description =
      printable(without_secrets(std::move(description), secrets), most_description_bytes);
  return out;
}

TokenAnswer read_object(int status, JsonObject body, const FormFields& secrets) {
  TokenGrant grant;
  grant.access_token = secret_member(body, "access_token");
  if (status >= 300 || grant.access_token.empty()) return refusal(status, body, secrets);
  grant.refresh_token = secret_member(body, "refresh_token");
  grant.id_token = secret_member(body, "id_token");
  grant.token_type = printable(text_member(body, "token_type"), 100);
  grant.scope = printable(text_member(body, "scope"), 2000);
  grant.expires_in = seconds_of(body.if_contains("expires_in"));
  return grant;
}

// A busy or broken endpoint is no refusal: the same call may succeed later.
void throw_when_unavailable(const ClientResponse& answer, Timestamp now) {
  if (answer.status != 429 && answer.status < 500) return;
  Failure failure(
      answer.status == 429 ? FailureKind::overloaded : FailureKind::unavailable,
      fmt::format("the provider's token endpoint answered {}", answer.status));
  if (const auto wait = answer.headers.get("Retry-After"))
    if (const auto time = parse_retry_after(*wait, now)) failure.retry_after(*time);
  throw failure;
}

ClientRequest base_request(const TokenCall& call, std::string method, std::string url) {
  ClientRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.header("Accept", "application/json");
  request.timeouts.connect = connect_limit;
  request.timeouts.first_byte = whole_limit;
  request.timeouts.whole = whole_limit;
  request.most_response_bytes = most_answer_bytes;
  request.most_redirects = 0;
  request.identity = call.identity;
  return request;
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string out(text.substr(0, most));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  // A cut may have split a character of several bytes.
  if (text.size() > most)
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0x80) != 0) out.pop_back();
  return as_utf8(std::move(out));
}

std::string scope_text(const OAuth2Auth& oauth, const std::vector<std::string>& of_integration) {
  return fmt::format(
      "{}", fmt::join(oauth.scopes.empty() ? of_integration : oauth.scopes, oauth.scope_separator));
}

Secret form_text(const FormFields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) {
    if (!text.empty()) text += "&";
    text += percent_encode(name) + "=" + percent_encode(value.reveal());
  }
  Secret out(text);
  crypto::wipe(text);
  return out;
}

FormFields refresh_fields(const Secret& refresh_token) {
  FormFields fields;
  fields.emplace_back("grant_type", Secret("refresh_token"));
  fields.emplace_back("refresh_token", refresh_token.clone());
  return fields;
}

FormFields grant_fields(const TokenCall& call, Timestamp now) {
  FormFields fields;
  if (call.oauth.grant == Grant::jwt_bearer) {
    fields.emplace_back("grant_type", Secret("urn:ietf:params:oauth:grant-type:jwt-bearer"));
    fields.emplace_back("assertion", assertion(call, call.endpoints.token, now));
  } else {
    fields.emplace_back("grant_type", Secret("client_credentials"));
  }
  return fields;
}

ClientRequest make_token_request(const TokenCall& call, FormFields fields, std::string_view url,
                                 Timestamp now) {
  ClientRequest request = base_request(call, "POST", std::string(url));
  authenticate_client(call, fields, request, now);
  if (!call.oauth.audience.empty()) fields.emplace_back("audience", Secret(call.oauth.audience));
  if (!call.oauth.resource.empty()) fields.emplace_back("resource", Secret(call.oauth.resource));
  for (auto& member : call.vars.object(call.oauth.token_params, "oauth2.token_params")) {
    const Json& value = member.value();
    if (!value.is_null())
      fields.emplace_back(member.key(), Secret(value.is_string() ? std::string(value.as_string())
                                                                 : json::to_text(value)));
  }
  request.header("Content-Type", "application/x-www-form-urlencoded");
  request.body = form_text(fields);
  return request;
}

TokenAnswer read_token_answer(const ClientResponse& answer, const FormFields& secrets) {
  auto body = parse_answer(answer);
  if (!body) return TokenRefusal{answer.status, {}, "the answer is neither JSON nor a form"};
  return read_object(answer.status, std::move(*body), secrets);
}

TokenAnswer send_token_request(Fiber& fiber, const TokenWire& wire, const ClientRequest& request,
                               const FormFields& secrets) {
  ClientResponse answer = wire.client.send(fiber, request);
  throw_when_unavailable(answer, wire.clock.now());
  TokenAnswer out = read_token_answer(answer, sent_secrets(request, secrets));
  crypto::wipe(answer.body);
  return out;
}

TokenAnswer send_declared_request(Fiber& fiber, const TokenWire& wire, const TokenCall& call,
                                  const TokenRequest& declared, const Secret& refresh_token) {
  JsonObject extra;
  if (!refresh_token.empty()) extra["refresh_token"] = refresh_token.reveal();
  const std::string url = declared.url.empty()
                              ? call.endpoints.token
                              : call.vars.url(declared.url, "the token request's url");
  ClientRequest request = base_request(call, declared.method, url);
  for (const auto& [name, value] :
       call.vars.object(declared.headers, "the token request's headers", extra))
    if (!value.is_null())
      set_header(request, name,
                 Secret(value.is_string() ? std::string(value.as_string()) : json::to_text(value)));
  FormFields fields;
  if (!declared.form.empty()) {
    for (const auto& [name, value] :
         call.vars.object(declared.form, "the token request's form", extra))
      if (!value.is_null())
        fields.emplace_back(name, Secret(value.is_string() ? std::string(value.as_string())
                                                           : json::to_text(value)));
    request.header("Content-Type", "application/x-www-form-urlencoded");
    request.body = form_text(fields);
  } else if (!declared.body.empty()) {
    Json body(call.vars.object(declared.body, "the token request's body", extra));
    request.header("Content-Type", "application/json");
    request.body = Secret(json::to_text(body));
    add_texts(body, fields);
    wipe(body);
  }
  for (const ClientHeader& header : request.headers)
    if (const auto* value = std::get_if<Secret>(&header.value))
      fields.emplace_back(header.name, value->clone());
  ClientResponse answer = wire.client.send(fiber, request);
  throw_when_unavailable(answer, wire.clock.now());
  auto body = parse_answer(answer);
  if (!body || declared.token.empty() || answer.status >= 300)
    return read_token_answer(answer, fields);
  Json mapped =
      evaluate_expression(declared.token, Json(std::move(*body)), "the token request's token");
  if (!mapped.is_object())
    return TokenRefusal{answer.status, {}, "the declared mapping finds no token in the answer"};
  return read_object(answer.status, std::move(mapped.as_object()), fields);
}

}  // namespace junctor::auth
