// Writing JSON text: numbers exactly as JavaScript prints them.
//
// Threads: any thread; no shared state.
#pragma once

#include <string>

#include "junctor/json.h"

namespace junctor::json {

enum class Layout {
  compact,  // no white space at all
  pretty,   // two spaces per level, ": " after keys, [] and {} when empty
};

// The text of a value. Members keep their order. Numbers print as in JavaScript: the shortest
// text that reads back the same, 1e21 as 1e+21, 2.0 as 2, -0 as 0; NaN and infinities as null.
std::string to_text(const Json& value, Layout layout = Layout::compact);

// The same, appended to `out`.
void append_text(const Json& value, std::string& out, Layout layout = Layout::compact);

// A number as JavaScript's Number.prototype.toString prints it.
std::string number_text(double number);

}  // namespace junctor::json
