// Idempotency keys of what is published: the same key and payload get the first answer again.
//
// The key's row stands in the transaction that publishes, under a unique key: two publishers at once
// cannot both succeed.
// A claim waits for another engine's transaction with the same key; try_lock_key() does not.
//
// Threads: the store's thread that runs the transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "queue/types.h"
#include "store/transaction.h"

namespace junctor::queue {

// What a key belongs to.
inline std::string event_key_scope() { return "events"; }
inline std::string message_key_scope(const std::string& queue) { return "queue:" + queue; }

// Remembers the key for id. Nothing when it is new (or empty): go on and publish; otherwise the answer.
std::optional<Published> claim_key(Transaction& tx, const TenantId& tenant, std::string_view scope,
                                   std::string_view key, std::string_view topic,
                                   std::string_view payload, const Uuid& id, Timestamp now);

// Whether a publication that is committed used the key.
bool is_key_used(Snapshot& view, const TenantId& tenant, std::string_view scope, std::string_view key);

// PostgreSQL: keeps the key for this transaction; false when a transaction of another engine has it at
// this moment. SQLite: always true, its writer is alone.
bool try_lock_key(Transaction& tx, const TenantId& tenant, std::string_view scope,
                  std::string_view key);

}  // namespace junctor::queue
