#include "queue/event_log.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/counts.h"
#include "queue/publish_keys.h"
#include "queue/tables.h"

namespace junctor::queue {
namespace {

Event read_event(const Row& row) {
  Event event;
  event.position = row.int64(0);
  event.id = row.get<EventId>(1);
  event.tenant = row.get<TenantId>(2);
  event.topic = row.get<std::string>(3);
  event.source = row.get<std::string>(4);
  event.connection = row.get<std::string>(5);
  event.entity = row.get<std::string>(6);
  event.created_at = row.time(7);
  event.payload = row.get<std::string>(8);
  event.headers = row.get<std::string>(9);
  event.correlation_id = row.get<std::string>(10);
  event.causation_id = row.get<std::string>(11);
  event.traceparent = row.get<std::string>(12);
  return event;
}

// The subscribers' messages carry the event's headers, and with them its trace.
std::string with_trace(const NewEvent& given) {
  if (given.traceparent.empty() || !header(given.headers, "traceparent").empty()) return given.headers;
  boost::json::error_code error;
  auto headers = boost::json::parse(given.headers, error);
  if (error || !headers.is_object()) return given.headers;
  headers.get_object()["traceparent"] = given.traceparent;
  return boost::json::serialize(headers);
}

// The log's counters stand beside those of the queues: bytes appended and bytes removed.
constexpr std::int64_t log_id = 0;

std::int64_t bytes_of(const Event& event) {
  return static_cast<std::int64_t>(event.payload.size() + event.headers.size());
}

// The statement for a filter: the narrowest index leads.
std::string select_for(const EventFilter& filter, bool exact_topic) {
  std::string sql =
      "SELECT seq, id, tenant, topic, source, connection, entity, created_at, payload, headers,"
      " correlation_id, causation_id, traceparent FROM events WHERE tenant = ? AND seq ";
  sql += filter.before ? "< ?" : "> ?";
  if (exact_topic) sql += " AND topic = ?";
  if (!filter.entity.empty()) sql += " AND entity = ? AND entity <> ''";
  return sql + (filter.before ? " ORDER BY seq DESC LIMIT ?" : " ORDER BY seq LIMIT ?");
}

}  // namespace

std::string header(std::string_view headers_json, std::string_view name) {
  if (headers_json.find(name) == std::string_view::npos) return {};
  boost::json::error_code error;
  const auto value = boost::json::parse(headers_json, error);
  if (error || !value.is_object()) return {};
  const auto* found = value.get_object().if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

void EventLog::check(const NewEvent& given) const {
  if (given.payload.size() > queues_.most_payload_bytes())
    throw Failure(FailureKind::too_large, "the payload is larger than this engine accepts");
  if (given.topic.empty() || given.topic.size() > most_topic_bytes ||
      given.partition_key.size() > most_key_bytes || given.entity.size() > most_key_bytes ||
      given.idempotency_key.size() > most_key_bytes)
    throw Failure(FailureKind::invalid,
                  "an event has a topic of 1 to 256 bytes; keys have at most 2048 bytes");
}

Published EventLog::append(Transaction& tx, const NewEvent& given) {
  check(given);
  Event event;
  event.id = EventId::generate();
  event.created_at = queues_.clock().now();
  if (auto answer = claim_key(tx, given.tenant, event_key_scope(), given.idempotency_key, given.topic,
                              given.payload, event.id.uuid(), event.created_at))
    return *answer;
  event.tenant = given.tenant;
  event.topic = given.topic;
  event.source = given.source;
  event.connection = given.connection;
  event.entity = given.entity;
  event.payload = given.payload;
  event.headers = with_trace(given);
  event.correlation_id = given.correlation_id;
  event.causation_id = given.causation_id;
  event.traceparent = given.traceparent;
  queues_.tables().add_event(tx, event);
  add_count(tx, queues_.tables(), event.tenant, log_id, {bytes_of(event), 0, 0});
  fan_out(tx, event, given);
  queues_.wake_followers(tx);
  return Accepted{event.id.uuid()};
}

void EventLog::fan_out(Transaction& tx, const Event& event, const NewEvent& given) {
  const std::string source = header(event.headers, "x-source");
  const Subscriptions all = queues_.subscriptions_of(tx, event.tenant);
  for (const Subscription& one : *all) {
    if (!topic_matches(one.pattern, event.topic)) continue;
    if (!one.ignore_source.empty() && one.ignore_source == source) continue;
    queues_.enqueue_event(tx, one.queue, event, given.partition_key, given.priority);
  }
}

EventPage EventLog::read(Snapshot& view, const EventFilter& filter) {
  const bool exact_topic = filter.topic_pattern.find('*') == std::string::npos;
  // What the database cannot judge is judged here, a bounded number of rows at a time.
  const bool judged_here = (!exact_topic && filter.topic_pattern != "*") || filter.from || filter.to ||
                           !filter.correlation_id.empty();
  const std::int64_t limit = judged_here ? std::max(1'000, filter.most) : filter.most;
  EventPage page;
  const Position bound = filter.before.value_or(filter.after);
  page.next = bound;
  std::int64_t seen = 0;
  const std::string sql = select_for(filter, exact_topic);
  const auto visit = [&](const Row& row) {
    ++seen;
    if (static_cast<int>(page.events.size()) >= filter.most) {
      page.more = true;
      return;
    }
    page.next = row.int64(0);
    const Timestamp created = row.time(7);
    if (filter.from && created < *filter.from) return;
    if (filter.to && created >= *filter.to) return;
    if (!filter.correlation_id.empty() && row.text(10) != filter.correlation_id) return;
    if (!topic_matches(filter.topic_pattern, row.text(3))) return;
    page.events.push_back(read_event(row));
  };
  if (exact_topic && !filter.entity.empty())
    view.for_each(sql, visit, filter.tenant, bound, filter.topic_pattern, filter.entity, limit);
  else if (exact_topic)
    view.for_each(sql, visit, filter.tenant, bound, filter.topic_pattern, limit);
  else if (!filter.entity.empty())
    view.for_each(sql, visit, filter.tenant, bound, filter.entity, limit);
  else
    view.for_each(sql, visit, filter.tenant, bound, limit);
  page.more = page.more || seen == limit;
  return page;
}

std::optional<Event> EventLog::find(Snapshot& view, const TenantId& tenant, const EventId& id) {
  std::optional<Event> found;
  view.for_each(
      "SELECT seq, id, tenant, topic, source, connection, entity, created_at, payload, headers,"
      " correlation_id, causation_id, traceparent FROM events WHERE tenant = ? AND id = ?",
      [&](const Row& row) { found = read_event(row); }, tenant, id);
  return found;
}

Position EventLog::end(Snapshot& view, const TenantId& tenant) {
  return view
      .value<std::int64_t>("SELECT seq FROM events WHERE tenant = ? ORDER BY seq DESC LIMIT 1", tenant)
      .value_or(0);
}

EventPage EventLog::follow(Fiber& fiber, const EventFilter& filter,
                           std::chrono::milliseconds at_most) {
  const auto limit = std::chrono::steady_clock::now() + at_most;
  EventFilter rest = filter;
  for (;;) {
    const auto seen = signal().count();
    EventPage page =
        queues_.store().read(fiber, [&](Snapshot& view) { return read(view, rest); });
    if (!page.events.empty()) return page;
    rest.after = page.next;
    if (page.more) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        limit - std::chrono::steady_clock::now());
    if (left.count() <= 0) return page;
    signal().wait_for(fiber, seen, std::min(left, queues_.backstop()));
  }
}

// By leaps over the index.
std::vector<TenantId> EventLog::tenants(Snapshot& view) {
  std::vector<TenantId> found;
  view.for_each(
      "WITH RECURSIVE t(tenant) AS (SELECT min(tenant) FROM events UNION ALL"
      " SELECT (SELECT min(e.tenant) FROM events e WHERE e.tenant > t.tenant) FROM t"
      " WHERE t.tenant IS NOT NULL) SELECT tenant FROM t WHERE tenant IS NOT NULL",
      [&](const Row& row) { found.push_back(row.get<TenantId>(0)); });
  return found;
}

int EventLog::retain(Transaction& tx, const TenantId& tenant, const Retention& retention, int most) {
  const Timestamp oldest = queues_.clock().now() - retention.age;
  std::int64_t over = 0;
  if (retention.most_bytes > 0)
    over = tx.value<std::int64_t>(
                 "SELECT CAST(sum(accepted - finished) AS BIGINT) FROM queue_counts"
                 " WHERE queue_id = ? AND tenant = ?",
                 log_id, tenant)
               .value_or(0) -
           retention.most_bytes;
  std::vector<Position> gone;
  bool stopped = false;
  std::int64_t bytes = 0;
  tx.for_each(
      tx.dialect() == Dialect::sqlite
          ? "SELECT seq, created_at, length(CAST(payload AS BLOB)) + length(CAST(headers AS BLOB))"
            " FROM events WHERE tenant = ? ORDER BY seq LIMIT ?"
          : "SELECT seq, created_at, octet_length(payload) + octet_length(headers)"
            " FROM events WHERE tenant = ? ORDER BY seq LIMIT ?",
      [&](const Row& row) {
        stopped = stopped || (row.time(1) >= oldest && over <= 0);
        if (stopped) return;
        over -= row.int64(2);
        bytes += row.int64(2);
        gone.push_back(row.int64(0));
      },
      tenant, most);
  if (gone.empty()) return 0;
  keep_for_messages(tx, gone.front(), gone.back());
  for (const Position seq : gone) tx.execute("DELETE FROM events WHERE seq = ?", seq);
  add_count(tx, queues_.tables(), tenant, log_id, {0, bytes, 0});
  return static_cast<int>(gone.size());
}

// Messages get their positions right after their event, so they are found without an index.
void EventLog::keep_for_messages(Transaction& tx, Position first, Position last) {
  const Position end =
      tx.value<std::int64_t>("SELECT seq FROM events WHERE seq > ? ORDER BY seq LIMIT 1", last)
          .value_or(INT64_MAX);
  tx.execute(
      "UPDATE messages SET"
      " topic = (SELECT e.topic FROM events e WHERE e.seq = messages.event_seq),"
      " payload = (SELECT e.payload FROM events e WHERE e.seq = messages.event_seq),"
      " headers = (SELECT e.headers FROM events e WHERE e.seq = messages.event_seq),"
      " event_seq = NULL WHERE seq >= ? AND seq < ? AND event_seq >= ? AND event_seq <= ?",
      first, end, first, last);
}

}  // namespace junctor::queue
