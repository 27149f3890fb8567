// JSON Pointer (RFC 6901), and the dotted paths people read.
//
// Threads: any thread. Lifetime: what find returns points into the document.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/json.h"
#include "junctor/result.h"

namespace junctor::json {

// Appends "/" and the token with "~" and "/" escaped.
void append_pointer_token(std::string& pointer, std::string_view token);

// The unescaped tokens; nullopt when the text is no pointer (no leading '/', a stray '~').
std::optional<std::vector<std::string>> parse_pointer(std::string_view pointer);

// The value at the pointer, or nullptr. "" is the document itself. An array index has no leading
// zero and no sign.
const Json* find_pointer(const Json& document, std::string_view pointer);
Json* find_pointer(Json& document, std::string_view pointer);

// Puts the value at the pointer, making objects for missing parents; "-" or the size of an array
// appends. A Problem when the pointer is malformed, meets a scalar, or skips an array index.
Result<Json*> set_pointer(Json& document, std::string_view pointer, Json value);

// Removes what stands at the pointer; false when nothing does. The document itself stays.
bool remove_pointer(Json& document, std::string_view pointer);

// "/a/0/b c" as a person writes it: "a[0]['b c']"; "" becomes "$".
std::string path_of_pointer(std::string_view pointer);

}  // namespace junctor::json
