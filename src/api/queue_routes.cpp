#include "api/queue_routes.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <charconv>

#include "api/queue_bodies.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/problem.h"
#include "net/sse.h"
#include "queue/stats.h"

namespace junctor::api {
namespace {

using namespace queue;
using std::chrono::milliseconds;

constexpr std::size_t most_batch = 1'000;
constexpr std::int64_t most_ms = std::int64_t{7} * 24 * 3'600'000;
constexpr WriteOptions own_locks{Isolation::read_committed, Durability::synced};

std::string in_path(const HttpRequest& request, std::string_view name) {
  return std::string(request.path_value(name).value_or(""));
}

std::int64_t in_query(const HttpRequest& request, std::string_view name, std::int64_t otherwise) {
  const auto text = request.query_value(name);
  if (!text) return otherwise;
  std::int64_t value = otherwise;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size())
    throw Failure(FailureKind::invalid, fmt::format("?{}= is an integer", name));
  return value;
}

// The objects of a batch under `name`, or the body itself; the flag says which.
struct Items {
  std::vector<JsonObject> objects;
  bool batch = false;
};
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

// What was published, and whether it was new.
HttpResponse published(const std::vector<Published>& answers, bool batch) {
  JsonArray results;
  bool any_new = false;
  for (const Published& answer : answers) {
    if (std::holds_alternative<KeyReused>(answer))
      return problem_response(422, "the idempotency key was used with another payload");
    const bool replayed = std::holds_alternative<Replayed>(answer);
    any_new = any_new || !replayed;
    const Uuid id = replayed ? std::get<Replayed>(answer).id : std::get<Accepted>(answer).id;
    results.push_back(JsonObject{{"id", id.to_string()}, {"replayed", replayed}});
  }
  const int status = any_new ? 201 : 200;
  if (batch) return HttpResponse::json(status, JsonObject{{"results", std::move(results)}});
  return HttpResponse::json(status, results.front());
}

std::string key_header(const HttpRequest& request, std::string key, bool batch) {
  const auto header = request.headers.get("Idempotency-Key");
  if (!header || batch) return key;
  // A structured-field string stands in quotes; a bare one is taken as it is.
  std::string_view text = *header;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return std::string(text);
}

HttpResponse publish_events(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "events:write");
  const Items items = items_of(request, "events");
  std::vector<NewEvent> events;
  for (const JsonObject& object : items.objects) {
    events.push_back(event_of(object, tenant));
    events.back().idempotency_key = key_header(request, events.back().idempotency_key, items.batch);
    parts.queues.check_content(events.back().payload, events.back().headers);
  }
  return published(parts.log.append(fiber, events), items.batch);
}

HttpResponse publish_messages(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:write");
  const std::string queue = in_path(request, "queue");
  const Items items = items_of(request, "messages");
  std::vector<NewMessage> messages;
  for (const JsonObject& object : items.objects) {
    messages.push_back(message_of(object));
    messages.back().idempotency_key =
        key_header(request, messages.back().idempotency_key, items.batch);
    parts.queues.check_content(messages.back().payload, messages.back().headers);
  }
  return published(parts.queues.enqueue(fiber, tenant, queue, messages), items.batch);
}

HttpResponse poll(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  LeaseRequest lease;
  lease.tenant = parts.authorize(fiber, request, "queues:work");
  lease.queue = in_path(request, "queue");
  const JsonObject body = body_object(request);
  lease.most = static_cast<int>(integer_of(body, "most", 1, 1, 1'000));
  lease.consumer = text_of(body, "consumer", "http");
  if (const auto length = integer_of(body, "lease_ms", 0, 0, most_ms)) lease.lease = milliseconds(length);
  const milliseconds wait(integer_of(body, "wait_ms", 0, 0, parts.most_wait.count()));
  JsonArray messages;
  for (const Message& message : parts.queues.wait_and_lease(fiber, lease, wait))
    messages.push_back(to_json(message));
  return HttpResponse::json(200, JsonObject{{"messages", std::move(messages)}});
}

// --- leases ---

using Loss = std::optional<LeaseLoss>;

int status_of(LeaseLoss loss) { return loss == LeaseLoss::unknown ? 404 : 409; }

HttpResponse lease_answer(const std::vector<Loss>& losses, const Items& items, JsonObject extra = {}) {
  if (!items.batch) {
    if (losses.front()) return problem_response(status_of(*losses.front()), to_string(*losses.front()));
    extra["status"] = 200;
    return HttpResponse::json(200, extra);
  }
  JsonArray results;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    JsonObject line{{"lease", text_of(items.objects[i], "lease")},
                    {"status", losses[i] ? status_of(*losses[i]) : 200}};
    if (losses[i]) line["detail"] = to_string(*losses[i]);
    results.push_back(std::move(line));
  }
  extra["results"] = std::move(results);
  return HttpResponse::json(200, extra);
}

// Leases of a batch that cannot be read are unknown; alone, such a lease is a 404.
template <typename End>
HttpResponse end_leases(Fiber& fiber, HttpRequest& request, const QueueParts& parts, End&& end) {
  parts.authorize(fiber, request, "queues:work");
  const Items items = items_of(request, "leases");
  const auto losses = parts.queues.store().write(
      fiber,
      [&](Transaction& tx) {
        std::vector<Loss> found;
        for (const JsonObject& item : items.objects) {
          const auto token = LeaseToken::parse(text_of(item, "lease"));
          found.push_back(token ? end(tx, *token, item) : Loss(LeaseLoss::unknown));
        }
        return found;
      },
      own_locks);
  return lease_answer(losses, items);
}

// Like end_leases(), all at once.
HttpResponse ack(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  parts.authorize(fiber, request, "queues:work");
  const Items items = items_of(request, "leases");
  std::vector<Loss> losses(items.objects.size(), LeaseLoss::unknown);
  std::vector<LeaseToken> tokens;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < items.objects.size(); ++i) {
    const auto token = LeaseToken::parse(text_of(items.objects[i], "lease"));
    if (!token) continue;
    tokens.push_back(*token);
    places.push_back(i);
  }
  if (!tokens.empty()) {
    const auto found = parts.queues.try_ack(fiber, tokens);
    for (std::size_t i = 0; i < found.size(); ++i) losses[places[i]] = found[i];
  }
  return lease_answer(losses, items);
}

Nack nack_of(const JsonObject& item) {
  Nack how;
  const std::string kind = text_of(item, "kind", "failed");
  if (kind == "release") how.kind = Nack::Kind::release;
  else if (kind == "reject") how.kind = Nack::Kind::reject;
  else if (kind != "failed")
    throw Failure(FailureKind::invalid, "'kind' is failed, release or reject");
  how.error = text_of(item, "error");
  if (item.contains("delay_ms")) how.delay = milliseconds(integer_of(item, "delay_ms", 0, 0, most_ms));
  return how;
}

HttpResponse nack(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  return end_leases(fiber, request, parts,
                    [&](Transaction& tx, const LeaseToken& token, const JsonObject& item) {
                      return parts.queues.try_nack(tx, token, nack_of(item));
                    });
}

HttpResponse heartbeat(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  return end_leases(fiber, request, parts,
                    [&](Transaction& tx, const LeaseToken& token, const JsonObject& item) {
                      Timestamp until;
                      const milliseconds by(integer_of(item, "extend_ms", 30'000, 100, most_ms));
                      return parts.queues.try_heartbeat(tx, token, by, &until);
                    });
}

// --- following ---

void send_events(Fiber& fiber, SseWriter& out, const QueueParts& parts, EventFilter filter) {
  const auto limit = std::chrono::steady_clock::now() + parts.most_stream;
  while (std::chrono::steady_clock::now() < limit) {
    const EventPage page = parts.log.follow(fiber, filter, std::chrono::seconds(10));
    for (const Event& event : page.events)
      out.send(fiber, {event.topic, boost::json::serialize(to_json(event)),
                       std::to_string(event.position)});
    filter.after = page.next;
    if (page.events.empty()) out.keep_alive(fiber);
  }
}

HttpResponse stream_events(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  EventFilter filter;
  filter.tenant = parts.authorize(fiber, request, "events:read");
  filter.topic_pattern = std::string(request.query_value("topic").value_or("*"));
  filter.entity = std::string(request.query_value("entity").value_or(""));
  const auto last = request.headers.get("Last-Event-ID");
  if (last) {
    const auto [end, error] =
        std::from_chars(last->data(), last->data() + last->size(), filter.after);
    if (error != std::errc() || end != last->data() + last->size())
      throw Failure(FailureKind::invalid, "Last-Event-ID is the id of an event of this stream");
  } else if (request.query_value("after")) {
    filter.after = in_query(request, "after", 0);
  } else {
    // Without a place to continue from: what comes from now on.
    filter.after = parts.queues.store().read(
        fiber, [&](Snapshot& view) { return parts.log.end(view, filter.tenant); });
  }
  return sse_response([parts, filter](Fiber& inner, SseWriter& out) {
    send_events(inner, out, parts, filter);
  });
}

}  // namespace

std::vector<Route> queue_admin_routes(const QueueParts& parts);

std::vector<Route> queue_routes(const QueueParts& parts) {
  const auto with = [&parts](auto handler) -> HttpHandler {
    return [parts, handler](Fiber& fiber, HttpRequest& request) {
      return handler(fiber, request, parts);
    };
  };
  std::vector<Route> routes = {
      {"POST", "/v1/events", with(publish_events)},
      {"GET", "/v1/events/stream", with(stream_events)},
      {"POST", "/v1/queues/{queue}/messages", with(publish_messages)},
      {"POST", "/v1/queues/{queue}/poll", with(poll)},
      {"POST", "/v1/leases/ack", with(ack)},
      {"POST", "/v1/leases/nack", with(nack)},
      {"POST", "/v1/leases/heartbeat", with(heartbeat)},
  };
  for (Route& route : queue_admin_routes(parts)) routes.push_back(std::move(route));
  return routes;
}

}  // namespace junctor::api
