// The operator's routes of queue_routes.h.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/queue_bodies.h"
#include "api/queue_routes.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/stats.h"
#include "queue/subscriptions.h"

namespace junctor::api {
namespace {

using namespace queue;
using std::chrono::milliseconds;

constexpr int bite = 500;
constexpr int most_bites = 100'000;
constexpr WriteOptions own_locks{Isolation::read_committed, Durability::synced};

std::string name_in(const HttpRequest& request, std::string_view parameter) {
  return std::string(request.path_value(parameter).value_or(""));
}

Json to_json(const QueueStats& stats) {
  return JsonObject{{"queue", stats.queue},
                    {"paused", stats.paused},
                    {"ready", stats.ready},
                    {"delayed", stats.delayed},
                    {"leased", stats.leased},
                    {"behind_lane", stats.behind_lane},
                    {"dead_letters", stats.dead_letters},
                    {"oldest_age_ms", stats.oldest_age.count()},
                    {"accepted", stats.accepted},
                    {"finished", stats.finished},
                    {"retried", stats.retried},
                    {"unaccounted", stats.unaccounted()}};
}

HttpResponse list(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:read");
  const auto report = parts.queues.stats().latest(fiber);
  JsonArray queues;
  for (const QueueStats& stats : report->queues)
    if (stats.tenant == tenant) queues.push_back(to_json(stats));
  return HttpResponse::json(200, JsonObject{{"queues", std::move(queues)},
                                            {"counted_at", junctor::to_string(report->counted_at)}});
}

HttpResponse put_queue(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:write");
  const JsonObject body = body_object(request);
  constexpr std::int64_t week = std::int64_t{7} * 24 * 3'600'000;
  QueueSettings settings;
  settings.most_attempts =
      static_cast<int>(integer_of(body, "most_attempts", settings.most_attempts, 0, 1'000'000));
  settings.lease = milliseconds(integer_of(body, "lease_ms", settings.lease.count(), 100, week));
  if (const Json* found = body.if_contains("backoff"); found != nullptr && found->is_object()) {
    const JsonObject& backoff = found->get_object();
    settings.backoff.first = milliseconds(integer_of(backoff, "first_ms", 1'000, 0, week));
    settings.backoff.most = milliseconds(integer_of(backoff, "most_ms", 3'600'000, 0, 4 * week));
    settings.backoff.factor = static_cast<double>(integer_of(backoff, "factor", 2, 1, 100));
  }
  parts.queues.store().write(fiber, [&](Transaction& tx) {
    parts.queues.ensure(tx, tenant, name_in(request, "queue"), settings);
  });
  parts.queues.wait_until_in_force(fiber);
  return HttpResponse::json(200, JsonObject{{"queue", name_in(request, "queue")}});
}

template <typename Change>
HttpResponse change(Fiber& fiber, HttpRequest& request, const QueueParts& parts, Change&& change_it) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:write");
  parts.queues.store().write(
      fiber, [&](Transaction& tx) { change_it(tx, tenant, name_in(request, "queue")); });
  parts.queues.wait_until_in_force(fiber);
  return HttpResponse::json(200, JsonObject{{"queue", name_in(request, "queue")}});
}

HttpResponse pause(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  return change(fiber, request, parts, [&](Transaction& tx, const TenantId& tenant, const auto& name) {
    parts.queues.pause(tx, tenant, name);
  });
}

HttpResponse resume(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  return change(fiber, request, parts, [&](Transaction& tx, const TenantId& tenant, const auto& name) {
    parts.queues.resume(tx, tenant, name);
  });
}

// In small commits, so that nobody waits long; ends when a step finds nothing, or after so many that
// somebody must be filling up as fast.
template <typename Step>
HttpResponse in_bites(Fiber& fiber, const QueueParts& parts, Step&& step) {
  std::int64_t total = 0;
  for (int i = 0; i < most_bites; ++i) {
    const int done = parts.queues.store().write(fiber, step, own_locks);
    if (done == 0) break;
    total += done;
  }
  return HttpResponse::json(200, JsonObject{{"count", total}});
}

HttpResponse purge(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:write");
  return in_bites(fiber, parts, [&](Transaction& tx) {
    return parts.queues.purge(tx, tenant, name_in(request, "queue"), bite);
  });
}

HttpResponse dead_letters(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:read");
  std::int64_t after = 0, most = 100, next = 0;
  const auto number = [&](std::string_view name, std::int64_t& out) {
    const auto text = request.query_value(name);
    if (text && std::from_chars(text->data(), text->data() + text->size(), out).ec != std::errc())
      throw Failure(FailureKind::invalid, fmt::format("?{}= is an integer", name));
  };
  number("after", after);
  number("most", most);
  const auto letters = parts.queues.store().read(fiber, [&](Snapshot& view) {
    return parts.queues.dead_letters(view, tenant, name_in(request, "queue"), after,
                                     static_cast<int>(std::clamp<std::int64_t>(most, 1, 1'000)), &next);
  });
  JsonArray out;
  for (const DeadLetter& letter : letters) out.push_back(api::to_json(letter));
  return HttpResponse::json(200, JsonObject{{"dead_letters", std::move(out)},
                                            {"next", next},
                                            {"cursor", std::to_string(next)}});
}

HttpResponse redrive(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:write");
  const JsonObject body = body_object(request);
  const Json* ids = body.if_contains("ids");
  if (ids == nullptr) {
    const Json* all = body.if_contains("all");
    if (all == nullptr || !all->is_bool() || !all->get_bool())
      throw Failure(FailureKind::invalid, R"(say which: {"ids": […]} or {"all": true})");
    return in_bites(fiber, parts, [&](Transaction& tx) {
      return parts.queues.redrive_all(tx, tenant, name_in(request, "queue"), bite);
    });
  }
  std::vector<MessageId> wanted;
  if (!ids->is_array() || ids->get_array().size() > 1'000)
    throw Failure(FailureKind::invalid, "'ids' is a list of at most 1000 ids");
  for (const Json& id : ids->get_array()) {
    const auto parsed = id.is_string() ? MessageId::parse(std::string(id.get_string())) : std::nullopt;
    if (!parsed) throw Failure(FailureKind::invalid, "an id is a UUID");
    wanted.push_back(*parsed);
  }
  const std::string queue = name_in(request, "queue");
  const int count = parts.queues.store().write(
      fiber,
      [&](Transaction& tx) {
        int done = 0;
        parts.queues.require(tx, tenant, queue);
        for (const MessageId& id : wanted) done += parts.queues.redrive(tx, tenant, queue, id) ? 1 : 0;
        return done;
      },
      own_locks);
  return HttpResponse::json(200, JsonObject{{"count", count}});
}

HttpResponse drop_dead_letters(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:write");
  return in_bites(fiber, parts, [&](Transaction& tx) {
    return parts.queues.purge_dead_letters(tx, tenant, name_in(request, "queue"), bite);
  });
}

HttpResponse list_subscriptions(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:read");
  JsonArray out;
  for (const Subscription& one : parts.queues.store().read(
           fiber, [&](Snapshot& view) { return subscriptions(view, tenant); }))
    out.push_back(JsonObject{{"name", one.name},
                             {"pattern", one.pattern},
                             {"queue", one.queue},
                             {"ignore_source", one.ignore_source}});
  return HttpResponse::json(200, JsonObject{{"subscriptions", std::move(out)}});
}

HttpResponse put_subscription(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:write");
  const JsonObject body = body_object(request);
  const Subscription made{tenant, name_in(request, "subscription"), text_of(body, "pattern"),
                          text_of(body, "queue"), text_of(body, "ignore_source")};
  parts.queues.store().write(fiber, [&](Transaction& tx) { subscribe(tx, parts.queues, made); });
  parts.queues.wait_until_in_force(fiber);
  return HttpResponse::json(200, JsonObject{{"name", made.name}});
}

HttpResponse delete_subscription(Fiber& fiber, HttpRequest& request, const QueueParts& parts) {
  const TenantId tenant = parts.authorize(fiber, request, "queues:write");
  const std::string name = name_in(request, "subscription");
  if (!parts.queues.store().write(
          fiber, [&](Transaction& tx) { return unsubscribe(tx, parts.queues, tenant, name); }))
    throw Failure(FailureKind::not_found, fmt::format("no subscription '{}'", name));
  parts.queues.wait_until_in_force(fiber);
  HttpResponse response;
  response.status = 204;
  return response;
}

}  // namespace

std::vector<Route> queue_admin_routes(const QueueParts& parts);

std::vector<Route> queue_admin_routes(const QueueParts& parts) {
  const auto with = [&parts](auto handler) -> HttpHandler {
    return [parts, handler](Fiber& fiber, HttpRequest& request) {
      return handler(fiber, request, parts);
    };
  };
  return {
      {"GET", "/v1/queues", with(list)},
      {"PUT", "/v1/queues/{queue}", with(put_queue)},
      {"POST", "/v1/queues/{queue}/pause", with(pause)},
      {"POST", "/v1/queues/{queue}/resume", with(resume)},
      {"POST", "/v1/queues/{queue}/purge", with(purge)},
      {"GET", "/v1/queues/{queue}/dead-letters", with(dead_letters)},
      {"POST", "/v1/queues/{queue}/dead-letters/redrive", with(redrive)},
      {"DELETE", "/v1/queues/{queue}/dead-letters", with(drop_dead_letters)},
      {"GET", "/v1/subscriptions", with(list_subscriptions)},
      {"PUT", "/v1/subscriptions/{subscription}", with(put_subscription)},
      {"DELETE", "/v1/subscriptions/{subscription}", with(delete_subscription)},
  };
}

}  // namespace junctor::api
