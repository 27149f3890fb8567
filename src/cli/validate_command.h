// `junctor validate`.
#pragma once

#include "cli/command_line.h"

namespace junctor {

// Every problem and warning of every definition, one line each: 0 when there is no problem, else 1.
int run_validate_command(const Given& given);

}  // namespace junctor
