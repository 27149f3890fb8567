#include "auth/oauth/authorization.h"

#include <fmt/format.h>

#include "auth/jose/jwt.h"
#include "auth/oauth/note_exchange.h"
#include "auth/oauth/pkce.h"
#include "base/crypto.h"
#include "base/log.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "store/store.h"

namespace junctor::auth {

using vault::ConnectionError;
using vault::ConnectionFailure;

// A connection that a person can consent to in a browser.
struct Authorization::Prepared {
  vault::OpenConnection connection;
  TokenService::Resolved how;
};

namespace {

[[noreturn]] void refused(const std::string& code, const std::string& description) {
  throw ConnectionFailure(
      ConnectionError::not_authorised,
      fmt::format("the provider did not authorise the connection ({}{}{}); start again",
                  printable(code, 100), description.empty() ? "" : ": ",
                  printable(description, 300)));
}

[[noreturn]] void unknown_consent() {
  throw ConnectionFailure(ConnectionError::consent_unknown,
                          "this authorisation is not known here: it was used already, it has "
                          "expired, or it began elsewhere; start it again");
}

std::string value_of(const std::vector<Parameter>& query, std::string_view name) {
  for (const Parameter& parameter : query)
    if (parameter.name == name) return parameter.value;
  return {};
}

void add_query(std::string& url, std::string_view name, std::string_view value) {
  url += (url.find('?') == std::string::npos ? "?" : "&") + percent_encode(name) + "=" +
         percent_encode(value);
}

void require_consent_method(const TokenService::Resolved& how, Grant grant,
                            std::string_view endpoint, const std::string& url) {
  if (how.method->oauth2 && how.oauth().grant == grant && !url.empty()) return;
  throw ConnectionFailure(
      ConnectionError::credentials_invalid,
      fmt::format(
          "this connection's method does not authorise this way, or the integration declares no {}",
          endpoint));
}

// RFC 9207: the answer of another authorization server; its code must not go to this one's token endpoint.
void require_own_issuer(const OAuthEndpoints& endpoints, const std::vector<Parameter>& query) {
  const std::string issuer = value_of(query, "iss");
  if (endpoints.issuer.empty() || issuer == endpoints.issuer) return;
  if (issuer.empty() && endpoints.answers_name_issuer == AnswersNameIssuer::no) return;
  const std::string found =
      issuer.empty() ? "does not name its issuer" : "comes from " + printable(issuer, 200);
  throw ConnectionFailure(
      ConnectionError::another_issuer,
      fmt::format("the answer {}, expected {}; start again from the beginning, in a fresh tab", found,
                  printable(endpoints.issuer, 200)));
}

// How long nobody need ask again; nullopt: the answer is the last.
std::optional<std::chrono::seconds> interval_to_wait(const TokenAnswer& answer, std::chrono::seconds before) {
  const auto* refusal = std::get_if<TokenRefusal>(&answer);
  if (refusal == nullptr) return std::nullopt;
  if (refusal->code == "slow_down") return before + std::chrono::seconds(5);
  return refusal->code == "authorization_pending" ? std::optional(before) : std::nullopt;
}

TokenGrant require_grant(TokenAnswer answer) {
  if (auto* refusal = std::get_if<TokenRefusal>(&answer))
    refused(refusal->code.empty() ? fmt::format("status {}", refusal->status) : refusal->code,
            refusal->description);
  return std::move(std::get<TokenGrant>(answer));
}

ClientRequest device_code_request(const TokenService::Resolved& how, const vault::OpenConnection& connection,
                                  Timestamp now) {
  const VarsContext vars(connection);
  const TokenCall call{how.oauth(), vars, how.endpoints, how.identity};
  FormFields fields;
  if (const std::string scope = scope_text(how.oauth(), how.definition->scopes); !scope.empty())
    fields.emplace_back("scope", Secret(scope));
  return make_token_request(call, std::move(fields), how.endpoints.device_authorization, now);
}

}  // namespace

Authorization::Authorization(TokenService& tokens, HttpClient& client, Discovery& discovery)
    : tokens_(tokens),
      client_(client),
      discovery_(discovery),
      attempts_(tokens.connections().vault()) {}

void Authorization::kept(Fiber& fiber, const ConnectionKey& key, const vault::OpenConnection& connection,
                         const char* step, const std::function<void(const TokenWire&)>& work) {
  const Clock& clock = tokens_.connections().vault().clock();
  const vault::Connection& known = connection.connection;
  AuthorisationKeeper::Step out{key.tenant, key.id, known.integration, known.name, step, clock.now(), {}, {}};
  try {
    work({client_, clock, [&](TokenExchange exchange) {
            note_connection(exchange, connection);
            out.exchanges.push_back(std::move(exchange));
          }});
  } catch (const Failure& failure) {
    out.failure = failure;
    keep(fiber, out);
    throw;
  }
  keep(fiber, out);
}

// What the provider gave is stored by now: that nobody could note it takes nothing back.
void Authorization::keep(Fiber& fiber, const AuthorisationKeeper::Step& step) {
  if (keeper_ == nullptr || step.exchanges.empty()) return;
  try {
    keeper_->keep(fiber, step);
  } catch (const Failure& failure) {
    log::write(log::Level::warning, "auth", "the requests of a {} of {}/{} are not recorded: {}", step.name,
               step.integration, step.connection_name, failure.message());
  }
}

vault::OpenConnection Authorization::open(Fiber& fiber, const ConnectionKey& key) {
  vault::Connections& connections = tokens_.connections();
  return connections.vault().store().read(
      fiber, [&](Snapshot& view) { return connections.open(view, key.tenant, key.id); });
}

Authorization::Prepared Authorization::prepare(Fiber& fiber, const ConnectionKey& key) {
  Prepared out{open(fiber, key), {}};
  out.how = tokens_.resolve(fiber, out.connection);
  require_consent_method(out.how, Grant::authorization_code, "authorization endpoint",
                         out.how.endpoints.authorization);
  return out;
}

ConsentTicket Authorization::invite(Fiber& fiber, const ConnectionKey& key,
                                    const std::string& redirect_uri,
                                    const std::string& return_to) {
  // The page is made to see that it can be: whoever asks learns what is wrong, not the browser.
  Attempt trial;
  page_url(trial, prepare(fiber, key), {});
  Attempt attempt;
  attempt.key = key;
  attempt.kind = AttemptKind::ticket;
  attempt.redirect_uri = redirect_uri;
  attempt.return_to = return_to;
  attempt.expires_at = tokens_.connections().vault().clock().now() + ticket_lifetime;
  ConsentTicket out{fresh_handle(), attempt.expires_at};
  attempts_.save(fiber, attempt, out.text);
  return out;
}

ConsentPage Authorization::begin(Fiber& fiber, std::string_view ticket) {
  Attempt attempt = take(fiber, ticket, AttemptKind::ticket);
  ConsentPage page;
  try {
    page.state = fresh_handle();
    page.url = page_url(attempt, prepare(fiber, attempt.key), page.state);
  } catch (const Failure&) {
    attempts_.save(fiber, attempt, ticket);
    throw;
  }
  attempt.kind = AttemptKind::code;
  attempt.browser = Secret(fresh_handle());
  attempt.expires_at = tokens_.connections().vault().clock().now() + state_lifetime;
  attempts_.save(fiber, attempt, page.state);
  page.proof = attempt.browser.clone();
  page.expires_at = attempt.expires_at;
  return page;
}

std::string Authorization::page_url(Attempt& attempt, const Prepared& prepared,
                                    const std::string& state) const {
  const TokenService::Resolved& how = prepared.how;
  const VarsContext vars(prepared.connection);
  const OAuth2Auth& oauth = how.oauth();
  std::string url = how.endpoints.authorization;
  add_query(url, "response_type", "code");
  const Secret client_id = vars.text(oauth.client_id, "oauth2.client_id");
  add_query(url, "client_id", client_id.reveal());
  add_query(url, "redirect_uri", attempt.redirect_uri);
  if (const std::string scope = scope_text(oauth, how.definition->scopes); !scope.empty())
    add_query(url, "scope", scope);
  add_query(url, "state", state);
  if (oauth.pkce != Pkce::none) {
    attempt.verifier = make_code_verifier();
    add_query(url, "code_challenge",
              oauth.pkce == Pkce::s256 ? code_challenge(attempt.verifier)
                                       : std::string(attempt.verifier.reveal()));
    add_query(url, "code_challenge_method", oauth.pkce == Pkce::s256 ? "S256" : "plain");
  }
  if (how.method->type == AuthType::oidc) {
    attempt.nonce = Secret(fresh_handle());
    add_query(url, "nonce", attempt.nonce.reveal());
  }
  if (!oauth.audience.empty()) add_query(url, "audience", oauth.audience);
  if (!oauth.resource.empty()) add_query(url, "resource", oauth.resource);
  for (const auto& [name, value] : vars.object(oauth.authorize_params, "oauth2.authorize_params"))
    if (!value.is_null())
      add_query(url, name,
                value.is_string() ? std::string(value.as_string()) : json::to_text(value));
  return url;
}

Authorised Authorization::complete(Fiber& fiber, const std::vector<Parameter>& query,
                                   std::string_view proof) {
  const Attempt attempt = take(fiber, value_of(query, "state"), AttemptKind::code);
  if (!attempt.began_in(proof))
    throw ConnectionFailure(
        ConnectionError::another_browser,
        "this authorisation did not begin in this browser, or the browser refused the cookie; "
        "start it again, and open its link in the browser in which you finish it");
  const vault::OpenConnection connection = open(fiber, attempt.key);
  const auto how = tokens_.resolve(fiber, connection);
  require_own_issuer(how.endpoints, query);
  if (const std::string error = value_of(query, "error"); !error.empty())
    refused(error, value_of(query, "error_description"));
  const std::string code = value_of(query, "code");
  if (code.empty()) refused("no code", "");
  std::optional<Authorised> out;
  kept(fiber, attempt.key, connection, "consent", [&](const TokenWire& wire) {
    out = exchange_code(fiber, attempt, code, how, connection, wire);
  });
  return *std::move(out);
}

Authorised Authorization::exchange_code(Fiber& fiber, const Attempt& attempt, const std::string& code,
                                        const TokenService::Resolved& how,
                                        const vault::OpenConnection& connection, const TokenWire& wire) {
  const VarsContext vars(connection);
  const TokenCall call{how.oauth(), vars, how.endpoints, how.identity};
  FormFields fields, secrets;
  fields.emplace_back("grant_type", Secret("authorization_code"));
  fields.emplace_back("code", Secret(code));
  fields.emplace_back("redirect_uri", Secret(attempt.redirect_uri));
  secrets.emplace_back("code", Secret(code));
  if (!attempt.verifier.empty()) {
    fields.emplace_back("code_verifier", attempt.verifier.clone());
    secrets.emplace_back("code_verifier", attempt.verifier.clone());
  }
  const Timestamp now = tokens_.connections().vault().clock().now();
  const TokenGrant grant = require_grant(send_token_request(
      fiber, wire, make_token_request(call, std::move(fields), how.endpoints.token, now),
      secrets));
  if (how.method->type == AuthType::oidc) check_id_token(fiber, how, vars, grant, attempt.nonce);
  return finish(fiber, attempt, grant, how, now);
}

Authorised Authorization::finish(Fiber& fiber, const Attempt& attempt, const TokenGrant& grant,
                                 const TokenService::Resolved& how, Timestamp asked_at) {
  vault::Connections& connections = tokens_.connections();
  const ConnectionKey& key = attempt.key;
  connections.vault().store().write(fiber, [&](Transaction& tx) {
    const auto status = connections.status_when_authorised(tx, key.tenant, key.id);
    tokens_.tokens().store_consent(tx, key, grant, how.oauth(), asked_at);
    connections.set_status(tx, key.tenant, key.id, status, "");
  });
  tokens_.forget(key);
  return {connections.get(fiber, key.tenant, key.id), attempt.return_to};
}

void Authorization::check_id_token(Fiber& fiber, const TokenService::Resolved& how,
                                   const VarsContext& vars, const TokenGrant& grant,
                                   const Secret& nonce) {
  if (grant.id_token.empty())
    refused("no id_token", "an OpenID Connect provider sends one; ask for the scope openid");
  const Secret client_id = vars.text(how.oauth().client_id, "oauth2.client_id");
  const JwtPolicy policy{.issuer = how.endpoints.issuer,
                         .audiences = {std::string(client_id.reveal())}};
  const Timestamp now = tokens_.connections().vault().clock().now();
  JwtVerdict verdict =
      verify_jwt(grant.id_token.reveal(), *discovery_.keys(fiber, how.endpoints.jwks), policy, now);
  if (const auto* rejection = std::get_if<JwtRejection>(&verdict);
      rejection != nullptr && rejection->fault == JwtFault::unknown_key)
    verdict = verify_jwt(grant.id_token.reveal(),
                         *discovery_.keys(fiber, how.endpoints.jwks, Discovery::Keys::fetch_again),
                         policy, now);
  if (const auto* rejection = std::get_if<JwtRejection>(&verdict))
    refused("id_token", rejection->reason);
  const JsonObject& claims = std::get<VerifiedJwt>(verdict).claims;
  const Json* given = claims.if_contains("nonce");
  if (given == nullptr || !given->is_string() ||
      !nonce.equals(std::string_view(given->as_string())))
    refused("id_token", "its nonce is not the one that was sent");
  const Json* audience = claims.if_contains("aud");
  const Json* party = claims.if_contains("azp");
  const bool several = audience->is_array() && audience->as_array().size() > 1;
  if ((party != nullptr || several) && (party == nullptr || !party->is_string() ||
                                        std::string_view(party->as_string()) != client_id.reveal()))
    refused("id_token", "it was issued to another client");
}

DeviceCode Authorization::begin_device(Fiber& fiber, const ConnectionKey& key) {
  const vault::OpenConnection connection = open(fiber, key);
  const auto how = tokens_.resolve(fiber, connection);
  require_consent_method(how, Grant::device_code, "device authorization endpoint",
                         how.endpoints.device_authorization);
  std::optional<DeviceCode> out;
  kept(fiber, key, connection, "device_code", [&](const TokenWire& wire) {
    out = begin_device_with(fiber, key, how, connection, wire);
  });
  return *std::move(out);
}

DeviceCode Authorization::begin_device_with(Fiber& fiber, const ConnectionKey& key,
                                            const TokenService::Resolved& how,
                                            const vault::OpenConnection& connection,
                                            const TokenWire& wire) {
  const Timestamp now = tokens_.connections().vault().clock().now();
  const ClientRequest request = device_code_request(how, connection, now);
  ClientResponse answer = send_other_request(fiber, wire, request);
  auto parsed = json::parse(answer.body, {.max_depth = 8, .max_bytes = 64 * 1024});
  if (answer.status != 200 || !parsed || !parsed.value().is_object()) {
    TokenAnswer refusal = read_token_answer(answer, sent_secrets(request, {}));
    require_grant(std::holds_alternative<TokenRefusal>(refusal)
                      ? std::move(refusal)
                      : TokenAnswer(TokenRefusal{answer.status, {}, {}}));
  }
  crypto::wipe(answer.body);
  const WipedJson whole(std::move(parsed).value());
  const JsonObject& body = whole.json.as_object();
  const auto text = [&](std::string_view name) {
    const Json* value = body.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
  };
  const auto number = [&](std::string_view name, std::int64_t otherwise) {
    const Json* value = body.if_contains(name);
    return value != nullptr && value->is_int64() && value->as_int64() > 0
               ? std::min<std::int64_t>(value->as_int64(), 3600)
               : otherwise;
  };
  Attempt attempt;
  attempt.key = key;
  attempt.kind = AttemptKind::device;
  attempt.device_code = Secret(text("device_code"));
  attempt.interval = std::chrono::seconds(number("interval", 5));
  attempt.expires_at = now + std::chrono::seconds(number("expires_in", 900));
  if (attempt.device_code.empty()) refused("no device_code", "");
  DeviceCode out{fresh_handle(),
                 printable(text("user_code"), 50),
                 printable(text("verification_uri"), 500),
                 printable(text("verification_uri_complete"), 600),
                 attempt.interval,
                 attempt.expires_at};
  attempts_.save(fiber, attempt, out.handle);
  return out;
}

std::variant<Authorised, DeviceWaiting> Authorization::poll_device(Fiber& fiber,
                                                                   const TenantId& tenant,
                                                                   std::string_view handle) {
  auto claimed = attempts_.claim_poll(fiber, tenant, handle);
  if (!claimed) unknown_consent();
  if (const auto* later = std::get_if<PollLater>(&*claimed)) return DeviceWaiting{later->interval};
  if (const auto* before = std::get_if<PolledAuthorised>(&*claimed)) return authorised_before(fiber, before->key);
  Attempt& attempt = std::get<Attempt>(*claimed);
  const Timestamp now = tokens_.connections().vault().clock().now();
  const auto or_ask_again = [&](const auto& work) {
    try {
      return work();
    } catch (const Failure&) {
      attempts_.poll_again(fiber, handle, attempt.interval);
      throw;
    }
  };
  const auto connection = or_ask_again([&] { return open(fiber, attempt.key); });
  std::variant<Authorised, DeviceWaiting> out = DeviceWaiting{attempt.interval};
  kept(fiber, attempt.key, connection, "device_poll", [&](const TokenWire& wire) {
    TokenService::Resolved how;
    TokenAnswer answer = or_ask_again([&] {
      how = tokens_.resolve(fiber, connection);
      return ask_about_device(fiber, attempt, how, connection, now, wire);
    });
    if (const auto interval = interval_to_wait(answer, attempt.interval)) {
      attempts_.poll_again(fiber, handle, *interval);
      out = DeviceWaiting{*interval};
      return;
    }
    attempts_.end(fiber, attempt, handle);
    out = finish(fiber, attempt, require_grant(std::move(answer)), how, now);
    attempt.kind = AttemptKind::authorised;
    attempt.device_code = Secret();
    attempts_.save(fiber, attempt, handle);
    attempts_.end_waiting(fiber, attempt.key);
  });
  return out;
}

// As long as the grant stands that the device code led to.
Authorised Authorization::authorised_before(Fiber& fiber, const ConnectionKey& key) {
  auto connection = tokens_.connections().get(fiber, key.tenant, key.id);
  if (connection.status == vault::ConnectionStatus::needs_authorisation) unknown_consent();
  return {std::move(connection), {}};
}

TokenAnswer Authorization::ask_about_device(Fiber& fiber, const Attempt& attempt,
                                            const TokenService::Resolved& how,
                                            const vault::OpenConnection& connection,
                                            Timestamp now, const TokenWire& wire) {
  const VarsContext vars(connection);
  const TokenCall call{how.oauth(), vars, how.endpoints, how.identity};
  FormFields fields;
  fields.emplace_back("grant_type", Secret("urn:ietf:params:oauth:grant-type:device_code"));
  fields.emplace_back("device_code", attempt.device_code.clone());
  return send_token_request(
      fiber, wire, make_token_request(call, std::move(fields), how.endpoints.token, now), {});
}

void Authorization::revoke(Fiber& fiber, const ConnectionKey& key) {
  vault::Connections& connections = tokens_.connections();
  connections.get(fiber, key.tenant, key.id);
  // The refresh token ends the whole grant (RFC 7009 section 2.1); where there is none, the access token.
  const auto token = connections.vault().store().read(fiber, [&](Snapshot& view) {
    return tokens_.tokens().revocable(view, key);
  });
  if (token) send_revocation(fiber, key, *token);
  forget_tokens(fiber, key);
}

void Authorization::send_revocation(Fiber& fiber, const ConnectionKey& key,
                                    const RevocableToken& token) {
  const vault::OpenConnection connection = open(fiber, key);
  const auto how = tokens_.resolve(fiber, connection);
  if (how.endpoints.revocation.empty()) return;
  const VarsContext vars(connection);
  const TokenCall call{how.oauth(), vars, how.endpoints, how.identity};
  FormFields fields;
  fields.emplace_back("token", token.token.clone());
  fields.emplace_back("token_type_hint", Secret(token.type_hint));
  kept(fiber, key, connection, "revocation", [&](const TokenWire& wire) {
    send_other_request(fiber, wire, make_token_request(call, std::move(fields), how.endpoints.revocation, wire.clock.now()));
  });
}

void Authorization::forget_tokens(Fiber& fiber, const ConnectionKey& key) {
  vault::Connections& connections = tokens_.connections();
  connections.vault().store().write(fiber, [&](Transaction& tx) {
    tokens_.tokens().erase(tx, key);
    connections.set_status(tx, key.tenant, key.id, vault::ConnectionStatus::needs_authorisation,
                           "revoked here");
  });
  tokens_.forget(key);
}

Attempt Authorization::take(Fiber& fiber, std::string_view handle, AttemptKind kind) {
  auto found = attempts_.take(fiber, handle, kind);
  if (!found) unknown_consent();
  return std::move(*found);
}

}  // namespace junctor::auth
