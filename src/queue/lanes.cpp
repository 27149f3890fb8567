#include "queue/lanes.h"

namespace junctor::queue {

Waiting read_waiting(const Row& row) {
  return {row.int64(0),    row.get<TenantId>(1), row.int64(2),   row.int64(3),
          row.get<int>(4), row.int64(5),         row.boolean(6), row.time(7)};
}

void put_ready(Transaction& tx, const Waiting& waiting, Position pos) {
  tx.execute(
      "INSERT INTO ready (queue_id, rank, pos, seq, attempts, fence, keyed, tenant)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      waiting.queue_id, waiting.rank, pos, waiting.seq, waiting.attempts, waiting.fence, waiting.keyed,
      waiting.tenant);
}

void put_delayed(Transaction& tx, const Waiting& waiting) {
  tx.execute(
      "INSERT INTO delayed (queue_id, due_at, seq, rank, attempts, fence, keyed, tenant)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      waiting.queue_id, waiting.due_at, waiting.seq, waiting.rank, waiting.attempts, waiting.fence,
      waiting.keyed, waiting.tenant);
}

bool enter_lane(Transaction& tx, const Waiting& waiting, const std::string& partition_key) {
  const bool first = !tx.value<std::int64_t>(
                            "SELECT seq FROM lanes WHERE queue_id = ? AND partition_key = ? LIMIT 1",
                            waiting.queue_id, partition_key)
                          .has_value();
  tx.execute(
      "INSERT INTO lanes (queue_id, partition_key, seq, rank, due_at, tenant)"
      " VALUES (?, ?, ?, ?, ?, ?)",
      waiting.queue_id, partition_key, waiting.seq, waiting.rank, waiting.due_at, waiting.tenant);
  return first;
}

std::optional<Waiting> leave_lane(Transaction& tx, std::int64_t queue_id, Position seq) {
  const auto key =
      tx.value<std::string>("SELECT partition_key FROM messages WHERE seq = ?", seq).value_or("");
  tx.execute("DELETE FROM lanes WHERE queue_id = ? AND partition_key = ? AND seq = ?", queue_id, key,
             seq);
  std::optional<Waiting> next;
  tx.for_each(
      "SELECT queue_id, tenant, seq, rank, 0, 0, 1, due_at FROM lanes"
      " WHERE queue_id = ? AND partition_key = ? ORDER BY seq LIMIT 1",
      [&](const Row& row) { next = read_waiting(row); }, queue_id, key);
  return next;
}

}  // namespace junctor::queue
