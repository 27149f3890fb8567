// Asking a person on the terminal.
//
// Threads: one; no two questions at a time.
// Invariants:
//   1. Whatever ends or stops the process while a secret is asked for, short of SIGKILL and SIGSTOP, the terminal
//      echoes again afterwards; what was typed so far is dropped. After SIGCONT the echo is off again and the
//      question is repeated.
//   2. A line that the terminal may have cut is a problem, and no value.
#pragma once

#include <string>

#include "junctor/result.h"
#include "junctor/secret.h"

namespace junctor::cli {

enum class Echo { on, off };

// Whether standard input is a terminal.
bool is_interactive();

// One line, without its end; Failure{cancelled} at the end of input.
Result<Secret> ask_line(const std::string& question, Echo echo);

// Lines up to an empty one or one that begins with -----END, at most 64 KiB; one line where it begins with "@".
Result<Secret> ask_lines(const std::string& question, Echo echo);

}  // namespace junctor::cli
