// Any text as a schema: compile answers with a program or problems, never worse.
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>

#include "json/parse.h"
#include "junctor/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto schema = junctor::json::parse(text);
  if (!schema) return 0;
  junctor::SchemaOptions options;
  options.formats = junctor::SchemaOptions::Formats::check;
  const auto compiled = junctor::CompiledSchema::compile(schema.value(), options);
  if (!compiled) return 0;
  junctor::SchemaLimits limits;
  limits.max_steps = 10000;
  limits.max_pattern_steps = 10000;
  (void)compiled.value().validate(schema.value(), limits);  // a schema is a document as well
  return 0;
}
