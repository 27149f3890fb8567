// Junctor as a library: your integrations and the engine in one executable.
//
//   int main(int argc, char** argv) { return junctor::run(argc, argv, {hr_integration()}); }
//
// The program then has every command of `junctor` ("serve", "validate", …), and serves these
// integrations beside the folders it is given.
#pragma once

#include <vector>

#include "junctor/integration.h"

namespace junctor {

// Runs the command that the arguments name. Returns the exit code: 0 done, 1 failed, 2 misuse.
// From here on the process zeroes the memory that it frees, since secrets pass through it, and leaves no core dump.
//
// Threads: the main thread, once.
int run(int argc, const char* const* argv, const std::vector<Integration>& integrations = {});

}  // namespace junctor
