#include "queue/lanes.h"

#include <map>
#include <set>
#include <utility>

namespace junctor::queue {

Waiting read_waiting(const Row& row) {
  return {row.int64(0),    row.get<TenantId>(1), row.int64(2),   row.int64(3),
          row.get<int>(4), row.int64(5),         row.boolean(6), row.time(7)};
}

void put_ready(Transaction& tx, const Waiting& waiting, Position pos) {
  tx.execute_later(
      "INSERT INTO ready (queue_id, rank, pos, seq, attempts, fence, keyed, tenant)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      waiting.queue_id, waiting.rank, pos, waiting.seq, waiting.attempts, waiting.fence, waiting.keyed,
      waiting.tenant);
}

void put_delayed(Transaction& tx, const Waiting& waiting) {
  tx.execute_later(
      "INSERT INTO delayed (queue_id, due_at, seq, rank, attempts, fence, keyed, tenant)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      waiting.queue_id, waiting.due_at, waiting.seq, waiting.rank, waiting.attempts, waiting.fence,
      waiting.keyed, waiting.tenant);
}

namespace {

using LaneKey = std::pair<std::int64_t, std::string>;

// What this transaction did to lanes, where it has to be told apart from what others committed.
struct LaneChanges {
  std::map<LaneKey, std::map<Position, Waiting>> entered;
  std::set<Position> left;
};

// The oldest unfinished message of the lane.
std::optional<Waiting> first_of(Transaction& tx, const LaneKey& lane) {
  std::optional<Waiting> first;
  const auto& changes = tx.local<LaneChanges>();
  // A snapshot from before the order lock would miss who entered or left meanwhile.
  Snapshot* now = tx.committed_now();
  Snapshot& view = now != nullptr ? *now : tx;
  view.for_each(
      "SELECT queue_id, tenant, seq, rank, 0, 0, 1, due_at FROM lanes"
      " WHERE queue_id = ? AND partition_key = ? ORDER BY seq LIMIT ?",
      [&](const Row& row) {
        if (!first && !changes.left.contains(row.int64(2))) first = read_waiting(row);
      },
      lane.first, lane.second, changes.left.size() + 1);
  const auto own = changes.entered.find(lane);
  if (first || now == nullptr || own == changes.entered.end()) return first;
  for (const auto& [seq, waiting] : own->second)
    if (!changes.left.contains(seq)) return waiting;
  return std::nullopt;
}

}  // namespace

bool enter_lane(Transaction& tx, const Waiting& waiting, const std::string& partition_key) {
  const LaneKey lane(waiting.queue_id, partition_key);
  const bool first = !first_of(tx, lane);
  tx.execute_later(
      "INSERT INTO lanes (queue_id, partition_key, seq, rank, due_at, tenant)"
      " VALUES (?, ?, ?, ?, ?, ?)",
      waiting.queue_id, partition_key, waiting.seq, waiting.rank, waiting.due_at, waiting.tenant);
  if (tx.committed_now() != nullptr) tx.local<LaneChanges>().entered[lane].emplace(waiting.seq, waiting);
  return first;
}

std::optional<Waiting> leave_lane(Transaction& tx, std::int64_t queue_id, Position seq) {
  const auto key =
      tx.value<std::string>("SELECT partition_key FROM messages WHERE seq = ?", seq).value_or("");
  tx.execute_later("DELETE FROM lanes WHERE queue_id = ? AND partition_key = ? AND seq = ?", queue_id,
                   key, seq);
  if (tx.committed_now() != nullptr) tx.local<LaneChanges>().left.insert(seq);
  return first_of(tx, {queue_id, key});
}

}  // namespace junctor::queue
