// `junctor validate`.
#pragma once

#include <vector>

#include "cli/command_line.h"
#include "junctor/integration.h"

namespace junctor {

// Every problem and warning of every definition, and of the connections and endpoints of projects, one
// line each: 0 when there is no problem, else 1. Projects may name what is built in.
int run_validate_command(const Given& given, const std::vector<Integration>& built_in);

}  // namespace junctor
