#include <algorithm>
#include <atomic>

#include "queue/lanes.h"
#include "queue/sqlite_rows.h"
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

  std::vector<std::vector<Message>> take(Transaction& tx, const QueueInfo& queue,
                                         std::span<const TakeOptions> wishes) override {
    int most = 0;
    for (const TakeOptions& wish : wishes) most += wish.most;
    const std::vector<Taken> taken = pick(tx, queue, most);
    std::vector<Message> messages;
    messages.reserve(taken.size());
    std::vector<std::vector<Message>> answers(wishes.size());
    std::span<const Taken> rest(taken);
    for (const TakeOptions& wish : wishes) {
      const auto count = std::min(rest.size(), static_cast<std::size_t>(wish.most));
      if (count == 0) break;
      lease(tx, queue, rest.first(count), wish, messages);
      rest = rest.subspan(count);
      lower(next_expiry_, wish.until);
    }
    for_each_range(taken, [&](const Taken& first, const Taken& last) {
      tx.execute("DELETE FROM ready WHERE queue_id = ? AND rank = ? AND pos BETWEEN ? AND ?", queue.id,
                 first.rank, first.pos, last.pos);
    });
    read_contents(tx, messages);
    auto next = messages.begin();
    for (std::size_t i = 0; i < wishes.size(); ++i) {
      const auto count = std::min<std::ptrdiff_t>(wishes[i].most, messages.end() - next);
      answers[i].assign(std::make_move_iterator(next), std::make_move_iterator(next + count));
      next += count;
    }
    return answers;
  }

  std::vector<std::optional<LeaseRow>> remove_leases(Transaction& tx,
                                                     std::span<const LeaseToken> tokens) override {
    return delete_leases(tx, tokens);
  }

  void finish(Transaction& tx, std::span<const LeaseRow> rows) override {
    std::vector<Position> positions;
    positions.reserve(rows.size());
    for (const LeaseRow& row : rows) {
      positions.push_back(row.seq);
      if (!row.keyed) continue;
      const auto next_in_lane = leave_lane(tx, row.queue_id, row.seq);
      if (next_in_lane) put(tx, *next_in_lane, next(tx));
    }
    delete_contents(tx, std::move(positions));
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

  std::int64_t next_time(Snapshot&, std::int64_t) override {
    return std::min(next_due_.load(), next_expiry_.load());
  }

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

  // What was picked stands first in its queue: one range for each rank, with nothing between.
  template <typename Visit>
  static void for_each_range(std::span<const Taken> taken, Visit&& visit) {
    for (std::size_t first = 0; first < taken.size();) {
      std::size_t last = first;
      while (last + 1 < taken.size() && taken[last + 1].rank == taken[first].rank) ++last;
      visit(taken[first], taken[last]);
      first = last + 1;
    }
  }

  // Adds leases, and to `messages` what is known of them without their contents.
  static void lease(Transaction& tx, const QueueInfo& queue, std::span<const Taken> taken,
                    const TakeOptions& wish, std::vector<Message>& messages) {
    const std::int64_t nonce = LeaseToken::nonce_for(queue.tenant, random_bits());
    for_each_range(taken, [&](const Taken& first, const Taken& last) {
      tx.execute(
          "INSERT INTO leases (seq, tenant, queue_id, until, rank, attempts, fence, keyed, nonce,"
          " leased_at, consumer) SELECT seq, ?1, ?2, ?3, rank, attempts + 1, fence + 1, keyed, ?4, ?5, ?6"
          " FROM ready WHERE queue_id = ?2 AND rank = ?7 AND pos BETWEEN ?8 AND ?9",
          queue.tenant, queue.id, wish.until, nonce, wish.now, wish.consumer, first.rank, first.pos,
          last.pos);
    });
    for (const Taken& one : taken) {
      Message& message = messages.emplace_back();
      message.queue = queue.name;
      message.priority = priority_of(one.rank);
      message.attempts = one.attempts + 1;
      message.leased_until = wish.until;
      message.lease = {one.seq, one.fence + 1, nonce, queue.tenant};
    }
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
