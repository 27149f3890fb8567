#include "auth/oauth/attempts.h"

#include <array>

#include "base/crypto.h"
#include "store/store.h"
#include "vault/vault.h"

namespace junctor::auth {
namespace {

constexpr std::array<std::string_view, 3> kinds = {"ticket", "code", "device"};

std::string hash_of(std::string_view handle) {
  return crypto::to_hex(crypto::hash(crypto::Digest::sha256, handle));
}

std::string owner_of(const std::string& hash) { return "oauth_state/" + hash; }

void forget_old(Transaction& tx, vault::Vault& vault, Timestamp now) {
  const Rows old =
      tx.query("SELECT tenant, state_hash FROM oauth_states WHERE expires_at < ? LIMIT 100", now);
  for (const Row& row : old) {
    vault.erase_owner(tx, row.get<TenantId>(0), owner_of(row.get<std::string>(1)));
    tx.execute("DELETE FROM oauth_states WHERE state_hash = ?", row.text(1));
  }
}

Attempt read(const Row& row, AttemptKind kind) {
  Attempt out;
  out.key = {row.get<TenantId>(0), row.get<ConnectionId>(1)};
  out.kind = kind;
  out.redirect_uri = row.get<std::string>(2);
  out.return_to = row.get<std::string>(3);
  out.interval = std::chrono::seconds(row.int64(4));
  out.expires_at = row.time(6);
  out.browser_hash = row.get<std::string>(7);
  return out;
}

}  // namespace

std::string fresh_handle() { return crypto::to_base64url(crypto::random_bytes(32)); }

bool Attempt::began_in(std::string_view proof) const {
  return !browser_hash.empty() && !proof.empty() && Secret(browser_hash).equals(hash_of(proof));
}

void Attempts::save(Fiber& fiber, const Attempt& attempt, std::string_view handle) {
  const std::string hash = hash_of(handle), owner = owner_of(hash);
  const std::string browser_hash =
      attempt.browser.empty() ? std::string() : hash_of(attempt.browser.reveal());
  const Timestamp now = vault_.clock().now();
  const TenantId& tenant = attempt.key.tenant;
  vault_.store().write(fiber, [&](Transaction& tx) {
    forget_old(tx, vault_, now);
    tx.execute(
        "INSERT INTO oauth_states (state_hash, tenant, connection, kind, redirect_uri, return_to, "
        "poll_interval, next_poll_at, expires_at, browser_hash) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        hash, tenant, attempt.key.id, kinds[static_cast<std::size_t>(attempt.kind)],
        attempt.redirect_uri, attempt.return_to, attempt.interval.count(), now + attempt.interval,
        attempt.expires_at, browser_hash);
    if (!attempt.verifier.empty()) vault_.put(tx, {tenant, owner, "verifier"}, attempt.verifier);
    if (!attempt.nonce.empty()) vault_.put(tx, {tenant, owner, "nonce"}, attempt.nonce);
    if (!attempt.device_code.empty())
      vault_.put(tx, {tenant, owner, "device_code"}, attempt.device_code);
  });
}

// Reads and deletes in one transaction.
std::optional<Attempt> Attempts::take(Fiber& fiber, std::string_view handle, AttemptKind kind,
                                      const std::optional<TenantId>& tenant) {
  const std::string hash = hash_of(handle), owner = owner_of(hash);
  const Timestamp now = vault_.clock().now();
  auto found = vault_.store().write(fiber, [&](Transaction& tx) -> std::optional<Attempt> {
    const Rows rows = tx.query(
        "SELECT tenant, connection, redirect_uri, return_to, poll_interval, next_poll_at, "
        "expires_at, browser_hash FROM oauth_states WHERE state_hash = ? AND kind = ?",
        hash, kinds[static_cast<std::size_t>(kind)]);
    const auto* row = rows.one();
    if (row == nullptr || (tenant && row->get<TenantId>(0) != *tenant)) return std::nullopt;
    if (kind == AttemptKind::device && row->time(5) > now && row->time(6) > now)
      throw Failure(FailureKind::overloaded, "asked too early; wait for the interval")
          .retry_after(row->time(5) - now);
    Attempt out = read(*row, kind);
    auto secrets = vault_.get_all(tx, out.key.tenant, owner);
    out.verifier = std::move(secrets["verifier"]);
    out.nonce = std::move(secrets["nonce"]);
    out.device_code = std::move(secrets["device_code"]);
    vault_.erase_owner(tx, out.key.tenant, owner);
    tx.execute("DELETE FROM oauth_states WHERE state_hash = ?", hash);
    return out;
  });
  if (found && found->expires_at <= now) found.reset();
  return found;
}

}  // namespace junctor::auth
