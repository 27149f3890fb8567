#include "auth/oauth/note_exchange.h"

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "json/parse.h"

namespace junctor::auth {
namespace {

constexpr std::string_view redacted = "[redacted]";

// Fields of requests whose values are no secrets.
bool is_public(std::string_view field) {
  constexpr std::array<std::string_view, 8> names = {"grant_type",   "client_id", "scope",    "client_assertion_type",
                                                     "redirect_uri", "audience",  "resource", "token_type_hint"};
  return std::find(names.begin(), names.end(), field) != names.end();
}

// The same of answers. What a person types on another device lets in whoever reads it first.
bool is_public_answer(std::string_view member) {
  constexpr std::array<std::string_view, 6> names = {"verification_uri", "verification_url",  "expires_in",
                                                     "interval",         "error", "error_description"};
  return std::find(names.begin(), names.end(), member) != names.end();
}

constexpr std::size_t most_members = 50, most_value_bytes = 500;

// Some have "secret" for their secret, and the mark holds that word.
void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

bool is_form(const ClientRequest& request) {
  return std::any_of(request.headers.begin(), request.headers.end(), [](const ClientHeader& header) {
    const auto* value = std::get_if<std::string>(&header.value);
    return value != nullptr && equal_ignoring_case(header.name, "Content-Type") &&
           value->starts_with("application/x-www-form-urlencoded");
  });
}

}  // namespace

std::string without_secrets(std::string text, const FormFields& secrets) {
  constexpr std::string_view mark = "[secret]";
  for (const auto& [name, secret] : secrets) {
    if (secret.reveal().size() < 4) continue;
    replace_all(text, secret.reveal(), mark);
    std::string encoded = percent_encode(secret.reveal());
    if (encoded != secret.reveal()) replace_all(text, encoded, mark);
    crypto::wipe(encoded);
  }
  return text;
}

FormFields sent_secrets(const ClientRequest& request, const FormFields& known) {
  FormFields out;
  for (const auto& [name, value] : known) out.emplace_back(name, value.clone());
  if (const auto* body = std::get_if<Secret>(&request.body))
    for (Parameter& field : parse_query(body->reveal())) {
      if (!is_public(field.name)) out.emplace_back(field.name, Secret(field.value));
      crypto::wipe(field.value);
    }
  for (const ClientHeader& header : request.headers) {
    const auto* value = std::get_if<Secret>(&header.value);
    if (value == nullptr) continue;
    const std::string_view text = value->reveal();
    out.emplace_back(header.name, Secret(text.substr(text.find(' ') + 1)));  // the whole where there is no scheme
    if (!text.starts_with("Basic ")) continue;
    auto pair = crypto::from_base64(text.substr(6)).value_or(std::string());
    const auto colon = pair.find(':');
    if (colon != std::string::npos)
      if (auto password = percent_decode(std::string_view(pair).substr(colon + 1)))
        out.emplace_back("client_secret", Secret(*password));
    crypto::wipe(pair);
  }
  return out;
}

TokenExchange note_of(const ClientRequest& request, const FormFields& secrets, Timestamp started_at) {
  TokenExchange note;
  note.started_at = started_at;
  note.method = request.method;
  note.url = without_secrets(request.url.substr(0, request.url.find('?')), secrets);
  for (const ClientHeader& header : request.headers) {
    const auto* text = std::get_if<std::string>(&header.value);
    note.request_headers.emplace_back(header.name, text != nullptr ? *text : std::string(redacted));
  }
  const auto* body = std::get_if<Secret>(&request.body);
  if (body == nullptr) return note;
  note.request_bytes = body->reveal().size();
  if (!is_form(request)) return note;
  for (Parameter& field : parse_query(body->reveal())) {
    note.request[field.name] =
        is_public(field.name) ? without_secrets(field.value, secrets) : std::string(redacted);
    crypto::wipe(field.value);
  }
  return note;
}

void note_answer(TokenExchange& note, const ClientResponse& answer) {
  note.status = answer.status;
  note.response_bytes = answer.timings.received_bytes;
  note.connect = answer.timings.connect;
  note.first_byte = answer.timings.first_byte;
  note.total = answer.timings.total;
  note.connection_reused = answer.timings.connection_reused;
}

void note_members(TokenExchange& note, const ClientResponse& answer, const FormFields& secrets) {
  auto parsed = json::parse(answer.body, {.max_depth = 8, .max_bytes = 64 * 1024});
  if (!parsed || !parsed.value().is_object()) return;
  const WipedJson whole(std::move(parsed).value());
  FormFields all;
  for (const auto& [name, value] : secrets) all.emplace_back(name, value.clone());
  for (const auto& member : whole.json.as_object())
    if (member.value().is_string() && !is_public_answer(member.key()))
      all.emplace_back("", Secret(std::string_view(member.value().as_string())));
  for (const auto& member : whole.json.as_object()) {
    if (note.response.size() >= most_members) return;
    Json& kept = note.response[printable(member.key(), 100)];
    const Json& value = member.value();
    if (!is_public_answer(member.key())) kept = redacted;
    else if (value.is_string()) kept = printable(without_secrets(std::string(value.as_string()), all), most_value_bytes);
    else kept = value.is_number() ? value : Json(redacted);
  }
}

void note_connection(TokenExchange& note, const vault::OpenConnection& connection) {
  FormFields secrets;
  for (const auto& [name, secret] : connection.secrets) secrets.emplace_back(name, secret.clone());
  note.integration = connection.connection.integration;
  note.url = without_secrets(std::move(note.url), secrets);
  note.failure = without_secrets(std::move(note.failure), secrets);
  for (JsonObject* part : {&note.request, &note.response})
    for (auto& member : *part)
      if (const auto* text = member.value().if_string())
        member.value() = without_secrets(std::string(*text), secrets);
}

void note_outcome(TokenExchange& note, const TokenAnswer& outcome, const FormFields& secrets) {
  if (const auto* refusal = std::get_if<TokenRefusal>(&outcome)) {
    note.response = {{"error", refusal->code}, {"error_description", refusal->description}};
    note.failure = "the provider refused a token";
    return;
  }
  const TokenGrant& grant = std::get<TokenGrant>(outcome);
  FormFields all;
  for (const auto& [name, value] : secrets) all.emplace_back(name, value.clone());
  const std::pair<const char*, const Secret*> tokens[] = {{"access_token", &grant.access_token},
                                                          {"refresh_token", &grant.refresh_token},
                                                          {"id_token", &grant.id_token}};
  for (const auto& [name, token] : tokens) {
    if (token->empty()) continue;
    note.response[name] = redacted;
    all.emplace_back(name, token->clone());
  }
  note.response["token_type"] = without_secrets(grant.token_type, all);
  note.response["scope"] = without_secrets(grant.scope, all);
  if (grant.expires_in) note.response["expires_in"] = grant.expires_in->count();
}

}  // namespace junctor::auth
