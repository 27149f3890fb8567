// The values of the queue room: events, messages, leases, and what became of them.
//
// Threads: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "junctor/clock.h"
#include "junctor/ids.h"

namespace junctor::queue {

using MessageId = UuidOf<struct MessageTag>;

// Where something stands in the order of commits. Later commits have larger positions, without
// exception; there are gaps.
using Position = std::int64_t;

// Bounds of what is accepted; beyond them Failure{too_large} or {invalid}.
constexpr std::size_t most_key_bytes = 2'048;
constexpr std::size_t most_topic_bytes = 256;

// An event before it is in the log.
struct NewEvent {
  TenantId tenant = default_tenant();
  std::string topic;               // "{source}.{entity}_{action}"
  std::string source;              // slug of the integration or service it comes from
  std::string connection;          // id of the connection, empty when there is none
  std::string entity;              // "contact:42": what it is about, for reads by entity
  std::string payload = "null";    // JSON text
  std::string headers = "{}";      // JSON object text; "x-source" marks who caused it
  std::string correlation_id;      // the conversation it belongs to
  std::string causation_id;        // the event or message that caused it
  std::string traceparent;         // W3C trace context
  std::string idempotency_key;     // empty: none
  std::string partition_key;       // order of the subscribers' messages; empty: none
  int priority = 0;                // of the subscribers' messages, larger first
};

struct Event {
  Position position = 0;
  EventId id;
  TenantId tenant;
  std::string topic, source, connection, entity, payload, headers;
  std::string correlation_id, causation_id, traceparent;
  Timestamp created_at{};
};

// What happened to something published.
struct Accepted {
  Uuid id;  // of the event or message
};
struct Replayed {  // the same key and payload came before: the first answer again
  Uuid id;
};
struct KeyReused {};  // the same key with another payload: 422
using Published = std::variant<Accepted, Replayed, KeyReused>;

// A message before it is in a queue.
struct NewMessage {
  std::string topic;
  std::string payload = "null";  // JSON text
  std::string headers = "{}";    // JSON object text
  std::string partition_key;     // strict order within a key, parallel across keys; empty: none
  int priority = 0;              // -1000 … 1000, larger first
  std::chrono::milliseconds delay{0};
  std::string idempotency_key;   // empty: none
};

// Proof of a lease: which delivery of which message. The fence grows with every delivery; the nonce
// cannot be guessed, and tells which tenant it was made for.
struct LeaseToken {
  Position seq = 0;
  std::int64_t fence = 0;
  std::int64_t nonce = 0;
  TenantId tenant;  // whose message it is; not part of the text

  // "1f-3-9c2e…": what HTTP consumers hold.
  std::string to_string() const;
  // tenant: of the caller who brought the text.
  static std::optional<LeaseToken> parse(std::string_view text, const TenantId& tenant);
  // Of random bits, a nonce for the tenant's messages.
  static std::int64_t nonce_for(const TenantId& tenant, std::uint64_t random);
  // False for a token that was not made for a message of this tenant, and for nearly every forged one.
  bool may_be_genuine() const;
  friend bool operator==(const LeaseToken&, const LeaseToken&) = default;
};

// One delivery.
struct Message {
  MessageId id;
  TenantId tenant;
  std::string queue;
  std::string topic;
  std::string payload;
  std::string headers;
  std::string partition_key;
  int priority = 0;
  int attempts = 0;              // this delivery's number, from 1; releases are not counted
  std::optional<EventId> event;  // the event it stands for
  Timestamp created_at{};
  Timestamp leased_until{};
  LeaseToken lease;
};

// Why a lease does not count any more; 404 for unknown, 409 for the rest.
enum class LeaseLoss {
  unknown,       // no lease of this tenant
  finished,      // acknowledged before, or purged
  expired,       // ran out, or given back; the message waits in its queue again
  taken_over,    // the lease ran out and another consumer has the message
  dead_lettered
};
std::string_view to_string(LeaseLoss loss);

// How long to wait before attempt n+1: first · factor^(n−1), at most `most`, then ±20 % at random.
struct Backoff {
  std::chrono::milliseconds first{1'000};
  double factor = 2.0;
  std::chrono::milliseconds most{std::chrono::hours(1)};

  // random: uniform in [0, 1).
  std::chrono::milliseconds wait_after(int attempt, double random) const;
};

struct QueueSettings {
  // Deliveries before a message becomes a dead letter; 0: never.
  int most_attempts = 20;
  std::chrono::milliseconds lease{30'000};
  Backoff backoff;
};

// How an attempt ended without success.
struct Nack {
  enum class Kind {
    failed,   // counts as an attempt; waits for the backoff or retry_after
    release,  // not capable, or stopping: the attempt is not counted
    reject,   // pointless to repeat: a dead letter at once
  } kind = Kind::failed;
  std::string error;
  // The sender's wish (`Retry-After`) or a chosen delay; instead of the backoff.
  std::optional<std::chrono::milliseconds> delay;
};

// One attempt as dead letters show it.
struct Attempt {
  int number = 0;
  Timestamp started_at{}, ended_at{};
  std::string consumer, outcome, error;
};

struct DeadLetter {
  MessageId id;
  TenantId tenant;
  std::string queue, topic, payload, headers, partition_key;
  int priority = 0;
  std::optional<EventId> event;
  Timestamp created_at{}, died_at{};
  std::string reason;
  std::vector<Attempt> attempts;
};

}  // namespace junctor::queue
