// Waiting rows, and the lanes that keep the messages of one partition key in order. Only for this room.
//
// The first message of a lane is in ready, delayed or leases like any other; those behind it stand in
// `lanes` alone until it has left. On PostgreSQL the caller holds the order lock.
//
// Threads: the store's thread that runs the transaction.
#pragma once

#include <optional>
#include <string>

#include "queue/types.h"
#include "store/transaction.h"

namespace junctor::queue {

// A message that waits.
struct Waiting {
  std::int64_t queue_id = 0;
  TenantId tenant;
  Position seq = 0;
  std::int64_t rank = 0;
  int attempts = 0;
  std::int64_t fence = 0;
  bool keyed = false;
  Timestamp due_at{};
};

// Columns: queue_id, tenant, seq, rank, attempts, fence, keyed, due_at.
Waiting read_waiting(const Row& row);

void put_ready(Transaction& tx, const Waiting& waiting, Position pos);
void put_delayed(Transaction& tx, const Waiting& waiting);

// Adds the message to its lane; true when it is the first and may be placed.
bool enter_lane(Transaction& tx, const Waiting& waiting, const std::string& partition_key);
// Takes the finished first message out; the next one, which may be placed now.
std::optional<Waiting> leave_lane(Transaction& tx, std::int64_t queue_id, Position seq);

}  // namespace junctor::queue
