#include "api/queue_bodies.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "json/parse.h"
#include "junctor/failure.h"

namespace junctor::api {
namespace {

constexpr std::size_t most_batch = 1'000;

// Stored text comes back as the JSON it was; nothing else was let in.
Json stored(const std::string& text) {
  boost::json::error_code error;
  Json value = boost::json::parse(text, error);
  return error ? Json(text) : value;
}

[[noreturn]] void wrong_type(std::string_view name, std::string_view expected) {
  throw Failure(FailureKind::invalid, fmt::format("'{}' is {}", name, expected));
}

}  // namespace

JsonObject body_object(const HttpRequest& request) {
  if (request.body.empty()) return {};
  Json value = json::parse(request.body).value_or_throw();
  if (!value.is_object()) throw Failure(FailureKind::invalid, "the body is a JSON object");
  return std::move(value.get_object());
}

Items items_of(const HttpRequest& request, std::string_view name) {
  JsonObject body = body_object(request);
  Json* list = body.if_contains(name);
  if (list == nullptr) return {{std::move(body)}, false};
  if (!list->is_array() || list->get_array().empty() || list->get_array().size() > most_batch)
    throw Failure(FailureKind::invalid, fmt::format("'{}' is a list of 1 to 1000 objects", name));
  Items items;
  items.batch = true;
  for (Json& item : list->get_array()) {
    if (!item.is_object()) throw Failure(FailureKind::invalid, "every item is an object");
    items.objects.push_back(std::move(item.get_object()));
  }
  return items;
}

std::string text_of(const JsonObject& object, std::string_view name, std::string otherwise) {
  const Json* found = object.if_contains(name);
  if (found == nullptr || found->is_null()) return otherwise;
  if (!found->is_string()) wrong_type(name, "a text");
  return std::string(found->get_string());
}

std::int64_t integer_of(const JsonObject& object, std::string_view name, std::int64_t otherwise,
                        std::int64_t least, std::int64_t most) {
  const Json* found = object.if_contains(name);
  if (found == nullptr || found->is_null()) return otherwise;
  boost::system::error_code error;
  const auto value = found->to_number<std::int64_t>(error);
  if (error || value < least || value > most)
    wrong_type(name, fmt::format("an integer from {} to {}", least, most));
  return value;
}

std::string payload_of(const JsonObject& object) {
  const Json* found = object.if_contains("payload");
  return found == nullptr ? "null" : boost::json::serialize(*found);
}

std::string headers_of(const JsonObject& object) {
  const Json* found = object.if_contains("headers");
  if (found == nullptr || found->is_null()) return "{}";
  if (!found->is_object()) wrong_type("headers", "an object");
  return boost::json::serialize(*found);
}

queue::NewEvent event_of(const JsonObject& object, const TenantId& tenant) {
  queue::NewEvent event;
  event.tenant = tenant;
  event.topic = text_of(object, "topic");
  event.source = text_of(object, "source");
  event.connection = text_of(object, "connection");
  event.entity = text_of(object, "entity");
  event.payload = payload_of(object);
  event.headers = headers_of(object);
  event.correlation_id = text_of(object, "correlation_id");
  event.causation_id = text_of(object, "causation_id");
  event.traceparent = text_of(object, "traceparent");
  event.idempotency_key = text_of(object, "idempotency_key");
  event.partition_key = text_of(object, "partition_key");
  event.priority = static_cast<int>(integer_of(object, "priority", 0, -1'000, 1'000));
  return event;
}

queue::NewMessage message_of(const JsonObject& object) {
  queue::NewMessage message;
  message.topic = text_of(object, "topic");
  message.payload = payload_of(object);
  message.headers = headers_of(object);
  message.partition_key = text_of(object, "partition_key");
  message.priority = static_cast<int>(integer_of(object, "priority", 0, -1'000, 1'000));
  message.delay = std::chrono::milliseconds(
      integer_of(object, "delay_ms", 0, 0, std::int64_t{366} * 24 * 3'600'000));
  message.idempotency_key = text_of(object, "idempotency_key");
  return message;
}

Json to_json(const queue::Message& message) {
  JsonObject out{{"id", message.id.to_string()},
                 {"queue", message.queue},
                 {"topic", message.topic},
                 {"payload", stored(message.payload)},
                 {"headers", stored(message.headers)},
                 {"partition_key", message.partition_key},
                 {"priority", message.priority},
                 {"attempts", message.attempts},
                 {"created_at", to_string(message.created_at)},
                 {"lease", message.lease.to_string()},
                 {"leased_until", to_string(message.leased_until)}};
  if (message.event) out["event"] = message.event->to_string();
  return out;
}

Json to_json(const queue::DeadLetter& letter) {
  JsonArray attempts;
  for (const queue::Attempt& attempt : letter.attempts)
    attempts.push_back(JsonObject{{"number", attempt.number},
                                  {"started_at", to_string(attempt.started_at)},
                                  {"ended_at", to_string(attempt.ended_at)},
                                  {"consumer", attempt.consumer},
                                  {"outcome", attempt.outcome},
                                  {"error", attempt.error}});
  return JsonObject{{"id", letter.id.to_string()},
                    {"queue", letter.queue},
                    {"topic", letter.topic},
                    {"payload", stored(letter.payload)},
                    {"headers", stored(letter.headers)},
                    {"partition_key", letter.partition_key},
                    {"priority", letter.priority},
                    {"created_at", to_string(letter.created_at)},
                    {"died_at", to_string(letter.died_at)},
                    {"reason", letter.reason},
                    {"attempts", std::move(attempts)}};
}

Json to_json(const queue::Event& event) {
  return JsonObject{{"id", event.id.to_string()},
                    {"topic", event.topic},
                    {"source", event.source},
                    {"connection", event.connection},
                    {"entity", event.entity},
                    {"payload", stored(event.payload)},
                    {"headers", stored(event.headers)},
                    {"correlation_id", event.correlation_id},
                    {"causation_id", event.causation_id},
                    {"traceparent", event.traceparent},
                    {"created_at", to_string(event.created_at)}};
}

}  // namespace junctor::api
