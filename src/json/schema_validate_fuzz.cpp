// First line: a schema; the rest: a document. Every way of judging must give the same answer.
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "json/infer.h"
#include "json/parse.h"
#include "junctor/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto split = text.find('\n');
  if (split == std::string_view::npos) return 0;
  const auto schema = junctor::json::parse(text.substr(0, split));
  if (!schema) return 0;
  junctor::SchemaOptions options;
  options.formats = junctor::SchemaOptions::Formats::check;
  const auto compiled = junctor::CompiledSchema::compile(schema.value(), options);
  if (!compiled) return 0;
  junctor::SchemaLimits limits;
  limits.max_steps = 10000;
  limits.max_pattern_steps = 10000;
  const std::string_view document_text = text.substr(split + 1);
  junctor::SchemaTextReader reader;
  const bool by_text = compiled.value().accepts_text(document_text, reader, limits);
  const auto document = junctor::json::parse(document_text);
  if (!document) {
    if (by_text) std::abort();
    return 0;
  }
  const bool by_value = compiled.value().accepts(document.value(), limits);
  const auto errors = compiled.value().validate(document.value(), limits);
  if (by_value != errors.empty() || by_value != by_text) std::abort();
  junctor::NormaliseOptions normalise;
  normalise.coercion = junctor::NormaliseOptions::Coercion::from_text;
  normalise.limits = limits;
  const auto fitted = junctor::normalise(compiled.value(), document.value(), normalise);
  if (fitted && !compiled.value().accepts(fitted.value(), limits)) std::abort();
  const auto inferred = junctor::CompiledSchema::compile(junctor::json::infer_schema({document.value()}));
  if (!inferred || !inferred.value().accepts(document.value())) std::abort();
  return 0;
}
