// `junctor token`: tokens of the management API.
#pragma once

#include <vector>

#include "cli/command_line.h"

namespace junctor::cli {

// "token create", "token list", "token revoke". A token is printed once, by create.
std::vector<Command> token_commands();

}  // namespace junctor::cli
