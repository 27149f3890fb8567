// `junctor token`: tokens of the management API.
#pragma once

#include <vector>

#include "cli/command_line.h"
#include "junctor/integration.h"

namespace junctor::cli {

// "token create", "token list", "token revoke". A token is printed once, by create, which takes the scopes of the
// API, of the projects and of the integrations built in.
std::vector<Command> token_commands(const std::vector<Integration>& built_in);

}  // namespace junctor::cli
