// `?expand=`: ids in an output replaced by what they stand for, one call per field.
//
// Threads: any loop.
#pragma once

#include <string_view>
#include <vector>

#include "engine/actions.h"
#include "engine/registry.h"

namespace junctor::api {

// wanted: "manager,department". Throws ShapeFailure for a field that cannot be expanded.
std::vector<const Expandable*> wanted_fields(const Action& action, std::string_view wanted);

// Rows are the output itself when it is a list, its `results` or `items`, else the single object. Ids that are
// null or unknown stay. Throws what the called actions throw; that the caller may call them is looked at before.
void expand(Fiber& fiber, Actions& actions, const CallScope& scope, const LoadedIntegration& integration,
            const std::vector<const Expandable*>& fields, Json& output, CallTrace& trace);

}  // namespace junctor::api
