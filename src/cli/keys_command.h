// `junctor keys`: root keys and data keys.
#pragma once

#include <vector>

#include "cli/command_line.h"

namespace junctor::cli {

// "keys generate" prints a fresh root key; "keys rotate" changes keys while an engine serves;
// "keys destroy TENANT" makes a tenant's secrets unreadable for good.
std::vector<Command> keys_commands();

}  // namespace junctor::cli
