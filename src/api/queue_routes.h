// Events and queues over HTTP: publish, poll, acknowledge, follow, and what an operator does.
//
//   POST   /v1/events                          {topic, payload, …} or {"events": […]}; Idempotency-Key
//   GET    /v1/events/stream                   server-sent events; ?topic=, ?entity=, Last-Event-ID
//   GET    /v1/queues                          settings and counts
//   PUT    /v1/queues/{queue}                  {most_attempts, lease_ms, backoff: {first_ms, factor, most_ms}}
//   POST   /v1/queues/{queue}/messages         {topic, payload, …} or {"messages": […]}; Idempotency-Key
//   POST   /v1/queues/{queue}/poll             {most, wait_ms, lease_ms, consumer}: leases, waiting for the first
//   POST   /v1/leases/ack                      {lease} or {"leases": […]}
//   POST   /v1/leases/nack                     {lease, kind, error, delay_ms} or {"leases": […]}
//   POST   /v1/leases/heartbeat                {lease, extend_ms} or {"leases": […]}
//   POST   /v1/queues/{queue}/pause, /resume, /purge
//   GET    /v1/queues/{queue}/dead-letters     ?after=, ?most=
//   POST   /v1/queues/{queue}/dead-letters/redrive    {"ids": […]} or {"all": true}
//   DELETE /v1/queues/{queue}/dead-letters
//   GET    /v1/subscriptions, PUT and DELETE /v1/subscriptions/{subscription}
//
// A 2xx to publish, ack and nack means on disk. Answers: 404 unknown queue or lease, 409 a lease that
// does not count any more, with what happened to the message, 413, 422 an idempotency key that came with
// another payload, 503 and 507 with Retry-After. A batch of leases is answered item by item with 200;
// a batch of publications is one commit, all or nothing.
//
// Threads: any loop.
// Lifetime: what QueueParts refers to outlives the routes.
#pragma once

#include <functional>
#include <vector>

#include "net/router.h"
#include "queue/event_log.h"
#include "queue/queues.h"

namespace junctor::api {

struct QueueParts {
  queue::Queues& queues;
  queue::EventLog& log;
  // The caller's tenant; throws Failure{denied}. scope: "events:write", "events:read", "queues:read",
  // "queues:work", "queues:write".
  std::function<TenantId(Fiber&, const HttpRequest&, const char* scope)> authorize;
  // The longest a poll waits and a stream stays open.
  std::chrono::milliseconds most_wait{60'000};
  std::chrono::milliseconds most_stream{std::chrono::hours(1)};
};

std::vector<Route> queue_routes(const QueueParts& parts);

}  // namespace junctor::api
