// The JSON Schema that parameters and fields stand for.
//
// Threads: any thread.
#pragma once

#include "junctor/integration.h"

namespace junctor::connector {

// {"type": "object", "properties": …, "required": …}: what is not declared is left out of the input.
Json schema_of_params(const std::vector<Param>& params);

}  // namespace junctor::connector
