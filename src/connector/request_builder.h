// The request of a declared action.
//
// Threads: any thread.
#pragma once

#include <optional>
#include <string>

#include "connector/call_scope.h"
#include "connector/compiled_call.h"
#include "net/client.h"

namespace junctor::connector {

// What makes the request of one page differ from the first.
struct PageTurn {
  int number = 0;                  // 0: the first
  std::optional<std::string> url;  // instead of everything that makes the URL
  JsonObject query;
  JsonObject headers;
  JsonObject body;                 // members of a JSON or form body, variables of a GraphQL one
};

// Everything but the credentials. Throws Failure{invalid}: a place of the path without a value, an
// expression that fails, a file that was not given.
ClientRequest build_request(const CompiledCall& call, const CallScope& scope, const Json& input,
                            const PageTurn& turn);

// A copy of what build_request gave, to put credentials into: what it gave can be sent again.
ClientRequest copy_of(const ClientRequest& built);

// {input, vars, connection, idempotency_key, now, page}: what `$` is while a request is made.
Json request_root(const CallScope& scope, const Json& input, const PageTurn& turn);

}  // namespace junctor::connector
