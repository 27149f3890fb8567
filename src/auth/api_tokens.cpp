#include "auth/api_tokens.h"

#include "base/crypto.h"
#include "store/store.h"

namespace junctor::auth {
namespace {

constexpr std::size_t most_known = 10'000;
constexpr std::size_t most_name_bytes = 120;
constexpr std::size_t token_bytes = 32;

std::string hash_of(std::string_view text) { return crypto::hash(crypto::Digest::sha256, text); }

ApiToken read(const Row& row) {
  return {row.get<ApiTokenId>(0),
          row.get<std::string>(1),
          row.get<std::string>(2),
          Scopes::parse(row.text(3)),
          row.time(4),
          row.get<std::optional<Timestamp>>(5),
          row.get<std::optional<Timestamp>>(6),
          row.get<std::optional<Timestamp>>(7)};
}

}  // namespace

ApiTokens::Made ApiTokens::create(Fiber& fiber, const TenantId& tenant, const std::string& name,
                                  const Scopes& scopes, std::optional<Timestamp> expires_at) {
  const Timestamp now = clock_.now();
  if (name.empty() || name.size() > most_name_bytes)
    throw Failure(FailureKind::invalid, "a token needs a name of 1 to 120 characters");
  if (scopes.empty()) throw Failure(FailureKind::invalid, "a token needs at least one scope");
  if (expires_at && *expires_at <= now)
    throw Failure(FailureKind::invalid, "the token would have expired already");
  std::string random = crypto::random_bytes(token_bytes);
  std::string text = std::string(prefix) + crypto::to_base64url(random);
  crypto::wipe(random);
  Made made{{ApiTokenId::generate(),
             name,
             text.substr(0, prefix.size() + 4) + "…",
             scopes,
             now,
             expires_at,
             {},
             {}},
            Secret(text)};
  const std::string hash = hash_of(text);
  crypto::wipe(text);
  const SqlParam expiry = expires_at ? SqlParam(*expires_at) : SqlParam(nullptr);
  store_.write(fiber, [&](Transaction& tx) {
    tx.execute(
        "INSERT INTO api_tokens (tenant, id, name, token_hash, hint, scopes, created_at, "
        "expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        tenant, made.token.id, name, Blob{hash}, made.token.hint, scopes.text(), now, expiry);
  });
  return made;
}

std::vector<ApiToken> ApiTokens::list(Fiber& fiber, const TenantId& tenant) {
  return store_.read(fiber, [&](Snapshot& view) {
    std::vector<ApiToken> out;
    const Rows rows = view.query(
        "SELECT id, name, hint, scopes, created_at, expires_at, last_used_at, revoked_at FROM "
        "api_tokens "
        "WHERE tenant = ? ORDER BY id LIMIT 1000",
        tenant);
    for (const Row& row : rows) out.push_back(read(row));
    return out;
  });
}

void ApiTokens::revoke(Fiber& fiber, const TenantId& tenant, ApiTokenId id) {
  const auto changed = store_.write(fiber, [&](Transaction& tx) {
    return tx.execute(
        "UPDATE api_tokens SET revoked_at = ? WHERE tenant = ? AND id = ? AND revoked_at IS NULL",
        clock_.now(), tenant, id);
  });
  if (changed == 0)
    throw Failure(FailureKind::not_found, "there is no such token, or it is revoked already");
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [&](const auto& entry) { return entry.second.id == id; });
}

std::optional<Principal> ApiTokens::find(Fiber& fiber, std::string_view text) {
  if (!text.starts_with(prefix) || text.size() != prefix.size() + 43) return std::nullopt;
  const std::string hash = hash_of(text);
  const Timestamp now = clock_.now();
  if (const auto known = remembered(hash, now)) return use(*known, now);
  Known fresh = store_.read(fiber, [&](Snapshot& view) {
    Known out;
    const Rows rows = view.query(
        "SELECT tenant, id, scopes, expires_at, revoked_at FROM api_tokens WHERE token_hash = ?",
        Blob{hash});
    const auto* row = rows.one();
    if (row == nullptr || !row->is_null(4)) return out;
    out.id = row->get<ApiTokenId>(1);
    out.principal = Principal{row->get<TenantId>(0), "token/" + out.id.to_string(),
                              Scopes::parse(row->text(2))};
    out.expires_at = row->get<std::optional<Timestamp>>(3);
    return out;
  });
  fresh.loaded_at = now;
  {
    const std::lock_guard lock(mutex_);
    if (known_.size() >= most_known) known_.clear();
    known_[hash] = fresh;
  }
  return use(fresh, now);
}

std::optional<ApiTokens::Known> ApiTokens::remembered(const std::string& hash, Timestamp now) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(hash);
  if (found == known_.end() || now - found->second.loaded_at >= keep_for) return std::nullopt;
  return found->second;
}

std::optional<Principal> ApiTokens::use(const Known& known, Timestamp now) {
  if (!known.principal || (known.expires_at && *known.expires_at <= now)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  used_[{known.principal->tenant, known.id}] = now;
  return known.principal;
}

void ApiTokens::flush(Fiber& fiber) {
  std::map<std::pair<TenantId, ApiTokenId>, Timestamp> used;
  {
    const std::lock_guard lock(mutex_);
    used.swap(used_);
  }
  if (used.empty()) return;
  try {
    store_.write(fiber, [&](Transaction& tx) {
      for (const auto& [token, time] : used)
        tx.execute(
            "UPDATE api_tokens SET last_used_at = ? WHERE tenant = ? AND id = ? AND (last_used_at "
            "IS NULL OR last_used_at < ?)",
            time, token.first, token.second, time);
    });
  } catch (...) {
    const std::lock_guard lock(mutex_);
    used_.merge(used);  // later uses stand; these are written next time
    throw;
  }
}

}  // namespace junctor::auth
