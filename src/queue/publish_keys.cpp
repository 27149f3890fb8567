#include "queue/publish_keys.h"

#include "base/crypto.h"
#include "junctor/failure.h"

namespace junctor::queue {

std::optional<Published> claim_key(Transaction& tx, const TenantId& tenant, std::string_view scope,
                                   std::string_view key, std::string_view topic,
                                   std::string_view payload, const Uuid& id, Timestamp now) {
  if (key.empty()) return std::nullopt;
  if (key.size() > most_key_bytes)
    throw Failure(FailureKind::invalid, "an idempotency key has at most 2048 bytes");
  std::string content(topic);
  content += '\0';
  content += payload;
  const std::string fingerprint = crypto::hash(crypto::Digest::sha256, content);
  const auto inserted = tx.execute(
      "INSERT INTO publish_keys (tenant, scope, key, fingerprint, id, created_at)"
      " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      tenant, scope, key, Blob{fingerprint}, id, now);
  if (inserted == 1) return std::nullopt;
  std::optional<Published> answer;
  tx.for_each(
      "SELECT fingerprint, id FROM publish_keys WHERE tenant = ? AND scope = ? AND key = ?",
      [&](const Row& row) {
        if (row.text(0) == fingerprint)
          answer = Replayed{row.uuid(1)};
        else
          answer = KeyReused{};
      },
      tenant, scope, key);
  // Removed by retention between the two statements.
  if (!answer) throw Failure(FailureKind::conflict, "the idempotency key is in use at this moment");
  return answer;
}

bool is_key_used(Snapshot& view, const TenantId& tenant, std::string_view scope, std::string_view key) {
  return view
      .value<std::int64_t>("SELECT 1 FROM publish_keys WHERE tenant = ? AND scope = ? AND key = ?",
                           tenant, scope, key)
      .has_value();
}

bool try_lock_key(Transaction& tx, const TenantId& tenant, std::string_view scope,
                  std::string_view key) {
  if (tx.dialect() == Dialect::sqlite) return true;
  std::string name = "publish key ";
  name.append(tenant.text()).append(1, '\n').append(scope).append(1, '\n').append(key);
  bool locked = false;
  tx.for_each(
      "SELECT CAST(CASE WHEN pg_try_advisory_xact_lock(hashtextextended(?, 0)) THEN 1 ELSE 0 END AS BIGINT)",
      [&](const Row& row) { locked = row.int64(0) != 0; }, name);
  return locked;
}

}  // namespace junctor::queue
