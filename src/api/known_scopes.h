// The scopes that a token may be given.
//
// Threads: any thread; no state.
#pragma once

#include <optional>

#include "auth/principal.h"
#include "engine/registry.h"
#include "junctor/result.h"

namespace junctor::api {

// What is wrong with scopes that nothing asks for: neither a route of the API nor an action that is loaded. Names
// them and what there is.
std::optional<Problem> unknown_scopes(const auth::Scopes& scopes, const Registry& registry);

}  // namespace junctor::api
