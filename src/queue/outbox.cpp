#include "queue/outbox.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "junctor/failure.h"

namespace junctor::queue {
namespace {

std::string queue_of(const std::string& sink) { return "outbox:" + sink; }

std::string text_at(const boost::json::object& object, std::string_view key) {
  const auto* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

boost::json::object object_of(std::string_view json) {
  boost::json::error_code error;
  auto value = boost::json::parse(json, error);
  if (error || !value.is_object()) return {};
  return std::move(value.get_object());
}

// Throwing never ends a relayed row: the outside may understand it tomorrow.
Handler relay_handler(Sink send) {
  return [send = std::move(send)](Fiber& fiber, Delivery& delivery) {
    const Message& message = delivery.message();
    try {
      send(fiber, {header(message.headers, "idempotency-key"), message.topic, message.payload,
                   message.headers, message.partition_key});
    } catch (const Failure& failure) {
      if (failure.kind() == FailureKind::cancelled || is_retryable(failure.kind())) throw;
      throw Failure(FailureKind::unavailable, failure.message(), failure.detail());
    }
  };
}

}  // namespace

Origin origin_of(std::string_view headers_json, std::string_view payload_json) {
  const boost::json::object headers = object_of(headers_json);
  Origin origin{text_at(headers, "x-source"), text_at(headers, "x-integration-id")};
  if (!origin.source.empty()) return origin;
  const boost::json::object payload = object_of(payload_json);
  if (const auto* metadata = payload.if_contains("metadata"); metadata && metadata->is_object()) {
    origin.source = text_at(metadata->get_object(), "source");
    origin.integration = text_at(metadata->get_object(), "integration_id");
  }
  if (origin.source.empty()) origin.source = source_user;
  return origin;
}

bool is_echo(const Origin& origin, std::string_view integration) {
  return origin.source == source_sync && (integration.empty() || origin.integration == integration);
}

std::string mark_origin(std::string_view headers_json, const Origin& origin) {
  boost::json::object headers = object_of(headers_json);
  if (!headers.contains("x-source")) {
    headers["x-source"] = origin.source;
    if (!origin.integration.empty()) headers["x-integration-id"] = origin.integration;
  }
  return boost::json::serialize(headers);
}

Published Outbox::emit(Transaction& tx, NewEvent event, const Origin& origin) {
  event.headers = mark_origin(event.headers, origin);
  return log_.append(tx, event);
}

void Outbox::add_sink(Transaction& tx, const TenantId& tenant, const std::string& sink) {
  QueueSettings settings;
  settings.most_attempts = 0;
  settings.backoff.most = std::chrono::minutes(5);
  log_.queues().ensure(tx, tenant, queue_of(sink), settings);
}

Published Outbox::emit_to(Transaction& tx, const std::string& sink, NewEvent event,
                          const Origin& origin) {
  NewMessage message;
  message.topic = event.topic;
  message.payload = event.payload;
  boost::json::object headers = object_of(mark_origin(event.headers, origin));
  const auto put = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) headers[name] = text;
  };
  put("idempotency-key",
      event.idempotency_key.empty() ? Uuid::generate().to_string() : event.idempotency_key);
  put("source", event.source);
  put("entity", event.entity);
  put("correlation-id", event.correlation_id);
  put("causation-id", event.causation_id);
  put("traceparent", event.traceparent);
  message.headers = boost::json::serialize(headers);
  message.partition_key = event.partition_key;
  message.priority = event.priority;
  message.idempotency_key = event.idempotency_key;
  return log_.queues().enqueue(tx, event.tenant, queue_of(sink), message);
}

Relay::Relay(Loop& loop, Queues& queues, const TenantId& tenant, const std::string& sink, Sink send,
             std::size_t concurrency)
    : consumer_(loop, queues,
                {tenant, queue_of(sink), "relay", concurrency, 0, std::chrono::seconds(10)},
                relay_handler(std::move(send))) {}

}  // namespace junctor::queue
