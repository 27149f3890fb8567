#include "auth/oauth/authorization.h"

#include <fmt/format.h>

#include "auth/jose/jwt.h"
#include "auth/oauth/pkce.h"
#include "base/crypto.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "store/store.h"

namespace junctor::auth {

using vault::ConnectionError;
using vault::ConnectionFailure;

// One row of oauth_states with its secrets.
struct Authorization::Attempt {
  ConnectionKey key;
  std::string kind;  // "code", "device"
  std::string redirect_uri;
  std::string return_to;
  Secret verifier;     // of PKCE; may be empty
  Secret nonce;        // of OpenID Connect; may be empty
  Secret device_code;  // of the device flow
  std::chrono::seconds interval{0};
  Timestamp expires_at{};
};

namespace {

std::string hash_of(std::string_view state) {
  return crypto::to_hex(crypto::hash(crypto::Digest::sha256, state));
}
std::string owner_of(const std::string& hash) { return "oauth_state/" + hash; }

[[noreturn]] void unknown_state() {
  throw Failure(FailureKind::denied,
                "this authorisation is not known here: it was used already, it has expired, or it "
                "began elsewhere; start it again");
}

[[noreturn]] void refused(const std::string& code, const std::string& description) {
  throw ConnectionFailure(
      ConnectionError::not_authorised,
      fmt::format("the provider did not authorise the connection ({}{}{}); start again",
                  printable(code, 100), description.empty() ? "" : ": ",
                  printable(description, 300)));
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

std::string fresh_state() { return crypto::to_base64url(crypto::random_bytes(32)); }

void require_consent_method(const TokenService::Resolved& how, Grant grant,
                            std::string_view endpoint, const std::string& url) {
  if (how.method->oauth2 && how.oauth().grant == grant && !url.empty()) return;
  throw ConnectionFailure(
      ConnectionError::credentials_invalid,
      fmt::format(
          "this connection's method does not authorise this way, or the integration declares no {}",
          endpoint));
}

TokenGrant require_grant(TokenAnswer answer) {
  if (auto* refusal = std::get_if<TokenRefusal>(&answer))
    refused(refusal->code.empty() ? fmt::format("status {}", refusal->status) : refusal->code,
            refusal->description);
  return std::move(std::get<TokenGrant>(answer));
}

}  // namespace

Authorization::Authorization(TokenService& tokens, HttpClient& client, Discovery& discovery)
    : tokens_(tokens), client_(client), discovery_(discovery) {}

vault::OpenConnection Authorization::open(Fiber& fiber, const ConnectionKey& key) {
  vault::Connections& connections = tokens_.connections();
  return connections.vault().store().read(
      fiber, [&](Snapshot& view) { return connections.open(view, key.tenant, key.id); });
}

ConsentPage Authorization::begin(Fiber& fiber, const ConnectionKey& key,
                                 const std::string& redirect_uri, const std::string& return_to) {
  const vault::OpenConnection connection = open(fiber, key);
  const auto how = tokens_.resolve(fiber, connection);
  require_consent_method(how, Grant::authorization_code, "authorization endpoint",
                         how.endpoints.authorization);
  const VarsContext vars(connection);
  const OAuth2Auth& oauth = how.oauth();
  Attempt attempt;
  attempt.key = key;
  attempt.kind = "code";
  attempt.redirect_uri = redirect_uri;
  attempt.return_to = return_to;
  attempt.expires_at = tokens_.connections().vault().clock().now() + state_lifetime;
  const std::string state = fresh_state();
  std::string url = how.endpoints.authorization;
  add_query(url, "response_type", "code");
  const Secret client_id = vars.text(oauth.client_id, "oauth2.client_id");
  add_query(url, "client_id", client_id.reveal());
  add_query(url, "redirect_uri", redirect_uri);
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
    attempt.nonce = Secret(fresh_state());
    add_query(url, "nonce", attempt.nonce.reveal());
  }
  if (!oauth.audience.empty()) add_query(url, "audience", oauth.audience);
  if (!oauth.resource.empty()) add_query(url, "resource", oauth.resource);
  for (const auto& [name, value] : vars.object(oauth.authorize_params, "oauth2.authorize_params"))
    if (!value.is_null())
      add_query(url, name,
                value.is_string() ? std::string(value.as_string()) : json::to_text(value));
  save(fiber, attempt, state);
  return {std::move(url), attempt.expires_at};
}

Authorised Authorization::complete(Fiber& fiber, const std::vector<Parameter>& query) {
  const Attempt attempt = take(fiber, value_of(query, "state"));
  if (attempt.kind != "code") unknown_state();
  const vault::OpenConnection connection = open(fiber, attempt.key);
  const auto how = tokens_.resolve(fiber, connection);
  // RFC 9207: an answer of another authorization server.
  if (const std::string issuer = value_of(query, "iss");
      !issuer.empty() && !how.endpoints.issuer.empty() && issuer != how.endpoints.issuer)
    throw Failure(FailureKind::denied,
                  "the answer comes from another issuer than the one that was asked");
  if (const std::string error = value_of(query, "error"); !error.empty())
    refused(error, value_of(query, "error_description"));
  const std::string code = value_of(query, "code");
  if (code.empty()) refused("no code", "");
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
      fiber, client_, make_token_request(call, std::move(fields), how.endpoints.token, now),
      secrets));
  if (how.method->type == AuthType::oidc) check_id_token(fiber, how, vars, grant, attempt.nonce);
  return finish(fiber, attempt, grant, how, connection, now);
}

Authorised Authorization::finish(Fiber& fiber, const Attempt& attempt, const TokenGrant& grant,
                                 const TokenService::Resolved& how,
                                 const vault::OpenConnection& connection, Timestamp asked_at) {
  vault::Connections& connections = tokens_.connections();
  const ConnectionKey& key = attempt.key;
  static_cast<void>(connection);
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
  const VarsContext vars(connection);
  const TokenCall call{how.oauth(), vars, how.endpoints, how.identity};
  FormFields fields;
  if (const std::string scope = scope_text(how.oauth(), how.definition->scopes); !scope.empty())
    fields.emplace_back("scope", Secret(scope));
  const Timestamp now = tokens_.connections().vault().clock().now();
  const ClientResponse answer = client_.send(
      fiber, make_token_request(call, std::move(fields), how.endpoints.device_authorization, now));
  auto parsed = json::parse(answer.body, {.max_depth = 8, .max_bytes = 64 * 1024});
  if (answer.status != 200 || !parsed || !parsed.value().is_object()) {
    TokenAnswer refusal = read_token_answer(answer, {});
    require_grant(std::holds_alternative<TokenRefusal>(refusal)
                      ? std::move(refusal)
                      : TokenAnswer(TokenRefusal{answer.status, {}, {}}));
  }
  const JsonObject& body = parsed.value().as_object();
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
  attempt.kind = "device";
  attempt.device_code = Secret(text("device_code"));
  attempt.interval = std::chrono::seconds(number("interval", 5));
  attempt.expires_at = now + std::chrono::seconds(number("expires_in", 900));
  if (attempt.device_code.empty()) refused("no device_code", "");
  DeviceCode out{fresh_state(),
                 printable(text("user_code"), 50),
                 printable(text("verification_uri"), 500),
                 printable(text("verification_uri_complete"), 600),
                 attempt.interval,
                 attempt.expires_at};
  save(fiber, attempt, out.handle);
  return out;
}

std::optional<Authorised> Authorization::poll_device(Fiber& fiber, const TenantId& tenant,
                                                     std::string_view handle) {
  Attempt attempt = take(fiber, handle);
  if (attempt.kind != "device" || attempt.key.tenant != tenant) unknown_state();
  const vault::OpenConnection connection = open(fiber, attempt.key);
  const auto how = tokens_.resolve(fiber, connection);
  const VarsContext vars(connection);
  const TokenCall call{how.oauth(), vars, how.endpoints, how.identity};
  FormFields fields;
  fields.emplace_back("grant_type", Secret("urn:ietf:params:oauth:grant-type:device_code"));
  fields.emplace_back("device_code", attempt.device_code.clone());
  const Timestamp now = tokens_.connections().vault().clock().now();
  TokenAnswer answer = TokenRefusal{0, "authorization_pending", {}};
  try {
    answer = send_token_request(
        fiber, client_, make_token_request(call, std::move(fields), how.endpoints.token, now), {});
  } catch (const Failure&) {
    save(fiber, attempt, handle);
    throw;
  }
  if (const auto* refusal = std::get_if<TokenRefusal>(&answer)) {
    const bool slower = refusal->code == "slow_down";
    if (!slower && refusal->code != "authorization_pending")
      refused(refusal->code, refusal->description);
    if (slower) attempt.interval += std::chrono::seconds(5);
    save(fiber, attempt, handle);
    return std::nullopt;
  }
  return finish(fiber, attempt, std::get<TokenGrant>(answer), how, connection, now);
}

void Authorization::revoke(Fiber& fiber, const ConnectionKey& key) {
  vault::Connections& connections = tokens_.connections();
  const vault::OpenConnection connection = open(fiber, key);
  const auto how = tokens_.resolve(fiber, connection);
  const auto token = connections.vault().store().read(fiber, [&](Snapshot& view) {
    return connections.vault().get(
        view, {key.tenant, vault::Connections::owner_of(key.id), "token/refresh"});
  });
  if (token && !how.endpoints.revocation.empty()) {
    const VarsContext vars(connection);
    const TokenCall call{how.oauth(), vars, how.endpoints, how.identity};
    FormFields fields;
    fields.emplace_back("token", token->clone());
    fields.emplace_back("token_type_hint", Secret("refresh_token"));
    client_.send(fiber, make_token_request(call, std::move(fields), how.endpoints.revocation,
                                           connections.vault().clock().now()));
  }
  connections.vault().store().write(fiber, [&](Transaction& tx) {
    tokens_.tokens().erase(tx, key);
    connections.set_status(tx, key.tenant, key.id, vault::ConnectionStatus::needs_authorisation,
                           "revoked here");
  });
  tokens_.forget(key);
}

void Authorization::save(Fiber& fiber, const Attempt& attempt, std::string_view state) {
  vault::Vault& vault = tokens_.connections().vault();
  const std::string hash = hash_of(state), owner = owner_of(hash);
  const Timestamp now = vault.clock().now();
  vault.store().write(fiber, [&](Transaction& tx) {
    const Rows old =
        tx.query("SELECT tenant, state_hash FROM oauth_states WHERE expires_at < ? LIMIT 100", now);
    for (const Row& row : old) {
      vault.erase_owner(tx, row.get<TenantId>(0), owner_of(row.get<std::string>(1)));
      tx.execute("DELETE FROM oauth_states WHERE state_hash = ?", row.text(1));
    }
    tx.execute(
        "INSERT INTO oauth_states (state_hash, tenant, connection, kind, redirect_uri, return_to, "
        "poll_interval, next_poll_at, expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        hash, attempt.key.tenant, attempt.key.id, attempt.kind, attempt.redirect_uri,
        attempt.return_to, attempt.interval.count(), now + attempt.interval, attempt.expires_at);
    if (!attempt.verifier.empty())
      vault.put(tx, {attempt.key.tenant, owner, "verifier"}, attempt.verifier);
    if (!attempt.nonce.empty()) vault.put(tx, {attempt.key.tenant, owner, "nonce"}, attempt.nonce);
    if (!attempt.device_code.empty())
      vault.put(tx, {attempt.key.tenant, owner, "device_code"}, attempt.device_code);
  });
}

// Reads and deletes in one transaction: whoever comes second finds nothing.
Authorization::Attempt Authorization::take(Fiber& fiber, std::string_view state) {
  vault::Vault& vault = tokens_.connections().vault();
  const std::string hash = hash_of(state), owner = owner_of(hash);
  const Timestamp now = vault.clock().now();
  auto found = vault.store().write(fiber, [&](Transaction& tx) -> std::optional<Attempt> {
    const Rows rows = tx.query(
        "SELECT tenant, connection, kind, redirect_uri, return_to, poll_interval, next_poll_at, "
        "expires_at "
        "FROM oauth_states WHERE state_hash = ?",
        hash);
    const auto* row = rows.one();
    if (row == nullptr) return std::nullopt;
    if (row->time(6) > now && row->text(2) == "device" && row->time(7) > now)
      throw Failure(FailureKind::overloaded, "asked too early; wait for the interval")
          .retry_after(row->time(6) - now);
    Attempt out;
    out.key = {row->get<TenantId>(0), row->get<ConnectionId>(1)};
    out.kind = row->get<std::string>(2);
    out.redirect_uri = row->get<std::string>(3);
    out.return_to = row->get<std::string>(4);
    out.interval = std::chrono::seconds(row->int64(5));
    out.expires_at = row->time(7);
    auto secrets = vault.get_all(tx, out.key.tenant, owner);
    out.verifier = std::move(secrets["verifier"]);
    out.nonce = std::move(secrets["nonce"]);
    out.device_code = std::move(secrets["device_code"]);
    vault.erase_owner(tx, out.key.tenant, owner);
    tx.execute("DELETE FROM oauth_states WHERE state_hash = ?", hash);
    return out;
  });
  if (!found || found->expires_at <= now) unknown_state();
  return std::move(*found);
}

}  // namespace junctor::auth
