#include "queue/idempotency.h"

#include "junctor/failure.h"

namespace junctor::queue {
namespace {

void restart(Transaction& tx, const IdempotencyKey& key, std::string_view fingerprint, Timestamp now,
             std::chrono::milliseconds keep) {
  tx.execute(
      "UPDATE idempotency_keys SET fingerprint = ?, state = 'working', answer = '', started_at = ?,"
      " expires_at = ? WHERE tenant = ? AND scope = ? AND key = ?",
      Blob{fingerprint}, now, now + keep, key.tenant, key.scope, key.key);
}

}  // namespace

Claim claim(Transaction& tx, const IdempotencyKey& key, std::string_view fingerprint, Timestamp now,
            std::chrono::milliseconds keep, std::chrono::milliseconds abandoned_after) {
  if (key.key.empty() || key.key.size() > most_key_bytes)
    throw Failure(FailureKind::invalid, "an idempotency key has 1 to 2048 bytes");
  const auto inserted = tx.execute(
      "INSERT INTO idempotency_keys (tenant, scope, key, fingerprint, state, answer, started_at,"
      " expires_at) VALUES (?, ?, ?, ?, 'working', '', ?, ?) ON CONFLICT DO NOTHING",
      key.tenant, key.scope, key.key, Blob{fingerprint}, now, now + keep);
  if (inserted == 1) return Fresh{};
  const Rows rows = tx.query(
      "SELECT fingerprint, state, answer, started_at, expires_at FROM idempotency_keys"
      " WHERE tenant = ? AND scope = ? AND key = ?",
      key.tenant, key.scope, key.key);
  const auto* row = rows.one();
  if (row == nullptr) return Busy{};
  const bool over = row->time(4) <= now;
  const bool working = row->text(1) == "working";
  if (over || (working && row->time(3) + abandoned_after <= now)) {
    restart(tx, key, fingerprint, now, keep);
    return Fresh{};
  }
  if (row->text(0) != fingerprint) return Mismatch{};
  if (working) return Busy{};
  return Finished{row->get<std::string>(2)};
}

void complete(Transaction& tx, const IdempotencyKey& key, std::string_view answer) {
  tx.execute(
      "UPDATE idempotency_keys SET state = 'finished', answer = ?"
      " WHERE tenant = ? AND scope = ? AND key = ?",
      answer, key.tenant, key.scope, key.key);
}

void abandon(Transaction& tx, const IdempotencyKey& key) {
  tx.execute(
      "DELETE FROM idempotency_keys WHERE tenant = ? AND scope = ? AND key = ? AND state = 'working'",
      key.tenant, key.scope, key.key);
}

int forget_answers(Transaction& tx, Timestamp now, int most) {
  return static_cast<int>(tx.execute(
      "DELETE FROM idempotency_keys WHERE (tenant, scope, key) IN (SELECT tenant, scope, key"
      " FROM idempotency_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
      now, most));
}

}  // namespace junctor::queue
