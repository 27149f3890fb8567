// Second and third phase of a definition: names, slugs and defaults; functions out of actions.
//
// Threads: any thread.
#pragma once

#include "junctor/integration.h"

namespace junctor::connector {

// Gives everything its slug in snake_case, its name, and what else a definition may leave out; moves
// the short `events` of actions into triggers. Doing it twice changes nothing.
void fill_names(Integration& integration);

// One function per action that has none of its slug. Its path is the action's real route.
void extract_functions(Integration& integration);

}  // namespace junctor::connector
