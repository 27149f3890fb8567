#include "queue/postgres_place.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace junctor::queue {
namespace {

using Texts = std::vector<std::optional<std::string_view>>;
using Integers = std::vector<std::int64_t>;

std::string_view bytes_of(const Uuid& id) {
  return {reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size()};
}

// Positions in order, taken under the lock.
class Positions {
 public:
  Positions(Transaction& tx, std::size_t count) {
    tx.for_each(
        "SELECT nextval('junctor_seq') FROM (SELECT pg_advisory_xact_lock(?) OFFSET 0) locked,"
        " generate_series(1, ?)",
        [this](const Row& row) { given_.push_back(row.int64(0)); }, order_lock, count);
    std::sort(given_.begin(), given_.end());
  }
  Position next() { return given_.at(used_++); }

 private:
  std::vector<Position> given_;
  std::size_t used_ = 0;
};

using EventPositions = std::map<EventId, Position>;

void place_events(Transaction& tx, const std::vector<Event>& events, Positions& positions,
                  EventPositions& found) {
  if (events.empty()) return;
  Integers seqs, times;
  Texts ids, tenants, topics, sources, connections, entities, payloads, headers, correlations, causes,
      traces;
  for (const Event& event : events) {
    seqs.push_back(positions.next());
    found[event.id] = seqs.back();
    times.push_back(event.created_at.time_since_epoch().count());
    ids.emplace_back(bytes_of(event.id.uuid()));
    tenants.emplace_back(event.tenant.text());
    topics.emplace_back(event.topic);
    sources.emplace_back(event.source);
    connections.emplace_back(event.connection);
    entities.emplace_back(event.entity);
    payloads.emplace_back(event.payload);
    headers.emplace_back(event.headers);
    correlations.emplace_back(event.correlation_id);
    causes.emplace_back(event.causation_id);
    traces.emplace_back(event.traceparent);
  }
  tx.execute_later(
      "INSERT INTO events (seq, id, tenant, topic, source, connection, entity, created_at, payload,"
      " headers, correlation_id, causation_id, traceparent)"
      " SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      Int64Array{seqs}, BlobArray{ids}, TextArray{tenants}, TextArray{topics}, TextArray{sources},
      TextArray{connections}, TextArray{entities}, Int64Array{times}, TextArray{payloads},
      TextArray{headers}, TextArray{correlations}, TextArray{causes}, TextArray{traces});
}

Position position_of(Transaction& tx, const EventId& id, EventPositions& known) {
  const auto found = known.find(id);
  if (found != known.end()) return found->second;
  return known[id] = tx.value<std::int64_t>("SELECT seq FROM events WHERE id = ?", id).value_or(0);
}

struct ContentColumns {
  Integers seqs, queues, events, times;
  Texts ids, tenants, keys, topics, payloads, headers;
};

void add_content(ContentColumns& columns, Position seq, Position event, const Placement& placement) {
  columns.seqs.push_back(seq);
  columns.queues.push_back(placement.queue_id);
  columns.events.push_back(event);
  columns.times.push_back(placement.created_at.time_since_epoch().count());
  columns.ids.emplace_back(bytes_of(placement.id.uuid()));
  columns.tenants.emplace_back(placement.tenant.text());
  columns.keys.emplace_back(placement.partition_key);
  const bool own = event == 0;
  columns.topics.push_back(own ? std::optional<std::string_view>(placement.topic) : std::nullopt);
  columns.payloads.push_back(own ? std::optional<std::string_view>(placement.payload) : std::nullopt);
  columns.headers.push_back(own ? std::optional<std::string_view>(placement.headers) : std::nullopt);
}

void insert_contents(Transaction& tx, const ContentColumns& c) {
  tx.execute_later(
      "INSERT INTO messages (seq, id, tenant, queue_id, event_seq, partition_key, topic, payload,"
      " headers, created_at) SELECT s, i, t, q, nullif(e, 0), k, o, p, h, c"
      " FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS u(s, i, t, q, e, k, o, p, h, c)",
      Int64Array{c.seqs}, BlobArray{c.ids}, TextArray{c.tenants}, Int64Array{c.queues},
      Int64Array{c.events}, TextArray{c.keys}, TextArray{c.topics}, TextArray{c.payloads},
      TextArray{c.headers}, Int64Array{c.times});
}

struct ReadyColumns {
  Integers queues, ranks, positions, seqs, attempts, fences, keyed;
  Texts tenants;
};

void add_ready(ReadyColumns& columns, const Waiting& waiting, Position pos) {
  columns.queues.push_back(waiting.queue_id);
  columns.ranks.push_back(waiting.rank);
  columns.positions.push_back(pos);
  columns.seqs.push_back(waiting.seq);
  columns.attempts.push_back(waiting.attempts);
  columns.fences.push_back(waiting.fence);
  columns.keyed.push_back(waiting.keyed);
  columns.tenants.emplace_back(waiting.tenant.text());
}

void insert_ready(Transaction& tx, const ReadyColumns& c) {
  if (c.seqs.empty()) return;
  std::set<std::pair<std::int64_t, std::int64_t>> ranks;
  for (std::size_t i = 0; i < c.seqs.size(); ++i) ranks.emplace(c.queues[i], c.ranks[i]);
  Integers queues, only_ranks;
  for (const auto& [queue, rank] : ranks) {
    queues.push_back(queue);
    only_ranks.push_back(rank);
  }
  tx.execute_later(
      "WITH ranks AS (INSERT INTO queue_ranks (tenant, queue_id, rank)"
      " SELECT '', q, r FROM unnest(?, ?) AS n(q, r)"
      " WHERE NOT EXISTS (SELECT 1 FROM queue_ranks k WHERE k.queue_id = q AND k.rank = r)"
      " ON CONFLICT DO NOTHING)"
      " INSERT INTO ready (queue_id, rank, pos, seq, attempts, fence, keyed, tenant)"
      " SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?)",
      Int64Array{queues}, Int64Array{only_ranks}, Int64Array{c.queues}, Int64Array{c.ranks},
      Int64Array{c.positions}, Int64Array{c.seqs}, Int64Array{c.attempts}, Int64Array{c.fences},
      Int64Array{c.keyed}, TextArray{c.tenants});
}

void place_messages(Transaction& tx, const std::vector<Placement>& messages, Positions& positions,
                    EventPositions& events, Timestamp now, ReadyColumns& ready,
                    std::vector<Waiting>& tenants_keeper) {
  if (messages.empty()) return;
  ContentColumns contents;
  std::vector<Position> seqs;
  for (const Placement& message : messages) {
    seqs.push_back(positions.next());
    add_content(contents, seqs.back(), message.event ? position_of(tx, *message.event, events) : 0,
                message);
  }
  insert_contents(tx, contents);
  tenants_keeper.reserve(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Placement& message = messages[i];
    tenants_keeper.push_back({message.queue_id, message.tenant, seqs[i], message.rank, 0, 0,
                              !message.partition_key.empty(), message.due_at});
    const Waiting& waiting = tenants_keeper.back();
    if (waiting.keyed && !enter_lane(tx, waiting, message.partition_key)) continue;
    if (waiting.due_at > now)
      put_delayed(tx, waiting);
    else
      add_ready(ready, waiting, seqs[i]);
  }
}

void place_all(Transaction& tx, const PostgresPending& pending, Timestamp now) {
  Positions positions(tx, pending.events.size() + pending.messages.size() + pending.ready.size() +
                              pending.left_lanes.size());
  EventPositions events;
  ReadyColumns ready;
  std::vector<Waiting> placed, next_in_lanes;
  place_events(tx, pending.events, positions, events);
  place_messages(tx, pending.messages, positions, events, now, ready, placed);
  for (const Waiting& waiting : pending.ready) add_ready(ready, waiting, positions.next());
  next_in_lanes.reserve(pending.left_lanes.size());
  for (const LeaseRow& row : pending.left_lanes) {
    const auto next = leave_lane(tx, row.queue_id, row.seq);
    if (!next) continue;
    next_in_lanes.push_back(*next);
    if (next->due_at > now)
      put_delayed(tx, *next);
    else
      add_ready(ready, next_in_lanes.back(), positions.next());
  }
  insert_ready(tx, ready);
}

}  // namespace

PostgresPending& pending_of(Transaction& tx, const Clock& clock) {
  auto& pending = tx.local<PostgresPending>();
  if (pending.hooked) return pending;
  pending.hooked = true;
  // Twice to the back of the line: counters and notifications of this transaction go before, so that
  // the lock is held for the commit alone.
  tx.before_commit([&clock](Transaction& outer) {
    outer.before_commit([&clock](Transaction& inner) {
      inner.local<PostgresPending>().hooked = false;
      place_pending(inner, clock);
    });
  });
  return pending;
}

void place_pending(Transaction& tx, const Clock& clock) {
  auto& collected = tx.local<PostgresPending>();
  const bool hooked = collected.hooked;
  const PostgresPending all = std::exchange(collected, {});
  collected.hooked = hooked;
  if (!all.empty()) place_all(tx, all, clock.now());
}

}  // namespace junctor::queue
