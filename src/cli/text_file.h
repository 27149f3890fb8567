// A text that a person names on the command line or at a prompt.
//
// Threads: any thread; no state.
#pragma once

#include <string>

#include "junctor/secret.h"

namespace junctor::cli {

// What a file holds, or standard input for "-". Never reads more than the bound. Throws Failure that names the
// file: {not_found}, {denied}, {invalid} for what is no file or longer than most_bytes.
Secret read_text(const std::string& place, std::size_t most_bytes);

}  // namespace junctor::cli
