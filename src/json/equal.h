// Equality of JSON values as JSON Schema and the rest of Junctor mean it: by mathematical value.
//
// Threads: any thread.
#pragma once

#include <cstddef>

#include "junctor/json.h"

namespace junctor::json {

// 1 equals 1.0; objects are equal whatever the order of their members; true is not 1.
bool json_equal(const Json& a, const Json& b);

// Equal values have equal hashes.
std::size_t json_hash(const Json& value);

}  // namespace junctor::json
