// The event log: append-only facts, delivered to subscribers' queues in the commit that appends them.
//
// Threads: any thread; operations on a Transaction on the store's thread.
// Lifetime: outlived by its Queues.
// Invariants:
//   1. Positions grow in the order of commits: who has read up to a position misses nothing later,
//      however long the transaction that appended it took.
//   2. An event and the messages of its subscribers are committed together.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "queue/queues.h"
#include "queue/subscriptions.h"
#include "queue/types.h"

namespace junctor::queue {

inline constexpr Position last_position = INT64_MAX;

// What to read; every member that is set narrows it.
struct EventFilter {
  TenantId tenant = default_tenant();
  Position after = 0;                  // positions greater than this, the oldest first
  // Instead of after: positions less than this, the newest first; last_position: from the end.
  std::optional<Position> before{};
  std::string topic_pattern = "*";
  std::string entity{};
  std::string correlation_id{};
  std::optional<Timestamp> from{}, to{};  // created in [from, to)
  int most = 100;
};

struct EventPage {
  std::vector<Event> events;
  // Continue after (or before) this; also where nothing matched. Everything up to it has been looked at.
  Position next = 0;
  bool more = false;
};

struct Retention {
  std::chrono::milliseconds age{std::chrono::hours(24 * 30)};
  std::int64_t most_bytes = 0;  // of payloads and headers; 0: no bound
};

struct AppendRequest;

class EventLog final {
 public:
  explicit EventLog(Queues& queues);
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  // Throws Failure{too_large}, {invalid}.
  Published append(Transaction& tx, const NewEvent& event);
  // The same as a write of its own; callers that wait at the same time share one transaction. Several
  // events are appended whole, or not at all when one comes back as KeyReused.
  std::vector<Published> append(Fiber& fiber, std::span<const NewEvent> events);

  EventPage read(Snapshot& view, const EventFilter& filter);
  std::optional<Event> find(Snapshot& view, const TenantId& tenant, const EventId& id);
  // The position of the last committed event; 0 when there is none.
  Position end(Snapshot& view, const TenantId& tenant);
  // Waits up to at_most until the log may hold events after the count seen; see Signal.
  Signal& signal() { return queues_.signal(0); }
  // Reads like read(), waiting up to at_most for the first event.
  EventPage follow(Fiber& fiber, const EventFilter& filter, std::chrono::milliseconds at_most);

  // Those who have events.
  std::vector<TenantId> tenants(Snapshot& view);
  // Removes up to `most` of the oldest events that are too old or too many, in one short step; returns
  // how many were removed. Messages that stand for them keep their contents. Repeat until 0.
  int retain(Transaction& tx, const TenantId& tenant, const Retention& retention, int most);

  Queues& queues() { return queues_; }

 private:
  struct Together;

  void check(const NewEvent& event) const;
  void append_together(Transaction& tx, std::span<AppendRequest* const> requests);
  void fan_out(Transaction& tx, const Event& event, const NewEvent& given);
  void keep_for_messages(Transaction& tx, Position first, Position last);

  Queues& queues_;
  std::unique_ptr<Together> together_;
};

// The text of a header of a JSON object; empty when there is none.
std::string header(std::string_view headers_json, std::string_view name);

}  // namespace junctor::queue
