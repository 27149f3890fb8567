// How the schemas of one definition refer to each other: {"$ref": "employee"} is the schema of that
// slug, from any schema of the same integration.
//
// Threads: any thread.
#pragma once

#include <string_view>

#include "junctor/integration.h"
#include "junctor/schema.h"

namespace junctor::connector {

// Where the schemas of every definition seem to stand: a slug is a relative reference below it.
inline constexpr std::string_view schema_base = "junctor://schemas/";

SchemaRegistry schema_registry(const Integration& integration);

// Compiles with `format` checked, and references to the registry's documents.
Result<CompiledSchema> compile_schema(const Json& schema, SchemaRegistry& registry);

}  // namespace junctor::connector
