// `?expand=`: ids in an output replaced by what they stand for, one call per field.
//
// Threads: any loop.
#pragma once

#include <string_view>

#include "engine/actions.h"
#include "engine/registry.h"

namespace junctor::api {

// wanted: "manager,department". Rows are the output itself when it is a list, its `results` or
// `items`, else the single object. Ids that are null or unknown stay. Throws ShapeFailure for a field
// that cannot be expanded, and what the called action throws.
void expand(Fiber& fiber, Actions& actions, const CallScope& scope,
            const LoadedIntegration& integration, const LoadedAction& action, std::string_view wanted,
            Json& output, CallTrace& trace);

}  // namespace junctor::api
