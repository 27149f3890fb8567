// Actions over HTTP: at their declared routes, and below /v1/integrations.
//
// Threads: any loop.
#pragma once

#include <vector>

#include "api/access.h"
#include "engine/actions.h"
#include "net/router.h"

namespace junctor::api {

struct ActionParts {
  Actions& actions;
  Store& store;
  const CurrentRegistry& registry;
  const Clock& clock;
  const Access& access;
};

// POST /v1/integrations/{integration}/actions/{action}; body: the input. Header Junctor-Connection:
// name or id of the connection. Answer: Junctor-Run, the run's id; Junctor-Cut-Short (pages, items or time), when a
// bound of the pagination ended a listing before its end.
std::vector<Route> action_routes(const ActionParts& parts);

// One route per action of the registry in force; set again after a reload.
std::vector<Route> declared_routes(const ActionParts& parts);

}  // namespace junctor::api
