// A definition as JSON (which is YAML too): what the loader reads back to the same value.
//
// Threads: any thread.
#pragma once

#include <string>

#include "connector/shape.h"

namespace junctor::connector {

// Everything that differs from its default. Named lists become mappings. Handlers are left out.
Json encode(const Shape& shape, const void* object);
Json encode_integration(const Integration& integration);
// The same as YAML text in the order of the structs.
std::string to_yaml(const Json& json);

}  // namespace junctor::connector
