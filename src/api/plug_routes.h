// Trying an integration's actions and paths with a connection, for whoever writes its definition.
//
//   POST /v1/integrations/{integration}/plug
//     {action, input?, connection?, save?}
//     the same as the part `question` of multipart/form-data, with the files of the action as further parts
//     {method?, path, query?, headers?, body?, connection?, compare?: true or the slug of an action}
//
// The answer: {run, duration_ms, action?, output?, cut_by? | status, headers, body, body_bytes, cut_short,
// differences: [{kind, path, message}], failure?, fixture?, saved?}. cut_by: the bound (pages, items, time) that ended
// a listing before its end. A failed call is a 200 with `failure`: what
// was asked for is to see what happens. `save` keeps the answer as fixtures/NAME.json beside the definition.
//
// A file that an action gives is base64 in `output`, within `response.max_bytes`; the action's own route streams it.
//
// Scope: plug:write. Each call is a run with the trigger "plug".
//
// Threads: any loop.
#pragma once

#include <vector>

#include "api/access.h"
#include "api/spool.h"
#include "engine/actions.h"
#include "net/router.h"

namespace junctor::api {

struct PlugParts {
  Actions& actions;
  Store& store;
  const Clock& clock;
  const Access& access;
  Spool& spool;
};

std::vector<Route> plug_routes(const PlugParts& parts);

}  // namespace junctor::api
