// Adds to a queue's counters once per transaction. Only for this room.
//
// Threads: the store's thread that runs the transaction.
#pragma once

#include "queue/tables.h"

namespace junctor::queue {

void add_count(Transaction& tx, Tables& tables, const TenantId& tenant, std::int64_t queue_id,
               const CountDelta& delta);

}  // namespace junctor::queue
