#include "auth/oauth/token_store.h"

#include <algorithm>

#include "vault/vault.h"

namespace junctor::auth {
namespace {

constexpr const char* access_name = "token/access";
constexpr const char* refresh_name = "token/refresh";

vault::SecretName secret_name(const ConnectionKey& key, const char* name) {
  return {key.tenant, vault::Connections::owner_of(key.id), name};
}

// Ahead of expiry by the declared span, but never by more than half of the token's life.
std::optional<Timestamp> refresh_time(const OAuth2Auth& oauth, Timestamp asked_at,
                                      std::optional<Timestamp> expires_at) {
  if (!expires_at) return std::nullopt;
  const std::chrono::milliseconds ahead =
      std::min<std::chrono::milliseconds>(oauth.refresh_before, (*expires_at - asked_at) / 2);
  return *expires_at - ahead;
}

std::optional<Timestamp> expiry(const TokenGrant& grant, const OAuth2Auth& oauth,
                                Timestamp asked_at) {
  if (grant.expires_in) return asked_at + std::max(*grant.expires_in, std::chrono::seconds(1));
  if (oauth.token_lifetime.count() > 0) return asked_at + oauth.token_lifetime;
  return std::nullopt;
}

}  // namespace

std::optional<LiveToken> TokenStore::load(Snapshot& view, const ConnectionKey& key) {
  const Rows rows = view.query(
      "SELECT generation, refresh_at, expires_at FROM oauth_tokens WHERE tenant = ? AND connection "
      "= ? AND generation > 0",
      key.tenant, key.id);
  const auto* row = rows.one();
  if (row == nullptr) return std::nullopt;
  auto access = connections_.vault().find(view, secret_name(key, access_name));
  if (!access) return std::nullopt;
  return LiveToken{row->int64(0), std::make_shared<const Secret>(std::move(*access)),
                   row->get<std::optional<Timestamp>>(1), row->get<std::optional<Timestamp>>(2)};
}

LeaseAnswer TokenStore::lease(Transaction& tx, const ConnectionKey& key, std::int64_t seen,
                              const Uuid& holder, std::chrono::milliseconds length) {
  const Timestamp now = connections_.vault().clock().now();
  make_row(tx, key);
  const Rows rows = tx.query(
      "SELECT generation, fence, lease_until FROM oauth_tokens WHERE tenant = ? AND connection = ?",
      key.tenant, key.id);
  const auto& row = rows[0];
  if (row.int64(0) > seen)
    if (auto newer = load(tx, key)) return std::move(*newer);
  if (!row.is_null(2) && row.time(2) > now) return LeaseBusy{row.time(2)};
  TokenLease lease;
  lease.hold = {row.int64(1) + 1, holder};
  lease.generation = row.int64(0);
  tx.execute(
      "UPDATE oauth_tokens SET fence = ?, lease_holder = ?, lease_until = ? WHERE tenant = ? AND "
      "connection = ?",
      lease.hold.fence, holder, now + length, key.tenant, key.id);
  lease.connection = connections_.open(tx, key.tenant, key.id);
  if (auto token = connections_.vault().find(tx, secret_name(key, refresh_name)))
    lease.refresh_token = std::move(*token);
  return lease;
}

void TokenStore::make_row(Transaction& tx, const ConnectionKey& key) {
  connections_.stamp(tx, key.tenant, key.id);
  tx.execute(
      "INSERT INTO oauth_tokens (tenant, connection, generation, fence, last_error) VALUES (?, ?, "
      "0, 0, '') ON CONFLICT (tenant, connection) DO NOTHING",
      key.tenant, key.id);
}

std::optional<LiveToken> TokenStore::store(Transaction& tx, const ConnectionKey& key,
                                           const LeaseHold& hold, const TokenGrant& grant,
                                           const OAuth2Auth& oauth, Timestamp asked_at) {
  const auto held = tx.execute(
      "UPDATE oauth_tokens SET lease_until = NULL WHERE tenant = ? AND connection = ? AND fence = "
      "? AND lease_holder = ?",
      key.tenant, key.id, hold.fence, hold.holder);
  if (held == 0) return std::nullopt;
  return write(tx, key, grant, oauth, asked_at);
}

LiveToken TokenStore::store_consent(Transaction& tx, const ConnectionKey& key,
                                    const TokenGrant& grant, const OAuth2Auth& oauth,
                                    Timestamp asked_at) {
  make_row(tx, key);
  tx.execute(
      "UPDATE oauth_tokens SET fence = fence + 1, lease_until = NULL WHERE tenant = ? AND "
      "connection = ?",
      key.tenant, key.id);
  connections_.vault().erase(tx, secret_name(key, refresh_name));
  return write(tx, key, grant, oauth, asked_at);
}

LiveToken TokenStore::write(Transaction& tx, const ConnectionKey& key, const TokenGrant& grant,
                            const OAuth2Auth& oauth, Timestamp asked_at) {
  const auto expires_at = expiry(grant, oauth, asked_at);
  const auto refresh_at = refresh_time(oauth, asked_at, expires_at);
  const SqlParam expires = expires_at ? SqlParam(*expires_at) : SqlParam(nullptr);
  const SqlParam refresh = refresh_at ? SqlParam(*refresh_at) : SqlParam(nullptr);
  tx.execute(
      "UPDATE oauth_tokens SET generation = generation + 1, obtained_at = ?, expires_at = ?, "
      "refresh_at = ?, token_type = ?, "
      "scope = ?, last_error = '' WHERE tenant = ? AND connection = ?",
      asked_at, expires, refresh, grant.token_type, grant.scope, key.tenant, key.id);
  connections_.vault().put(tx, secret_name(key, access_name), grant.access_token);
  if (!grant.refresh_token.empty())
    connections_.vault().put(tx, secret_name(key, refresh_name), grant.refresh_token);
  return {generation(tx, key), std::make_shared<const Secret>(grant.access_token.clone()),
          refresh_at, expires_at};
}

void TokenStore::give_back(Transaction& tx, const ConnectionKey& key, const LeaseHold& hold,
                           std::string_view error) {
  tx.execute(
      "UPDATE oauth_tokens SET lease_until = NULL, last_error = ? WHERE tenant = ? AND connection "
      "= ? AND fence = ? AND lease_holder = ?",
      error.substr(0, 500), key.tenant, key.id, hold.fence, hold.holder);
}

std::int64_t TokenStore::generation(Snapshot& view, const ConnectionKey& key) {
  return view
      .value<std::int64_t>(
          "SELECT generation FROM oauth_tokens WHERE tenant = ? AND connection = ?", key.tenant,
          key.id)
      .value_or(0);
}

std::optional<RevocableToken> TokenStore::revocable(Snapshot& view, const ConnectionKey& key) {
  if (auto token = connections_.vault().find(view, secret_name(key, refresh_name)))
    return RevocableToken{std::move(*token), "refresh_token"};
  if (auto token = connections_.vault().find(view, secret_name(key, access_name)))
    return RevocableToken{std::move(*token), "access_token"};
  return std::nullopt;
}

void TokenStore::erase(Transaction& tx, const ConnectionKey& key) {
  tx.execute("DELETE FROM oauth_tokens WHERE tenant = ? AND connection = ?", key.tenant, key.id);
  connections_.vault().erase(tx, secret_name(key, access_name));
  connections_.vault().erase(tx, secret_name(key, refresh_name));
}

}  // namespace junctor::auth
