// Idempotency keys of what is published: the same key and payload get the first answer again.
//
// The key's row stands in the transaction that publishes, under a unique key: two publishers at once
// cannot both succeed.
//
// Threads: the store's thread that runs the transaction.
#pragma once

#include <optional>
#include <string_view>

#include "queue/types.h"
#include "store/transaction.h"

namespace junctor::queue {

// Remembers the key for id. Nothing when it is new (or empty): go on and publish; otherwise the answer.
// scope: what the key belongs to, "events" or "queue:<name>".
std::optional<Published> claim_key(Transaction& tx, const TenantId& tenant, std::string_view scope,
                                   std::string_view key, std::string_view topic,
                                   std::string_view payload, const Uuid& id, Timestamp now);

}  // namespace junctor::queue
