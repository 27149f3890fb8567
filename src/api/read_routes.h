// What the hub, the command line and people read: integrations, runs, events, schedules, endpoints.
//
// Threads: any loop.
#pragma once

#include <boost/json/array.hpp>
#include <vector>

#include "api/access.h"
#include "engine/current_registry.h"
#include "engine/endpoints.h"
#include "engine/reactor.h"
#include "engine/run_calls.h"
#include "junctor/json.h"
#include "net/router.h"

namespace junctor::api {

struct ReadParts {
  Store& store;
  const CurrentRegistry& registry;
  queue::EventLog& events;
  WebhookEndpoints& endpoints;
  Reactor& reactor;
  const Clock& clock;
  const Access& access;
};

std::vector<Route> integration_routes(const ReadParts& parts);
std::vector<Route> run_routes(const ReadParts& parts);
// What a run sent to other systems, redacted: GET /v1/runs/{run}/calls.
std::vector<Route> run_call_routes(const ReadParts& parts);
JsonArray calls_json(const RunCalls& calls);
// GET /v1/events: from the oldest with ?after=, from the newest with ?order=newest, then ?before=.
// "cursor" is "next" as text: positions are larger than what numbers of JavaScript hold.
std::vector<Route> event_routes(const ReadParts& parts);
std::vector<Route> endpoint_routes(const ReadParts& parts);

}  // namespace junctor::api
