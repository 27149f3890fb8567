// `junctor plug`: look at an integration, call an action of it through a running engine, compare the
// answer with its schema, keep it as a fixture. `junctor build` and `junctor new` beside it.
//
// Threads: one.
#pragma once

#include <vector>

#include "cli/command_line.h"

namespace junctor {

// plug list, plug info, plug call: exit code 0 done, 1 failed (also when --compare finds differences).
// A call goes through the engine at --server, so that it uses the connection's real credentials.
std::vector<Command> plug_commands();

// build: a definition as it is after loading, with one file per schema. new: a folder to begin with.
std::vector<Command> definition_commands();

}  // namespace junctor
