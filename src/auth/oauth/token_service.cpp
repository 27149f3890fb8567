#include "auth/oauth/token_service.h"

#include <fmt/format.h>

#include "auth/oauth/note_exchange.h"
#include "auth/schemes.h"
#include "base/log.h"
#include "store/store.h"

namespace junctor::auth {
namespace {

using vault::ConnectionError;
using vault::ConnectionFailure;
using vault::ConnectionStatus;

constexpr std::size_t most_known = 100'000;

bool needs_consent(const OAuth2Auth& oauth) {
  return oauth.grant == Grant::authorization_code || oauth.grant == Grant::device_code;
}

std::string reason_of(const TokenRefusal& refusal) {
  std::string out = refusal.code.empty() ? fmt::format("status {}", refusal.status) : refusal.code;
  return refusal.description.empty() ? out : out + ": " + refusal.description;
}

}  // namespace

TokenService::TokenService(vault::Connections& connections, const AuthCatalogue& catalogue,
                           HttpClient& client, Discovery& discovery, TokenServiceOptions options)
    : connections_(connections),
      catalogue_(catalogue),
      client_(client),
      discovery_(discovery),
      options_(options),
      tokens_(connections),
      loop_("tokens"),
      scope_(std::make_unique<Scope>(loop_.loop(), "token refresh")) {
  connections_.listen([this](const TenantId& tenant, ConnectionId id) { forget({tenant, id}); });
}

TokenService::~TokenService() { stop(); }

void TokenService::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  scope_->stop_blocking();
}

LiveToken TokenService::current(Fiber& fiber, const ConnectionKey& key,
                                const SharedNotes& notes) {
  const Timestamp now = connections_.vault().clock().now();
  auto token = known(key);
  if (!token) token = load(fiber, key);
  if (!token) return wait_for_newer(fiber, key, 0, notes);
  if (!token->refresh_at || now < *token->refresh_at) return *token;
  if (token->expires_at && now < *token->expires_at) {
    if (!is_paused(key)) join_flight(key, token->generation, notes);
    return *token;
  }
  return wait_for_newer(fiber, key, token->generation, notes);
}

std::optional<LiveToken> TokenService::newer_than(Fiber& fiber, const ConnectionKey& key,
                                                  std::int64_t seen,
                                                  const SharedNotes& notes) {
  if (const auto token = known(key); token && token->generation > seen) return *token;
  LiveToken token = wait_for_newer(fiber, key, seen, notes);
  // Joined a flight that began before this token was seen.
  if (token.generation <= seen) token = wait_for_newer(fiber, key, seen, notes);
  return token.generation > seen ? std::optional(token) : std::nullopt;
}

LiveToken TokenService::wait_for_newer(Fiber& fiber, const ConnectionKey& key, std::int64_t seen,
                                       const SharedNotes& notes) {
  require_no_pause(key);
  return join_flight(key, seen, notes)->wait(fiber);
}

void TokenService::forget(const ConnectionKey& key) {
  const std::lock_guard lock(mutex_);
  ++times_forgotten_;
  known_.erase(key);
  pauses_.erase(key);
}

void TokenService::forget_token(const ConnectionKey& key) {
  const std::lock_guard lock(mutex_);
  ++times_forgotten_;
  known_.erase(key);
}

// What was forgotten while it was read may be older than what is there by now: it serves its reader
// alone, who would otherwise put it before everybody.
std::optional<LiveToken> TokenService::load(Fiber& fiber, const ConnectionKey& key) {
  std::uint64_t before = 0;
  {
    const std::lock_guard lock(mutex_);
    before = times_forgotten_;
  }
  auto token = connections_.vault().store().read(
      fiber, [&](Snapshot& view) { return tokens_.load(view, key); });
  const std::lock_guard lock(mutex_);
  if (token && before == times_forgotten_) remember_locked(key, *token);
  return token;
}

std::optional<LiveToken> TokenService::known(const ConnectionKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(key);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

void TokenService::remember(const ConnectionKey& key, const LiveToken& token) {
  const std::lock_guard lock(mutex_);
  remember_locked(key, token);
}

void TokenService::remember_locked(const ConnectionKey& key, const LiveToken& token) {
  if (known_.size() >= most_known) known_.clear();
  LiveToken& slot = known_[key];
  if (token.generation >= slot.generation) slot = token;
}

LiveToken TokenService::refresh(Fiber& fiber, const ConnectionKey& key, std::int64_t seen,
                                const SharedNotes& notes) {
  for (;;) {
    if (const auto token = store_received(fiber, key)) return *token;
    LeaseAnswer answer = connections_.vault().store().write(fiber, [&](Transaction& tx) {
      return tokens_.lease(tx, key, seen, holder_, options_.lease);
    });
    if (auto* newer = std::get_if<LiveToken>(&answer)) {
      remember(key, *newer);
      return *newer;
    }
    if (auto* lease = std::get_if<TokenLease>(&answer)) {
      if (const auto token = refresh_with(fiber, key, std::move(*lease), notes)) return *token;
    } else {
      fiber.sleep_for(options_.busy_pause);
    }
  }
}

std::optional<LiveToken> TokenService::refresh_with(Fiber& fiber, const ConnectionKey& key,
                                                    TokenLease lease,
                                                    const SharedNotes& notes) {
  try {
    Resolved how = resolve(fiber, lease.connection);
    if (needs_consent(how.oauth()) &&
        lease.connection.connection.status == ConnectionStatus::grant_expired)
      throw ConnectionFailure(
          ConnectionError::grant_expired,
          fmt::format("the provider ended this connection's grant ({}); authorise it again",
                      lease.connection.connection.status_reason));
    if (needs_consent(how.oauth()) && lease.refresh_token.empty()) {
      if (lease.generation == 0)
        throw ConnectionFailure(
            ConnectionError::not_authorised,
            "nobody has authorised this connection yet; start its authorisation");
      return token_without_refresh(fiber, key, lease);
    }
    const Timestamp now = connections_.vault().clock().now();
    TokenAnswer answer = ask_or_pause(fiber, key, lease, how, now, wire(key, lease, notes));
    if (const auto* refusal = std::get_if<TokenRefusal>(&answer))
      fail_grant(fiber, key, lease, *refusal);
    const bool had_ended = lease.connection.connection.status == ConnectionStatus::grant_expired;
    auto received = std::make_shared<const Received>(
        Received{lease.hold, std::move(how), std::move(std::get<TokenGrant>(answer)), now, had_ended});
    {
      const std::lock_guard lock(mutex_);
      received_[key] = std::move(received);
    }
    return store_received(fiber, key);
  } catch (const Failure& failure) {
    // The lease guards the only copy of the grant: whoever got it now would send a used refresh token.
    if (has_received(key)) throw;
    connections_.vault().store().write(fiber, [&](Transaction& tx) {
      tokens_.give_back(tx, key, lease.hold, failure.message());
    });
    throw;
  }
}

// Of a consent that brought no refresh token. That a server refuses the access token ends no grant.
LiveToken TokenService::token_without_refresh(Fiber& fiber, const ConnectionKey& key,
                                              const TokenLease& lease) {
  const auto token = connections_.vault().store().read(
      fiber, [&](Snapshot& view) { return tokens_.load(view, key); });
  if (!token) fail_destroyed(fiber, key, lease);
  if (token->expires_at && *token->expires_at <= connections_.vault().clock().now())
    fail_grant(fiber, key, lease,
               {0, "expired", "the access token has ended and the provider gave no refresh token"});
  connections_.vault().store().write(
      fiber, [&](Transaction& tx) { tokens_.give_back(tx, key, lease.hold, ""); });
  return *token;
}

TokenAnswer TokenService::ask_or_pause(Fiber& fiber, const ConnectionKey& key,
                                       const TokenLease& lease, const Resolved& how,
                                       Timestamp now, const TokenWire& wire) {
  try {
    return ask(fiber, lease, how, now, wire);
  } catch (const ConnectionFailure&) {
    throw;
  } catch (const Failure& failure) {
    if (is_retryable(failure.kind()))
      pause(key, failure.retry_after().value_or(std::chrono::milliseconds(0)), failure.message());
    throw;
  }
}

// Also without what the connection keeps secret: a URL may have been made of it, and the id of a client may be
// declared as one.
TokenWire TokenService::wire(const ConnectionKey& key, const TokenLease& lease,
                             const SharedNotes& notes) {
  if (!notes) return {client_, connections_.vault().clock()};
  return {client_, connections_.vault().clock(), [this, key, &lease, notes](TokenExchange exchange) {
            note_connection(exchange, lease.connection);
            if (!notes->add(exchange)) {
              std::vector<TokenExchange> late;
              late.push_back(std::move(exchange));
              keep_late(key, notes->run(), std::move(late));
            }
          }};
}

TokenAnswer TokenService::ask(Fiber& fiber, const TokenLease& lease, const Resolved& how,
                              Timestamp now, const TokenWire& wire) {
  {
    const std::lock_guard lock(mutex_);
    ++stats_.refreshes;
  }
  const VarsContext vars(lease.connection);
  const OAuth2Auth& oauth = how.oauth();
  const TokenCall call{oauth, vars, how.endpoints, how.identity};
  if (!lease.refresh_token.empty() && oauth.refresh)
    return send_declared_request(fiber, wire, call, *oauth.refresh, lease.refresh_token);
  if (lease.refresh_token.empty() && oauth.grant == Grant::token_exchange) {
    if (!oauth.exchange)
      throw ConnectionFailure(ConnectionError::credentials_invalid,
                              "oauth2.exchange is not declared");
    return send_declared_request(fiber, wire, call, *oauth.exchange, lease.refresh_token);
  }
  FormFields fields =
      lease.refresh_token.empty() ? grant_fields(call, now) : refresh_fields(lease.refresh_token);
  if (lease.refresh_token.empty())
    if (const std::string scope = scope_text(oauth, how.definition->scopes); !scope.empty())
      fields.emplace_back("scope", Secret(scope));
  return send_token_request(fiber, wire,
                            make_token_request(call, std::move(fields), how.endpoints.token, now), {});
}

void TokenService::fail_grant(Fiber& fiber, const ConnectionKey& key, const TokenLease& lease,
                              const TokenRefusal& refusal) {
  const std::string reason = reason_of(refusal);
  const bool ended = refusal.code == "invalid_grant" || refusal.code == "expired" ||
                     refusal.code == "access_denied";
  connections_.vault().store().write(fiber, [&](Transaction& tx) {
    tokens_.give_back(tx, key, lease.hold, reason);
    if (ended && tokens_.generation(tx, key) == lease.generation)
      connections_.set_status(tx, key.tenant, key.id, ConnectionStatus::grant_expired, reason);
  });
  if (ended) {
    const std::lock_guard lock(mutex_);
    ++stats_.revoked;
  }
  log::write(log::Level::warning, "auth", "connection {}: the provider refused a token ({})",
             key.id.to_string(), reason);
  if (ended)
    throw ConnectionFailure(
        ConnectionError::grant_expired,
        fmt::format("the provider ended this connection's grant ({}); authorise it again", reason));
  throw ConnectionFailure(
      ConnectionError::provider_error,
      fmt::format("the provider refused a token with status {} ({}); check the client's settings",
                  refusal.status, reason));
}

void TokenService::fail_destroyed(Fiber& fiber, const ConnectionKey& key, const TokenLease& lease) {
  const std::string reason = "the key of its tokens was destroyed";
  connections_.vault().store().write(fiber, [&](Transaction& tx) {
    tokens_.give_back(tx, key, lease.hold, reason);
    if (tokens_.generation(tx, key) == lease.generation)
      connections_.set_status(tx, key.tenant, key.id, ConnectionStatus::needs_authorisation, reason);
  });
  throw ConnectionFailure(ConnectionError::secrets_destroyed,
                          reason + "; authorise this connection again");
}

TokenServiceStats TokenService::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace junctor::auth
