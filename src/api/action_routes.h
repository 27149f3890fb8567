// Actions over HTTP: at their declared routes, and below /v1/integrations.
//
// Threads: any loop.
#pragma once

#include <vector>

#include "api/access.h"
#include "api/spool.h"
#include "engine/actions.h"
#include "net/router.h"

namespace junctor::api {

struct ActionParts {
  Actions& actions;
  Store& store;
  const CurrentRegistry& registry;
  const Clock& clock;
  const Access& access;
  Spool& spool;
};

// POST /v1/integrations/{integration}/actions/{action}; body: the input, or call_body.h for files. An action whose
// answer is a file is answered with that file, as it comes; a client that accepts application/json alone gets {base64,
// content_type} instead, within `response.max_bytes`. Header Junctor-Connection:
// name or id of the connection. Answer: Junctor-Run, the run's id; Junctor-Cut-Short (pages, items or time), when a
// bound of the pagination ended a listing before its end.
std::vector<Route> action_routes(const ActionParts& parts);

// One route per action of the registry in force; set again after a reload.
std::vector<Route> declared_routes(const ActionParts& parts);

}  // namespace junctor::api
