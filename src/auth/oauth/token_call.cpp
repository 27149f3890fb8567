#include "auth/oauth/token_call.h"

#include <fmt/format.h>

#include <cmath>

#include "auth/jose/jwt.h"
#include "auth/oauth/note_exchange.h"
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

// What the two kinds of assertion have in common (RFC 7523 section 3).
JsonObject assertion_claims(const TokenCall& call, Timestamp now) {
  const std::int64_t seconds = now.time_since_epoch().count() / 1000;
  const Secret client = call.vars.text(call.oauth.client_id, "oauth2.client_id");
  return {{"iss", client.reveal()},
          {"sub", client.reveal()},
          {"aud", call.endpoints.token},
          {"iat", seconds},
          {"exp", seconds + assertion_lifetime.count()},
          {"jti", Uuid::generate().to_string()}};
}

void add_declared(const TokenCall& call, JsonObject& claims) {
  for (const auto& [key, value] : call.vars.object(call.oauth.claims, "oauth2.claims")) {
    if (value.is_null()) {
      claims.erase(key);
    } else {
      claims[key] = value;
    }
  }
}

Secret signed_by_key(const TokenCall& call, const JsonObject& claims) {
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

// Who the client is. Where the grant is an assertion as well, the declared claims are the grant's.
Secret client_assertion(const TokenCall& call, Timestamp now) {
  JsonObject claims = assertion_claims(call, now);
  if (call.oauth.grant != Grant::jwt_bearer) add_declared(call, claims);
  if (call.oauth.client_auth == ClientAuth::client_secret_jwt)
    return Secret(
        sign_jwt_hs256(claims, call.vars.text(call.oauth.client_secret, "oauth2.client_secret")));
  return signed_by_key(call, claims);
}

void authenticate_client(const TokenCall& call, FormFields& fields, ClientRequest& request,
                         Timestamp now) {
  const OAuth2Auth& oauth = call.oauth;
  // A secret without an id is nobody's.
  const bool shows_secret =
      oauth.client_auth == ClientAuth::basic || oauth.client_auth == ClientAuth::body;
  const auto id = shows_secret ? std::optional(call.vars.text(oauth.client_id, "oauth2.client_id"))
                               : call.vars.optional_text(oauth.client_id, "oauth2.client_id");
  switch (oauth.client_auth) {
    case ClientAuth::basic: {
      // RFC 6749 section 2.3.1: both parts form-encoded before they are joined.
      const Secret secret = call.vars.text(oauth.client_secret, "oauth2.client_secret");
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
      fields.emplace_back("client_assertion_type",
                          Secret("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
      fields.emplace_back("client_assertion", client_assertion(call, now));
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
    for (Parameter& parameter : parse_query(answer.body)) {
      out[parameter.name] = parameter.value;
      crypto::wipe(parameter.value);
    }
    return out;
  }
  auto parsed = json::parse(answer.body, {.max_depth = 32, .max_bytes = most_answer_bytes});
  if (!parsed || !parsed.value().is_object()) return std::nullopt;
  return std::move(parsed.value().as_object());
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
  if (status < 300 && out.code.empty() && out.description.empty())
    out.description = "there is no access_token in its answer";
  return out;
}

TokenRefusal unreadable(const ClientResponse& answer) {
  return {answer.status, {}, "the answer is neither JSON nor a form"};
}

// Zeroes the body: it may hold tokens by other names too.
TokenAnswer read_object(int status, JsonObject given, const FormFields& secrets) {
  WipedJson whole(std::move(given));
  JsonObject& body = whole.json.as_object();
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

TokenAnswer read_declared_answer(const TokenRequest& declared, const ClientResponse& answer,
                                 const FormFields& secrets) {
  if (declared.token.empty() || answer.status >= 300) return read_token_answer(answer, secrets);
  auto body = parse_answer(answer);
  if (!body) return unreadable(answer);
  const WipedJson whole(std::move(*body));
  Json mapped = evaluate_expression(declared.token, whole.json, "the token request's token");
  if (!mapped.is_object())
    return TokenRefusal{answer.status, {}, "the declared mapping finds no token in the answer"};
  return read_object(answer.status, std::move(mapped.as_object()), secrets);
}

// Sends, reads, and notes both where somebody keeps it.
template <typename Read>
TokenAnswer exchange(Fiber& fiber, const TokenWire& wire, const ClientRequest& request,
                     const FormFields& secrets, const Read& read) {
  TokenExchange note = note_of(request, secrets, wire.clock.now());
  try {
    ClientResponse answer = wire.client.send(fiber, request);
    note_answer(note, answer);
    throw_when_unavailable(answer, wire.clock.now());
    TokenAnswer out = read(answer);
    crypto::wipe(answer.body);
    note_outcome(note, out, secrets);
    if (wire.seen) wire.seen(std::move(note));
    return out;
  } catch (const Failure& failure) {
    note.failure = failure.message();
    if (wire.seen) wire.seen(std::move(note));
    throw;
  }
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  std::string out = as_utf8(std::string(whole_characters(text, most)));
  // A byte that is no text has become a character of three.
  out.resize(whole_characters(out, most).size());
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return out;
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
    JsonObject claims = assertion_claims(call, now);
    add_declared(call, claims);
    fields.emplace_back("assertion", signed_by_key(call, claims));
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
  if (!body) return unreadable(answer);
  return read_object(answer.status, std::move(*body), secrets);
}

TokenAnswer send_token_request(Fiber& fiber, const TokenWire& wire, const ClientRequest& request,
                               const FormFields& known) {
  const FormFields secrets = sent_secrets(request, known);
  return exchange(fiber, wire, request, secrets, [&](const ClientResponse& answer) {
    return read_token_answer(answer, secrets);
  });
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
  FormFields known;
  if (!declared.form.empty()) {
    FormFields fields;
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
    add_texts(body, known);
    wipe(body);
  }
  for (const ClientHeader& header : request.headers)
    if (const auto* value = std::get_if<Secret>(&header.value))
      known.emplace_back(header.name, value->clone());
  const FormFields secrets = sent_secrets(request, known);
  return exchange(fiber, wire, request, secrets, [&](const ClientResponse& answer) {
    return read_declared_answer(declared, answer, secrets);
  });
}

}  // namespace junctor::auth
