#include "queue/segments.h"

#include <fmt/format.h>

#include <set>

#include "base/log.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/tables.h"

namespace junctor::queue {
namespace {

constexpr WriteOptions own_locks{Isolation::read_committed, Durability::synced};
// Enough for a minute, after which they are looked after again, at 50,000 messages a second.
constexpr int segments_ahead = 6;

std::set<std::int64_t> existing(Fiber& fiber, Store& store) {
  std::set<std::int64_t> numbers;
  store.read(fiber, [&](Snapshot& view) {
    numbers.clear();
    view.for_each(
        "SELECT CAST(substr(c.relname, 10) AS BIGINT) FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'messages'::regclass"
        " AND c.relname ~ '^messages_[0-9]+$'",
        [&](const Row& row) { numbers.insert(row.int64(0)); });
  });
  return numbers;
}

// Every position up to the answer belongs to a transaction that is over.
Position settled_position(Fiber& fiber, Store& store) {
  return store.write(
      fiber,
      [](Transaction& tx) {
        tx.for_each("SELECT pg_advisory_xact_lock(?)", [](const Row&) {}, order_lock);
        return tx.value<std::int64_t>("SELECT last_value FROM junctor_seq").value_or(0);
      },
      own_locks);
}

// A segment that is in use by a long transaction is left for the next round: nobody queues behind us.
bool try_script(Fiber& fiber, Store& store, const std::string& script) {
  try {
    store.write(fiber, [&](Transaction& tx) { tx.run_script("SET LOCAL lock_timeout = '200ms';" + script); },
                own_locks);
    return true;
  } catch (const Failure& failure) {
    if (failure.kind() == FailureKind::cancelled) throw;
    log::write(log::Level::info, "queue", "a segment waits for the next round: {}", failure.detail());
    return false;
  }
}

// One pass over each table: a look for each segment would walk again and again over what an old snapshot
// keeps of rows that are gone.
std::set<std::int64_t> with_unfinished(Fiber& fiber, Store& store) {
  std::set<std::int64_t> numbers;
  store.read(fiber, [&](Snapshot& view) {
    numbers.clear();
    view.for_each(
        "SELECT seq / ?1 FROM leases GROUP BY 1 UNION SELECT seq / ?1 FROM ready GROUP BY 1"
        " UNION SELECT seq / ?1 FROM delayed GROUP BY 1 UNION SELECT seq / ?1 FROM lanes GROUP BY 1",
        [&](const Row& row) { numbers.insert(row.int64(0)); }, segment_positions);
  });
  return numbers;
}

}  // namespace

int make_segments(Fiber& fiber, Store& store) {
  const auto numbers = existing(fiber, store);
  const std::int64_t present = settled_position(fiber, store) / segment_positions;
  int made = 0;
  for (std::int64_t n = present; n <= present + segments_ahead; ++n) {
    if (numbers.contains(n)) continue;
    const std::string name = fmt::format("messages_{}", n);
    // Attached rather than made in place: that takes no lock readers or writers would wait for.
    made += try_script(fiber, store,
                       fmt::format("CREATE TABLE {0} (LIKE messages INCLUDING ALL);"
                                   "ALTER TABLE messages ATTACH PARTITION {0}"
                                   " FOR VALUES FROM ({1}) TO ({2})",
                                   name, n * segment_positions, (n + 1) * segment_positions));
  }
  return made;
}

int drop_segments(Fiber& fiber, Store& store) {
  std::set<std::int64_t> past = existing(fiber, store);
  const std::int64_t present = settled_position(fiber, store) / segment_positions;
  std::erase_if(past, [&](std::int64_t n) { return n >= present; });
  if (past.empty()) return 0;
  // Positions of the past are not given again, so what is over stays over.
  const auto used = with_unfinished(fiber, store);
  int dropped = 0;
  for (const std::int64_t n : past)
    if (!used.contains(n))
      dropped += try_script(fiber, store,
                            fmt::format("ALTER TABLE messages DETACH PARTITION messages_{0};"
                                        "DROP TABLE messages_{0}",
                                        n));
  return dropped;
}

void sum_counters(Fiber& fiber, Store& store) {
  store.write(
      fiber,
      [](Transaction& tx) {
        tx.execute(
            "WITH summed AS (DELETE FROM queue_counts RETURNING tenant, queue_id, accepted, finished,"
            " retried) INSERT INTO queue_counts (tenant, queue_id, accepted, finished, retried)"
            " SELECT tenant, queue_id, sum(accepted), sum(finished), sum(retried) FROM summed"
            " GROUP BY tenant, queue_id");
      },
      own_locks);
}

}  // namespace junctor::queue
