// What is published about integration.yaml, made from the same shapes that read it.
//
// Threads: any thread.
#pragma once

#include <string>

#include "junctor/json.h"

namespace junctor::connector {

// The JSON Schema of integration.yaml, for editors: docs/integration.schema.json.
Json definition_schema();
// Every key of every structure as Markdown tables: the second half of docs/definitions.md.
std::string definition_tables();

}  // namespace junctor::connector
