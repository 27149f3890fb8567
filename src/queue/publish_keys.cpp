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

}  // namespace junctor::queue
