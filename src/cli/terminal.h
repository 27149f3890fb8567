// Asking a person on the terminal.
//
// Threads: one.
#pragma once

#include <string>

#include "junctor/secret.h"

namespace junctor::cli {

// Whether standard input is a terminal.
bool is_interactive();
// One line, without its end; Failure{cancelled} at the end of input.
std::string ask(const std::string& question);
// The same without echo; the terminal's settings are restored whatever happens.
Secret ask_secret(const std::string& question);

}  // namespace junctor::cli
