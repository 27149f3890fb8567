// What differs between the backends: how rows are placed, taken and removed in bulk.
//
// SQLite works at once, in the closure: its writer is alone. PostgreSQL collects what enters the order of
// commits (events, messages that become ready) and places it at the end of the transaction, under a lock
// that is held until the commit is visible: so positions grow with commits, and a transaction that dawdles
// delays nobody. Only for this room.
//
// Threads: the store's thread that runs the transaction.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "queue/queues.h"
#include "queue/types.h"

namespace junctor::queue {

// Order within a queue, smaller first: priority, then second and later attempts, then age.
constexpr std::int64_t rank_of(int priority, int attempts_done) {
  return -2 * std::int64_t{priority} - (attempts_done > 0 ? 1 : 0);
}
constexpr int priority_of(std::int64_t rank) {
  return static_cast<int>(rank <= 0 ? -rank / 2 : -(rank + 1) / 2);
}

// A message that enters a queue.
struct Placement {
  MessageId id;
  std::int64_t queue_id = 0;
  TenantId tenant;
  std::optional<EventId> event;  // its contents are the event's, appended in the same transaction
  std::string partition_key, topic, payload, headers;
  std::int64_t rank = 0;
  Timestamp created_at{};
  Timestamp due_at{};  // not later than now: ready
};

// A row of `leases`.
struct LeaseRow {
  Position seq = 0;
  TenantId tenant;
  std::int64_t queue_id = 0;
  std::int64_t rank = 0;
  int attempts = 0;
  std::int64_t fence = 0;
  bool keyed = false;
  std::int64_t nonce = 0;
  Timestamp leased_at{};
  std::string consumer;
};
constexpr std::string_view lease_columns =
    "seq, tenant, queue_id, rank, attempts, fence, keyed, nonce, leased_at, consumer";
LeaseRow read_lease(const Row& row);

// A delivery's contents; the same columns on both backends.
constexpr std::string_view content_columns =
    "m.id, m.tenant, m.partition_key, m.created_at, e.id, coalesce(e.topic, m.topic),"
    " coalesce(e.payload, m.payload), coalesce(e.headers, m.headers)";
void read_content(const Row& row, int first, Message& message);

struct TakeOptions {
  int most = 1;
  Timestamp now{}, until{};
  std::string consumer;
};

struct CountDelta {
  std::int64_t accepted = 0, finished = 0, retried = 0;
};

// PostgreSQL: held from the giving of positions to the commit, so that they become visible in order.
constexpr std::int64_t order_lock = 7'236'550'362;

class Tables {
 public:
  virtual ~Tables() = default;

  virtual void add_event(Transaction& tx, const Event& event) = 0;
  virtual void add_message(Transaction& tx, Placement placement) = 0;
  // Takes ready messages into leases, for several who ask; a list for each, the first ones served first.
  virtual std::vector<std::vector<Message>> take(Transaction& tx, const QueueInfo& queue,
                                                 std::span<const TakeOptions> wishes) = 0;
  // Deletes the leases that match, in the order given; nullopt for one that does not count any more.
  virtual std::vector<std::optional<LeaseRow>> remove_leases(Transaction& tx,
                                                             std::span<const LeaseToken> tokens) = 0;
  // The messages are over: contents and lanes.
  virtual void finish(Transaction& tx, std::span<const LeaseRow> rows) = 0;
  // The message waits again; now when due_at has passed.
  virtual void put_back(Transaction& tx, const LeaseRow& row, Timestamp due_at) = 0;
  // Places at once what was collected for the end of the transaction.
  virtual void settle(Transaction&) {}
  // Leases that ran out, removed; up to `most`.
  virtual std::vector<LeaseRow> take_expired(Transaction& tx, Timestamp now, int most) = 0;
  // Moves due messages from delayed to ready; the queues concerned.
  virtual std::vector<std::int64_t> promote(Transaction& tx, Timestamp now, int most) = 0;
  // Whether take_expired or promote could find something: cheap, may err towards yes.
  virtual bool sweep_is_due(Timestamp now) = 0;
  virtual void count(Transaction& tx, const TenantId& tenant, std::int64_t queue_id,
                     const CountDelta& delta) = 0;
  // Whether this position was ever given to a message, as far as can be told.
  virtual bool was_given(Snapshot& view, Position seq) = 0;
  // Changes whenever another process has changed the database; constant where that cannot be told.
  virtual std::int64_t outside_changes(Transaction& tx) = 0;
  // When the next lease ends or message comes due, as far as is known without walking over what is gone;
  // may err towards early. Milliseconds since 1970; INT64_MAX: nothing.
  virtual std::int64_t next_time(Snapshot& view, std::int64_t queue_id) = 0;
  // Compares what is remembered about the tables with the tables themselves. Reads much: beside the work.
  virtual void check_hints(Snapshot&) {}
  // The database may have been restarted, and may have lost relaxed commits.
  virtual void connection_was_lost() {}
};

std::unique_ptr<Tables> make_sqlite_tables(const Clock& clock);
std::unique_ptr<Tables> make_postgres_tables(const Clock& clock);

// 64 bits nobody can guess, from any thread.
std::uint64_t random_bits();

}  // namespace junctor::queue
