// The choices of a select field that an action fetches.
//
// Threads: any loop.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/actions.h"
#include "vault/connection.h"

namespace junctor {

struct OptionsQuestion {
  std::string integration;  // slug
  std::string field;        // key of a var
  // Whose vars and credentials the action is called with.
  std::optional<vault::Connection> connection;
  // Without a connection: what was entered so far. Secrets go nowhere, so the action has to be anonymous.
  JsonObject vars;
};

// [{"value", "label"}], at most 1,000; the definition's own list where no action is named.
//
// Throws Failure{not_found} for a field that is not declared, Failure{unsupported} for one that has no
// options, ConnectionFailure{not_authorised} for a field of the second phase without an authorised
// connection, ConnectionFailure{unknown_integration}, ProviderFailure{unavailable} for
// what the action gave and is no list of choices, and what the action throws.
JsonArray field_options(Fiber& fiber, Actions& actions, const TenantId& tenant,
                        const OptionsQuestion& question);

}  // namespace junctor
