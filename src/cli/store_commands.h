// Commands about the database: migrate, backup, restore.
#pragma once

#include <vector>

#include "cli/command_line.h"

namespace junctor {

std::vector<Command> store_commands();

}  // namespace junctor
