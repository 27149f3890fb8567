#include "queue/sqlite_rows.h"

#include <algorithm>
#include <numeric>

#include "junctor/failure.h"

namespace junctor::queue {
namespace {

using Indexes = std::vector<std::size_t>;

// Calls visit(first, count) for each stretch of neighbouring positions; at() gives them in ascending order.
template <typename At, typename Visit>
void for_each_run(std::size_t size, At&& at, Visit&& visit) {
  for (std::size_t first = 0; first < size;) {
    std::size_t next = first + 1;
    while (next < size && at(next) == at(next - 1) + 1) ++next;
    visit(first, next - first);
    first = next;
  }
}

template <typename Items, typename Seq>
Indexes by_position(const Items& items, Seq&& seq) {
  Indexes order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return seq(items[a]) < seq(items[b]); });
  return order;
}

}  // namespace

void read_contents(Transaction& tx, std::span<Message> messages) {
  const Indexes order = by_position(messages, [](const Message& one) { return one.lease.seq; });
  const auto at = [&](std::size_t i) { return messages[order[i]].lease.seq; };
  for_each_run(messages.size(), at, [&](std::size_t first, std::size_t count) {
    std::size_t found = 0;
    tx.for_each(
        "SELECT m.id, m.tenant, m.partition_key, m.created_at, e.id, coalesce(e.topic, m.topic),"
        " coalesce(e.payload, m.payload), coalesce(e.headers, m.headers)"
        " FROM messages m LEFT JOIN events e ON e.seq = m.event_seq WHERE m.seq BETWEEN ? AND ?"
        " ORDER BY m.seq",
        [&](const Row& row) {
          if (found < count) read_content(row, 0, messages[order[first + found]]);
          ++found;
        },
        at(first), at(first + count - 1));
    if (found != count)
      throw Failure(FailureKind::corrupt, "a queued message has no contents; restore a backup");
  });
}

std::vector<std::optional<LeaseRow>> delete_leases(Transaction& tx, std::span<const LeaseToken> tokens) {
  std::vector<std::optional<LeaseRow>> rows(tokens.size());
  const Indexes order = by_position(tokens, [](const LeaseToken& token) { return token.seq; });
  const auto at = [&](std::size_t i) { return tokens[order[i]].seq; };
  for_each_run(tokens.size(), at, [&](std::size_t first, std::size_t count) {
    std::size_t matched = 0;
    tx.for_each(
        "SELECT seq, tenant, queue_id, rank, attempts, fence, keyed, nonce, leased_at, consumer"
        " FROM leases WHERE seq BETWEEN ? AND ?",
        [&](const Row& row) {
          const std::size_t which = order[first + static_cast<std::size_t>(row.int64(0) - at(first))];
          const LeaseToken& token = tokens[which];
          if (row.int64(7) != token.nonce || row.int64(5) != token.fence ||
              row.text(1) != token.tenant.text())
            return;
          rows[which] = read_lease(row);
          ++matched;
        },
        at(first), at(first + count - 1));
    if (matched == count) {
      tx.execute("DELETE FROM leases WHERE seq BETWEEN ? AND ?", at(first), at(first + count - 1));
      return;
    }
    for (std::size_t i = first; i < first + count; ++i)
      if (rows[order[i]]) tx.execute("DELETE FROM leases WHERE seq = ?", at(i));
  });
  return rows;
}

void delete_contents(Transaction& tx, std::vector<Position> positions) {
  std::sort(positions.begin(), positions.end());
  for_each_run(
      positions.size(), [&](std::size_t i) { return positions[i]; },
      [&](std::size_t first, std::size_t count) {
        tx.execute("DELETE FROM messages WHERE seq BETWEEN ? AND ?", positions[first],
                   positions[first + count - 1]);
      });
}

}  // namespace junctor::queue
