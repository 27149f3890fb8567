#include "connector/schema_links.h"

#include <boost/json/value.hpp>

namespace junctor::connector {

SchemaRegistry schema_registry(const Integration& integration) {
  SchemaRegistry registry;
  for (const SchemaDef& schema : integration.schemas) {
    registry.add(std::string(schema_base) + schema.slug, schema.schema.json);
  }
  return registry;
}

Result<CompiledSchema> compile_schema(const Json& schema, SchemaRegistry& registry) {
  SchemaOptions options;
  options.formats = SchemaOptions::Formats::check;
  options.resolver = &registry;
  options.base_uri = std::string(schema_base) + "_";
  return CompiledSchema::compile(schema, options);
}

}  // namespace junctor::connector
