#include "auth/oauth/attempts.h"

#include <array>

#include "base/crypto.h"
#include "store/store.h"
#include "vault/vault.h"

namespace junctor::auth {
namespace {

constexpr std::array<std::string_view, 4> kinds = {"ticket", "code", "device", "authorised"};

std::string hash_of(std::string_view handle) {
  return crypto::to_hex(crypto::hash(crypto::Digest::sha256, handle));
}

std::string owner_of(const std::string& hash) { return "oauth_state/" + hash; }

void erase(Transaction& tx, vault::Vault& vault, const TenantId& tenant, const std::string& hash) {
  vault.erase_owner(tx, tenant, owner_of(hash));
  tx.execute("DELETE FROM oauth_states WHERE state_hash = ?", hash);
}

void forget_old(Transaction& tx, vault::Vault& vault, Timestamp now) {
  const Rows old =
      tx.query("SELECT tenant, state_hash FROM oauth_states WHERE expires_at < ? LIMIT 100", now);
  for (const Row& row : old)
    erase(tx, vault, row.get<TenantId>(0), row.get<std::string>(1));
}

constexpr int next_poll_column = 5;

// At most one row.
Rows find(Snapshot& view, const std::string& hash, AttemptKind kind) {
  return view.query(
      "SELECT tenant, connection, redirect_uri, return_to, poll_interval, next_poll_at, expires_at, "
      "browser_hash FROM oauth_states WHERE state_hash = ? AND kind = ?",
      hash, kinds[static_cast<std::size_t>(kind)]);
}

void read_secrets(Snapshot& view, vault::Vault& vault, const std::string& hash, Attempt& out) {
  auto secrets = vault.get_all(view, out.key.tenant, owner_of(hash));
  out.verifier = std::move(secrets["verifier"]);
  out.nonce = std::move(secrets["nonce"]);
  out.device_code = std::move(secrets["device_code"]);
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

std::optional<DevicePoll> find_authorised(Snapshot& view, const std::string& hash, const TenantId& tenant, Timestamp now) {
  const auto row = find(view, hash, AttemptKind::authorised);
  if (row.empty()) return std::nullopt;
  const Attempt found = read(row[0], AttemptKind::authorised);
  if (found.key.tenant != tenant || found.expires_at <= now) return std::nullopt;
  return PolledAuthorised{found.key};
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
std::optional<Attempt> Attempts::take(Fiber& fiber, std::string_view handle, AttemptKind kind) {
  const std::string hash = hash_of(handle);
  const Timestamp now = vault_.clock().now();
  auto found = vault_.store().write(fiber, [&](Transaction& tx) -> std::optional<Attempt> {
    const auto row = find(tx, hash, kind);
    if (row.empty()) return std::nullopt;
    Attempt out = read(row[0], kind);
    read_secrets(tx, vault_, hash, out);
    erase(tx, vault_, out.key.tenant, hash);
    return out;
  });
  if (found && found->expires_at <= now) found.reset();
  return found;
}

std::optional<DevicePoll> Attempts::claim_poll(Fiber& fiber, const TenantId& tenant,
                                               std::string_view handle) {
  const std::string hash = hash_of(handle);
  const Timestamp now = vault_.clock().now();
  return vault_.store().write(fiber, [&](Transaction& tx) -> std::optional<DevicePoll> {
    const auto row = find(tx, hash, AttemptKind::device);
    if (row.empty()) return find_authorised(tx, hash, tenant, now);
    Attempt out = read(row[0], AttemptKind::device);
    if (out.key.tenant != tenant || out.expires_at <= now) return std::nullopt;
    if (row[0].time(next_poll_column) > now) return PollLater{out.interval};
    tx.execute("UPDATE oauth_states SET next_poll_at = ? WHERE state_hash = ?", now + poll_claim, hash);
    read_secrets(tx, vault_, hash, out);
    return out;
  });
}

void Attempts::poll_again(Fiber& fiber, std::string_view handle, std::chrono::seconds interval) {
  vault_.store().write(fiber, [&](Transaction& tx) {
    tx.execute("UPDATE oauth_states SET poll_interval = ?, next_poll_at = ? WHERE state_hash = ?",
               interval.count(), vault_.clock().now() + interval, hash_of(handle));
  });
}

void Attempts::end(Fiber& fiber, const Attempt& attempt, std::string_view handle) {
  vault_.store().write(
      fiber, [&](Transaction& tx) { erase(tx, vault_, attempt.key.tenant, hash_of(handle)); });
}

void Attempts::end_waiting(Fiber& fiber, const ConnectionKey& key) {
  vault_.store().write(fiber, [&](Transaction& tx) {
    const std::string_view device = kinds[static_cast<std::size_t>(AttemptKind::device)];
    const Rows waiting = tx.query("SELECT state_hash FROM oauth_states WHERE tenant = ? AND connection = ? AND kind = ?",
                                  key.tenant, key.id, device);
    for (const Row& row : waiting) vault_.erase_owner(tx, key.tenant, owner_of(row.get<std::string>(0)));
    tx.execute("UPDATE oauth_states SET kind = ? WHERE tenant = ? AND connection = ? AND kind = ?",
               kinds[static_cast<std::size_t>(AttemptKind::authorised)], key.tenant, key.id, device);
  });
}

}  // namespace junctor::auth
