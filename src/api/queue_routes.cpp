#include "api/queue_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "api/queue_bodies.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/problem.h"
#include "net/sse.h"

namespace junctor::api {
namespace {

using namespace queue;
using std::chrono::milliseconds;

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

// How one lease of a request fared; `detail` says what happened to a message that is lost to the caller.
struct Fate {
  int status = 200;
  std::string detail;
};

HttpResponse lease_answer(const std::vector<Fate>& fates, const Items& items) {
  if (!items.batch) {
    const Fate& only = fates.front();
    if (only.status != 200) return problem_response(only.status, only.detail);
    return HttpResponse::json(200, JsonObject{{"status", 200}});
  }
  JsonArray results;
  for (std::size_t i = 0; i < fates.size(); ++i) {
    JsonObject line{{"lease", text_of(items.objects[i], "lease")}, {"status", fates[i].status}};
    if (fates[i].status != 200) line["detail"] = fates[i].detail;
    results.push_back(std::move(line));
  }
  return HttpResponse::json(200, JsonObject{{"results", std::move(results)}});
}

// A text that is no lease, and a lease of another tenant, are unknown.
std::vector<LeaseToken> tokens_of(const Items& items, const TenantId& tenant) {
  std::vector<LeaseToken> tokens;
  for (const JsonObject& item : items.objects)
    tokens.push_back(
        LeaseToken::parse(text_of(item, "lease"), tenant).value_or(LeaseToken{0, 0, 0, tenant}));
  return tokens;
}

using Losses = std::vector<std::optional<LeaseLoss>>;

std::vector<Fate> fates_of(Snapshot& view, Queues& queues, const std::vector<LeaseToken>& tokens,
                           const Losses& losses) {
  std::vector<Fate> found(losses.size());
  for (std::size_t i = 0; i < losses.size(); ++i)
    if (losses[i])
      found[i] = {*losses[i] == LeaseLoss::unknown ? 404 : 409,
                  queues.describe(view, tokens[i], *losses[i])};
  return found;
}

template <typename End>
HttpResponse end_leases(Fiber& fiber, HttpRequest& request, const QueueParts& parts, End&& end) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:work");
  const Items items = items_of(request, "leases");
  const std::vector<LeaseToken> tokens = tokens_of(items, tenant);
  const auto fates = parts.queues.store().write(
      fiber,
      [&](Transaction& tx) {
        return fates_of(tx, parts.queues, tokens, end(tx, tokens, items.objects));
      },
      own_locks);
  return lease_answer(fates, items);
}

// Like end_leases(), all at once.
HttpResponse ack(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:work");
  const Items items = items_of(request, "leases");
  const std::vector<LeaseToken> tokens = tokens_of(items, tenant);
  const Losses losses = parts.queues.try_ack(fiber, tokens);
  if (std::none_of(losses.begin(), losses.end(), [](const auto& loss) { return loss.has_value(); }))
    return lease_answer(std::vector<Fate>(losses.size()), items);
  return lease_answer(parts.queues.store().read(fiber,
                                                [&](Snapshot& view) {
                                                  return fates_of(view, parts.queues, tokens, losses);
                                                }),
                      items);
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
                    [&](Transaction& tx, const std::vector<LeaseToken>& tokens, const auto& items) {
                      Losses losses;
                      for (std::size_t i = 0; i < tokens.size(); ++i)
                        losses.push_back(parts.queues.try_nack(tx, tokens[i], nack_of(items[i])));
                      return losses;
                    });
}

HttpResponse heartbeat(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  return end_leases(fiber, request, parts,
                    [&](Transaction& tx, const std::vector<LeaseToken>& tokens, const auto& items) {
                      Losses losses;
                      Timestamp until;
                      for (std::size_t i = 0; i < tokens.size(); ++i) {
                        const milliseconds by(integer_of(items[i], "extend_ms", 30'000, 100, most_ms));
                        losses.push_back(parts.queues.try_heartbeat(tx, tokens[i], by, &until));
                      }
                      return losses;
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
std::vector<Route> publish_routes(const QueueParts& parts);

std::vector<Route> queue_routes(const QueueParts& parts) {
  const auto with = [&parts](auto handler) -> HttpHandler {
    return [parts, handler](Fiber& fiber, HttpRequest& request) {
      return handler(fiber, request, parts);
    };
  };
  std::vector<Route> routes = {
      {"GET", "/v1/events/stream", with(stream_events)},
      {"POST", "/v1/queues/{queue}/poll", with(poll)},
      {"POST", "/v1/leases/ack", with(ack)},
      {"POST", "/v1/leases/nack", with(nack)},
      {"POST", "/v1/leases/heartbeat", with(heartbeat)},
  };
  for (Route& route : publish_routes(parts)) routes.push_back(std::move(route));
  for (Route& route : queue_admin_routes(parts)) routes.push_back(std::move(route));
  return routes;
}

}  // namespace junctor::api
