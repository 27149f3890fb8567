// The outbox: events staged in the transaction of a data write.
//
//   store.write(fiber, [&](Transaction& tx) {
//     tx.execute("UPDATE contacts …");
//     outbox.emit(tx, {.topic = "crm.contact_updated", .payload = text}, origin);
//   });
//
// An event goes into this engine's log with the same commit. For an outside log (Kafka, another Junctor)
// it waits, in the same commit, in the queue "outbox:<sink>", and a Relay sends it: at once after the
// commit, again after a crash, for as long as it takes. Several relays share the queue; its leases keep
// one row from being sent by two at the same time, and a repetition carries the same idempotency key.
//
// Echo loops: an event says in the header "x-source" who caused it: "user" unless the origin says
// otherwise, "integration_sync" for what a flow wrote. A consumer that would write such a change back to
// where it came from asks is_echo(), or subscribes with ignore_source and never sees it.
//
// Threads: emit on the store's thread; a Relay on one loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "queue/consumer.h"
#include "queue/event_log.h"

namespace junctor::queue {

constexpr std::string_view source_user = "user";
constexpr std::string_view source_sync = "integration_sync";
constexpr std::string_view source_webhook = "webhook";

// Who caused a change.
struct Origin {
  std::string source = std::string(source_user);  // "x-source" of the request or event at the root
  std::string integration;                        // its slug, when an integration did
};

// The origin an event or message carries in its headers, or, from older senders, in
// payload.metadata.source.
Origin origin_of(std::string_view headers_json, std::string_view payload_json = {});
// Whether the change came from a sync of this integration (of any, when empty).
bool is_echo(const Origin& origin, std::string_view integration = {});
// The headers with the origin set; a mark that stands there already stays: the root cause counts.
std::string mark_origin(std::string_view headers_json, const Origin& origin);

class Outbox final {
 public:
  explicit Outbox(EventLog& log) : log_(log) {}

  // Into this engine's log. Throws as EventLog::append.
  Published emit(Transaction& tx, NewEvent event, const Origin& origin = {});
  // For an outside log; the sink was declared by add_sink().
  Published emit_to(Transaction& tx, const std::string& sink, NewEvent event,
                    const Origin& origin = {});
  // Rows of this sink are sent without end: no number of attempts makes a dead letter.
  void add_sink(Transaction& tx, const TenantId& tenant, const std::string& sink);

 private:
  EventLog& log_;
};

// What a relay sends: the event as JSON, and the key a receiver recognises repetitions by.
struct OutboxItem {
  std::string idempotency_key;  // the same in every attempt
  std::string topic, payload, headers, partition_key;
};
// Returns once the outside has the event for good; throws otherwise.
using Sink = std::function<void(Fiber&, const OutboxItem&)>;

// Sends what waits for one sink.
class Relay final {
 public:
  Relay(Loop& loop, Queues& queues, const TenantId& tenant, const std::string& sink, Sink send,
        std::size_t concurrency = 8);
  void stop(Fiber& fiber) { consumer_.stop(fiber); }

 private:
  Consumer consumer_;
};

}  // namespace junctor::queue
