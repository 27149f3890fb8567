#include "queue/inbox.h"

#include "junctor/failure.h"

namespace junctor::queue {

// A record whose window is over counts as forgotten even before retention has removed it.
Received receive(Transaction& tx, const InboxKey& key, Timestamp now) {
  if (key.key.empty() || key.key.size() > most_key_bytes || key.source.size() > most_key_bytes)
    throw Failure(FailureKind::invalid, "an inbox key has 1 to 2048 bytes");
  const auto changed = tx.execute(
      "INSERT INTO inbox (tenant, source, key, received_at, expires_at) VALUES (?, ?, ?, ?, ?)"
      " ON CONFLICT (tenant, source, key) DO UPDATE SET received_at = excluded.received_at,"
      " expires_at = excluded.expires_at WHERE inbox.expires_at <= excluded.received_at",
      key.tenant, key.source, key.key, now, now + key.replay_window);
  return changed == 1 ? Received::first_time : Received::duplicate;
}

int forget_received(Transaction& tx, Timestamp now, int most) {
  return static_cast<int>(tx.execute(
      "DELETE FROM inbox WHERE (tenant, source, key) IN"
      " (SELECT tenant, source, key FROM inbox WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
      now, most));
}

}  // namespace junctor::queue
