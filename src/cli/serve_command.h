// `junctor serve`.
#pragma once

#include "cli/command_line.h"
#include "junctor/integration.h"

namespace junctor {

// Serves until SIGTERM or SIGINT; SIGHUP reads the definitions again. 0 after an orderly end, 1 when it
// could not start.
int run_serve_command(const Given& given, const std::vector<Integration>& built_in);

}  // namespace junctor
