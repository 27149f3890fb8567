// Keys that stand twice in one object of a JSON text, where a person wrote it and meant one of them.
//
// Threads: any thread; no shared state.
#pragma once

#include <optional>
#include <string_view>

#include "junctor/result.h"

namespace junctor::json {

// The first repeated key of a text that json::parse accepts, with its line. Keeps the keys of the objects that are
// open, and nothing of the values.
std::optional<Problem> repeated_key(std::string_view text);

}  // namespace junctor::json
