// `junctor connections`: made, shown and changed from the command line.
#pragma once

#include <vector>

#include "cli/command_line.h"

namespace junctor::cli {

// "connections add | test | options | list | show | set | enable | disable | remove". add asks for vars on a terminal, for
// secrets without echo; in scripts they come from --vars-file (JSON; "-" is standard input). Definitions
// are read from the PROJECT folders given, as `junctor serve` reads them.
std::vector<Command> connection_commands();

}  // namespace junctor::cli
