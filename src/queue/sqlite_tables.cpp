#include <algorithm>
#include <atomic>

#include "queue/lanes.h"
#include "junctor/failure.h"
#include "queue/tables.h"

namespace junctor::queue {
namespace {

constexpr std::int64_t never = INT64_MAX;

class SqliteTables final : public Tables {
 public:
  explicit SqliteTables(const Clock& clock) : clock_(clock) {}

  void add_event(Transaction& tx, const Event& event) override {
    tx.execute(
        "INSERT INTO events (seq, id, tenant, topic, source, connection, entity, created_at, payload,"
        " headers, correlation_id, causation_id, traceparent)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        next(tx), event.id, event.tenant, event.topic, event.source, event.connection, event.entity,
        event.created_at, event.payload, event.headers, event.correlation_id, event.causation_id,
        event.traceparent);
  }

  void add_message(Transaction& tx, Placement placement) override {
    const Position seq = next(tx);
    if (placement.event) {
      tx.execute(
          "INSERT INTO messages (seq, id, tenant, queue_id, event_seq, partition_key, created_at)"
          " VALUES (?, ?, ?, ?, (SELECT seq FROM events WHERE id = ?), ?, ?)",
          seq, placement.id, placement.tenant, placement.queue_id, *placement.event,
          placement.partition_key, placement.created_at);
    } else {
      tx.execute(
          "INSERT INTO messages (seq, id, tenant, queue_id, partition_key, topic, payload, headers,"
          " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          seq, placement.id, placement.tenant, placement.queue_id, placement.partition_key,
          placement.topic, placement.payload, placement.headers, placement.created_at);
    }
    const Waiting waiting{placement.queue_id, placement.tenant, seq, placement.rank, 0, 0,
                          !placement.partition_key.empty(), placement.due_at};
    if (waiting.keyed && !enter_lane(tx, waiting, placement.partition_key)) return;
    put(tx, waiting, seq);
  }

  std::vector<Message> take(Transaction& tx, const QueueInfo& queue,
                            const TakeOptions& options) override {
    std::vector<Taken> taken = pick(tx, queue, options.most);
    remove_ready(tx, queue, taken);
    std::vector<Message> messages;
    messages.reserve(taken.size());
    for (const Taken& one : taken) messages.push_back(lease_one(tx, queue, one, options));
    if (!taken.empty()) lower(next_expiry_, options.until);
    return messages;
  }

  std::vector<std::optional<LeaseRow>> remove_leases(Transaction& tx,
                                                     std::span<const LeaseToken> tokens) override {
    std::vector<std::optional<LeaseRow>> rows;
    rows.reserve(tokens.size());
    for (const LeaseToken& token : tokens) {
      std::optional<LeaseRow> found;
      tx.for_each(
          "SELECT seq, tenant, queue_id, rank, attempts, fence, keyed, nonce, leased_at, consumer"
          " FROM leases WHERE seq = ?",
          [&](const Row& row) { found = read_lease(row); }, token.seq);
      if (found && (found->nonce != token.nonce || found->fence != token.fence)) found.reset();
      if (found) tx.execute("DELETE FROM leases WHERE seq = ?", token.seq);
      rows.push_back(std::move(found));
    }
    return rows;
  }

  void finish(Transaction& tx, std::span<const LeaseRow> rows) override {
    for (const LeaseRow& row : rows) {
      if (row.keyed) {
        const auto next_in_lane = leave_lane(tx, row.queue_id, row.seq);
        if (next_in_lane) put(tx, *next_in_lane, next(tx));
      }
      tx.execute("DELETE FROM messages WHERE seq = ?", row.seq);
    }
  }

  void put_back(Transaction& tx, const LeaseRow& row, Timestamp due_at) override {
    put(tx, {row.queue_id, row.tenant, row.seq, row.rank, row.attempts, row.fence, row.keyed, due_at},
        next(tx));
  }

  std::vector<LeaseRow> take_expired(Transaction& tx, Timestamp now, int most) override {
    std::vector<LeaseRow> rows;
    if (now.time_since_epoch().count() < next_expiry_) return rows;
    tx.for_each(
        "SELECT seq, tenant, queue_id, rank, attempts, fence, keyed, nonce, leased_at, consumer"
        " FROM leases WHERE until <= ? ORDER BY seq LIMIT ?",
        [&](const Row& row) { rows.push_back(read_lease(row)); }, now, most);
    for (const LeaseRow& row : rows) tx.execute("DELETE FROM leases WHERE seq = ?", row.seq);
    // A rollback only leaves the hint too early.
    next_expiry_ = std::ssize(rows) == most
                       ? now.time_since_epoch().count()
                       : tx.value<std::int64_t>("SELECT min(until) FROM leases").value_or(never);
    return rows;
  }

  std::vector<std::int64_t> promote(Transaction& tx, Timestamp now, int most) override {
    std::vector<std::int64_t> queues;
    if (now.time_since_epoch().count() < next_due_) return queues;
    std::vector<Waiting> due;
    const auto read_queue_ids = tx.query("SELECT DISTINCT queue_id FROM delayed");
    std::int64_t earliest = never;
    for (const auto& id : read_queue_ids) {
      tx.for_each(
          "SELECT queue_id, tenant, seq, rank, attempts, fence, keyed, due_at FROM delayed"
          " WHERE queue_id = ? AND due_at <= ? ORDER BY due_at, seq LIMIT ?",
          [&](const Row& row) { due.push_back(read_waiting(row)); }, id.int64(0), now, most);
    }
    for (const Waiting& one : due) {
      tx.execute("DELETE FROM delayed WHERE queue_id = ? AND due_at = ? AND seq = ?", one.queue_id,
                 one.due_at, one.seq);
      Waiting ready = one;
      ready.due_at = Timestamp();
      put(tx, ready, next(tx));
      if (queues.empty() || queues.back() != one.queue_id) queues.push_back(one.queue_id);
    }
    for (const auto& id : read_queue_ids)
      earliest = std::min(
          earliest, tx.value<std::int64_t>("SELECT min(due_at) FROM delayed WHERE queue_id = ?",
                                           id.int64(0))
                        .value_or(never));
    next_due_ = earliest;
    return queues;
  }

  void delayed_changed() override { next_due_ = 0; }

  bool sweep_is_due(Timestamp now) override {
    const auto at = now.time_since_epoch().count();
    return at >= next_due_ || at >= next_expiry_;
  }

  void count(Transaction& tx, const TenantId& tenant, std::int64_t queue_id,
             const CountDelta& delta) override {
    const auto changed = tx.execute(
        "UPDATE queue_counts SET accepted = accepted + ?, finished = finished + ?,"
        " retried = retried + ? WHERE queue_id = ? AND tenant = ?",
        delta.accepted, delta.finished, delta.retried, queue_id, tenant);
    if (changed == 0)
      tx.execute(
          "INSERT INTO queue_counts (tenant, queue_id, accepted, finished, retried)"
          " VALUES (?, ?, ?, ?, ?)",
          tenant, queue_id, delta.accepted, delta.finished, delta.retried);
  }

  bool was_given(Snapshot&, Position seq) override {
    return seq > 0 && seq >> 20 <= system_clock().now().time_since_epoch().count();
  }

  std::int64_t outside_changes(Transaction& tx) override {
    const auto version = tx.value<std::int64_t>("PRAGMA data_version").value_or(0);
    if (version != data_version_) {
      // Somebody else wrote: positions and hints start again from what stands in the database.
      data_version_ = version;
      last_seq_ = std::max({last_seq_, tx.value<std::int64_t>("SELECT max(seq) FROM events").value_or(0),
                            tx.value<std::int64_t>("SELECT max(seq) FROM messages").value_or(0)});
      next_expiry_ = 0;
      next_due_ = 0;
    }
    return version;
  }

 private:
  struct Taken {
    std::int64_t rank, pos;
    Position seq;
    int attempts;
    std::int64_t fence;
    bool keyed;
  };
  struct Looked {
    bool at_outside = false;
  };

  static void lower(std::atomic<std::int64_t>& hint, Timestamp at) {
    hint = std::min(hint.load(), std::int64_t{at.time_since_epoch().count()});
  }

  // Milliseconds and a counter: grows across restarts without being stored.
  Position next(Transaction& tx) {
    auto& looked = tx.local<Looked>();
    if (!looked.at_outside) {
      looked.at_outside = true;
      outside_changes(tx);
    }
    const auto now = system_clock().now().time_since_epoch().count();
    last_seq_ = std::max(last_seq_ + 1, Position{now} << 20);
    return last_seq_;
  }

  void put(Transaction& tx, const Waiting& waiting, Position pos) {
    if (waiting.due_at > clock_.now()) {
      put_delayed(tx, waiting);
      lower(next_due_, waiting.due_at);
    } else {
      put_ready(tx, waiting, pos);
    }
  }

  std::vector<Taken> pick(Transaction& tx, const QueueInfo& queue, int most) {
    std::vector<Taken> taken;
    taken.reserve(static_cast<std::size_t>(most));
    tx.for_each(
        "SELECT rank, pos, seq, attempts, fence, keyed FROM ready WHERE queue_id = ?"
        " ORDER BY rank, pos LIMIT ?",
        [&](const Row& row) {
          taken.push_back({row.int64(0), row.int64(1), row.int64(2), row.get<int>(3), row.int64(4),
                           row.boolean(5)});
        },
        queue.id, most);
    return taken;
  }

  // They are the first of the queue: one range per rank.
  static void remove_ready(Transaction& tx, const QueueInfo& queue, const std::vector<Taken>& taken) {
    for (std::size_t first = 0; first < taken.size();) {
      std::size_t last = first;
      while (last + 1 < taken.size() && taken[last + 1].rank == taken[first].rank) ++last;
      tx.execute("DELETE FROM ready WHERE queue_id = ? AND rank = ? AND pos >= ? AND pos <= ?",
                 queue.id, taken[first].rank, taken[first].pos, taken[last].pos);
      first = last + 1;
    }
  }

  static Message lease_one(Transaction& tx, const QueueInfo& queue, const Taken& taken,
                           const TakeOptions& options) {
    Message message;
    message.queue = queue.name;
    message.priority = priority_of(taken.rank);
    message.attempts = taken.attempts + 1;
    message.leased_until = options.until;
    message.lease = {taken.seq, taken.fence + 1, random_nonce()};
    tx.execute(
        "INSERT INTO leases (seq, tenant, queue_id, until, rank, attempts, fence, keyed, nonce,"
        " leased_at, consumer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        taken.seq, queue.tenant, queue.id, options.until, taken.rank, message.attempts,
        message.lease.fence, taken.keyed, message.lease.nonce, options.now, options.consumer);
    int rows = 0;
    tx.for_each(
        "SELECT m.id, m.tenant, m.partition_key, m.created_at, e.id, coalesce(e.topic, m.topic),"
        " coalesce(e.payload, m.payload), coalesce(e.headers, m.headers)"
        " FROM messages m LEFT JOIN events e ON e.seq = m.event_seq WHERE m.seq = ?",
        [&](const Row& row) {
          read_content(row, 0, message);
          ++rows;
        },
        taken.seq);
    if (rows != 1)
      throw Failure(FailureKind::corrupt, "a queued message has no contents; restore a backup");
    return message;
  }

  const Clock& clock_;
  // Only the writer's thread changes these; sweep_is_due() reads the hints from others.
  Position last_seq_ = 0;
  std::int64_t data_version_ = -1;
  std::atomic<std::int64_t> next_expiry_{0};
  std::atomic<std::int64_t> next_due_{0};
};

}  // namespace

std::unique_ptr<Tables> make_sqlite_tables(const Clock& clock) {
  return std::make_unique<SqliteTables>(clock);
}

}  // namespace junctor::queue
