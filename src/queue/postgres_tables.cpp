#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "junctor/failure.h"
#include "queue/postgres_place.h"
#include "queue/tables.h"

namespace junctor::queue {
namespace {

using Integers = std::vector<std::int64_t>;
using Texts = std::vector<std::optional<std::string_view>>;

// Locks of one queue's leases: the first number says what, the second which queue.
constexpr std::int64_t lease_lock = std::int64_t{7'236} << 40;
// Expiry and due times are looked for at most this often.
constexpr std::int64_t between_sweeps_ms = 200;
// Rows may be committed this long after the time they carry.
constexpr std::int64_t slack_ms = 5'000;

// Where the next ready row of a rank can stand at the earliest. Rows before it are gone for good:
// positions become visible in order, and one consumer at a time takes them. So taking walks over no dead
// rows, however many an old snapshot keeps.
class LowWater {
 public:
  Integers of(std::int64_t queue, const Integers& ranks) {
    std::lock_guard lock(mutex_);
    Integers lows;
    for (const std::int64_t rank : ranks) {
      const auto found = lows_.find({queue, rank});
      lows.push_back(found == lows_.end() ? -1 : found->second);
    }
    return lows;
  }
  void raise(std::uint64_t epoch, std::int64_t queue, std::int64_t rank, std::int64_t pos) {
    std::lock_guard lock(mutex_);
    if (epoch != epoch_) return;
    auto& low = lows_[{queue, rank}];
    low = std::max(low, pos);
  }
  std::uint64_t epoch() {
    std::lock_guard lock(mutex_);
    return epoch_;
  }
  // Back to a row that was passed over.
  void lower(std::int64_t queue, std::int64_t rank, std::int64_t pos) {
    std::lock_guard lock(mutex_);
    auto& low = lows_[{queue, rank}];
    low = std::min(low, pos - 1);
    ++epoch_;
  }
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> all() {
    std::lock_guard lock(mutex_);
    return lows_;
  }
  void forget() {
    std::lock_guard lock(mutex_);
    lows_.clear();
    ++epoch_;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> lows_;
  std::uint64_t epoch_ = 0;
};

// The wishes as columns: each row that is taken looks up whose it is.
struct Wishes {
  explicit Wishes(std::span<const TakeOptions> wishes) {
    for (const TakeOptions& wish : wishes) {
      untils.push_back(wish.until.time_since_epoch().count());
      consumers.emplace_back(wish.consumer);
      which.insert(which.end(), static_cast<std::size_t>(wish.most), std::ssize(untils));
    }
  }
  Integers which, untils;
  std::vector<std::optional<std::string_view>> consumers;
};

// Written so that no statistics, fresh or stale, can lead to another plan: rows are found through the
// index from the low-water mark on, deleted by their place, and joined to contents one by one.
constexpr std::string_view take_sql =
    "WITH picked AS MATERIALIZED ("
    "  SELECT f.place FROM unnest(?2, ?3) WITH ORDINALITY AS w(rank, low, ord),"
    "  LATERAL (SELECT a.ctid AS place, a.pos FROM ready a WHERE a.queue_id = ?1 AND a.rank = w.rank"
    "   AND a.pos > w.low ORDER BY a.pos LIMIT ?4) f ORDER BY w.ord, f.pos LIMIT ?4),"
    " gone AS (DELETE FROM ready WHERE ctid = ANY (ARRAY(SELECT place FROM picked))"
    "  RETURNING rank, pos, seq, attempts + 1 AS attempts, fence + 1 AS fence, keyed),"
    " numbered AS MATERIALIZED (SELECT g.*, (?6)[row_number() OVER (ORDER BY rank, pos)] AS wish"
    "  FROM gone g),"
    " leased AS (INSERT INTO leases (seq, tenant, queue_id, until, rank, attempts, fence, keyed,"
    "  nonce, leased_at, consumer) SELECT seq, ?5, ?1, (?7)[wish], rank, attempts, fence, keyed, ?8, ?9,"
    "  (?10)[wish] FROM numbered)"
    " SELECT k.wish, k.rank, k.pos, k.seq, k.attempts, k.fence, c.* FROM numbered k,"
    " LATERAL (SELECT m.id, m.tenant, m.partition_key, m.created_at, e.id, coalesce(e.topic, m.topic),"
    "  coalesce(e.payload, m.payload), coalesce(e.headers, m.headers) FROM messages m"
    "  LEFT JOIN events e ON e.seq = m.event_seq WHERE m.seq = k.seq LIMIT 1) c"
    " ORDER BY k.rank, k.pos";

class PostgresTables final : public Tables {
 public:
  explicit PostgresTables(const Clock& clock) : clock_(clock) {}

  void add_event(Transaction& tx, const Event& event) override {
    pending_of(tx, clock_).events.push_back(event);
  }
  void add_message(Transaction& tx, Placement placement) override {
    pending_of(tx, clock_).messages.push_back(std::move(placement));
  }

  std::vector<std::vector<Message>> take(Transaction& tx, const QueueInfo& queue,
                                         std::span<const TakeOptions> wishes) override {
    const std::uint64_t epoch = low_water_.epoch();
    std::vector<std::vector<Message>> answers(wishes.size());
    Integers ranks;
    tx.for_each(
        "SELECT k.rank FROM (SELECT pg_advisory_xact_lock(?) OFFSET 0) locked, queue_ranks k"
        " WHERE k.queue_id = ? ORDER BY k.rank",
        [&](const Row& row) { ranks.push_back(row.int64(0)); }, lease_lock + queue.id, queue.id);
    if (ranks.empty()) return answers;
    const Wishes columns(wishes);
    const std::int64_t nonce = LeaseToken::nonce_for(queue.tenant, random_bits());
    std::map<std::int64_t, std::int64_t> taken;
    tx.for_each(
        take_sql,
        [&](const Row& row) {
          const auto wish = static_cast<std::size_t>(row.int64(0) - 1);
          Message& message = answers.at(wish).emplace_back();
          message.queue = queue.name;
          message.priority = priority_of(row.int64(1));
          taken[row.int64(1)] = row.int64(2);
          message.lease = {row.int64(3), row.int64(5), nonce, queue.tenant};
          message.attempts = row.get<int>(4);
          message.leased_until = wishes[wish].until;
          read_content(row, 6, message);
        },
        queue.id, Int64Array{ranks}, Int64Array{low_water_.of(queue.id, ranks)}, columns.which.size(),
        queue.tenant, Int64Array{columns.which}, Int64Array{columns.untils}, nonce, wishes.front().now,
        TextArray{columns.consumers});
    tx.after_commit([this, epoch, id = queue.id, taken] {
      for (const auto& [rank, pos] : taken) low_water_.raise(epoch, id, rank, pos);
    });
    return answers;
  }

  std::vector<std::optional<LeaseRow>> remove_leases(Transaction& tx,
                                                     std::span<const LeaseToken> tokens) override {
    std::vector<std::optional<LeaseRow>> rows(tokens.size());
    Integers seqs, fences, nonces;
    Texts tenants;
    for (const LeaseToken& token : tokens) {
      tenants.emplace_back(token.tenant.text());
      seqs.push_back(token.seq);
      fences.push_back(token.fence);
      nonces.push_back(token.nonce);
    }
    tx.for_each(
        "DELETE FROM leases l USING unnest(?, ?, ?, ?) WITH ORDINALITY AS t(seq, fence, nonce, tenant, ord)"
        " WHERE l.seq = t.seq AND l.fence = t.fence AND l.nonce = t.nonce AND l.tenant = t.tenant"
        " RETURNING l.seq, l.tenant, l.queue_id, l.rank, l.attempts, l.fence, l.keyed, l.nonce,"
        " l.leased_at, l.consumer, t.ord",
        [&](const Row& row) { rows.at(row.get<std::size_t>(10) - 1) = read_lease(row); },
        Int64Array{seqs}, Int64Array{fences}, Int64Array{nonces}, TextArray{tenants});
    return rows;
  }

  // Contents stay where they are until their segment goes.
  void finish(Transaction& tx, std::span<const LeaseRow> rows) override {
    for (const LeaseRow& row : rows)
      if (row.keyed) pending_of(tx, clock_).left_lanes.push_back(row);
  }

  void put_back(Transaction& tx, const LeaseRow& row, Timestamp due_at) override {
    const Waiting waiting{row.queue_id, row.tenant, row.seq,   row.rank,
                          row.attempts, row.fence,  row.keyed, due_at};
    if (due_at > clock_.now())
      put_delayed(tx, waiting);
    else
      pending_of(tx, clock_).ready.push_back(waiting);
  }

  void settle(Transaction& tx) override { place_pending(tx, clock_); }

  std::vector<LeaseRow> take_expired(Transaction& tx, Timestamp now, int most) override {
    std::vector<LeaseRow> rows;
    const std::int64_t at = now.time_since_epoch().count();
    tx.for_each(
        "DELETE FROM leases WHERE seq IN (SELECT seq FROM leases WHERE until > ? AND until <= ?"
        " ORDER BY until LIMIT ? FOR UPDATE SKIP LOCKED)"
        " RETURNING seq, tenant, queue_id, rank, attempts, fence, keyed, nonce, leased_at, consumer",
        [&](const Row& row) { rows.push_back(read_lease(row)); }, swept_to(), now, most);
    if (std::ssize(rows) < most) note_swept(tx, at);
    return rows;
  }

  std::vector<std::int64_t> promote(Transaction& tx, Timestamp now, int most) override {
    std::vector<std::int64_t> queues;
    int count = 0;
    auto& pending = pending_of(tx, clock_);
    tx.for_each(
        "DELETE FROM delayed d USING (SELECT queue_id, due_at, seq FROM delayed"
        "  WHERE due_at >= ? AND due_at <= ? ORDER BY due_at, seq LIMIT ? FOR UPDATE SKIP LOCKED) p"
        " WHERE d.queue_id = p.queue_id AND d.due_at = p.due_at AND d.seq = p.seq"
        " RETURNING d.queue_id, d.tenant, d.seq, d.rank, d.attempts, d.fence, d.keyed, 0::BIGINT",
        [&](const Row& row) {
          ++count;
          pending.ready.push_back(read_waiting(row));
          queues.push_back(row.int64(0));
        },
        swept_to(), now, most);
    std::sort(pending.ready.begin(), pending.ready.end(),
              [](const Waiting& a, const Waiting& b) { return a.seq < b.seq; });
    std::sort(queues.begin(), queues.end());
    queues.erase(std::unique(queues.begin(), queues.end()), queues.end());
    // The mark moves only after a sweep that saw all.
    if (count == most) tx.local<Unfinished>().any = true;
    return queues;
  }

  std::int64_t next_time(Snapshot& view, std::int64_t queue_id) override {
    const auto due = view.value<std::int64_t>(
        "SELECT due_at FROM delayed WHERE queue_id = ? AND due_at > ? ORDER BY due_at LIMIT 1", queue_id,
        swept_to());
    const auto expiry = view.value<std::int64_t>(
        "SELECT until FROM leases WHERE until > ? ORDER BY until LIMIT 1", swept_to());
    return std::min(due.value_or(INT64_MAX), expiry.value_or(INT64_MAX));
  }

  // Rows may have been committed later than `slack_ms` after the time they carry.
  void check_hints(Snapshot& view) override {
    // Taken before the snapshot, so that whatever it shows behind them was really passed over.
    const auto lows = low_water_.all();
    const std::int64_t swept = swept_to();
    for (const std::string_view sql :
         {"SELECT until FROM leases WHERE until <= ? ORDER BY until LIMIT 1",
          "SELECT due_at FROM delayed WHERE due_at <= ? ORDER BY due_at LIMIT 1"})
      if (const auto found = view.value<std::int64_t>(sql, swept))
        passed_over_ = std::min(passed_over_.load(), *found - 1);
    for (const auto& [key, low] : lows)
      if (const auto found = view.value<std::int64_t>(
              "SELECT pos FROM ready WHERE queue_id = ? AND rank = ? AND pos <= ? ORDER BY pos LIMIT 1",
              key.first, key.second, low))
        low_water_.lower(key.first, key.second, *found);
  }

  bool sweep_is_due(Timestamp now) override {
    const std::int64_t at = now.time_since_epoch().count();
    std::int64_t next = next_sweep_.load();
    return at >= next && next_sweep_.compare_exchange_strong(next, at + between_sweeps_ms);
  }

  void count(Transaction& tx, const TenantId& tenant, std::int64_t queue_id,
             const CountDelta& delta) override {
    tx.execute_later(
        "INSERT INTO queue_counts (tenant, queue_id, accepted, finished, retried)"
        " VALUES (?, ?, ?, ?, ?)",
        tenant, queue_id, delta.accepted, delta.finished, delta.retried);
  }

  bool was_given(Snapshot& view, Position seq) override {
    return seq > 0 &&
           seq <= view.value<std::int64_t>("SELECT last_value FROM junctor_seq").value_or(0);
  }

  std::int64_t outside_changes(Transaction&) override { return 0; }

  void connection_was_lost() override {
    low_water_.forget();
    passed_over_ = -1;
    next_sweep_ = 0;
  }

 private:
  struct Unfinished {
    bool any = false;
  };

  // Leases that ended and messages that came due by then are gone.
  std::int64_t swept_to() const { return std::min(swept_to_.load(), passed_over_.load()); }

  // After the commit, and only when nothing was left over.
  void note_swept(Transaction& tx, std::int64_t at) {
    tx.after_commit([this, at, passed_over = passed_over_.load(), &unfinished = tx.local<Unfinished>()] {
      if (unfinished.any) {
        next_sweep_ = 0;
        return;
      }
      swept_to_ = at - slack_ms;
      std::int64_t expected = passed_over;
      passed_over_.compare_exchange_strong(expected, INT64_MAX);
    });
  }

  const Clock& clock_;
  LowWater low_water_;
  std::atomic<std::int64_t> next_sweep_{0};
  std::atomic<std::int64_t> swept_to_{-1};
  std::atomic<std::int64_t> passed_over_{INT64_MAX};  // the least of those check_hints() found
};

}  // namespace

std::unique_ptr<Tables> make_postgres_tables(const Clock& clock) {
  return std::make_unique<PostgresTables>(clock);
}

}  // namespace junctor::queue
