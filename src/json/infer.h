// A schema from samples, and samples against a schema: for whoever writes a connector.
//
// Threads: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/json.h"
#include "junctor/schema.h"

namespace junctor::json {

// Collects samples of one kind of document and writes the JSON Schema 2020-12 that all satisfy.
//
// What it decides: types seen become `type`, a member of every sample becomes required, integers
// stay integers until a fraction is seen, strings of one well-known format get `format`, and few
// short words seen again and again an `enum`. Objects whose keys are all numbers or UUIDs are maps.
// Memory grows with the number of distinct members, not of samples; nesting counts to depth 64.
//
// Threads: one caller.
class SchemaSamples {
 public:
  SchemaSamples();
  ~SchemaSamples();
  SchemaSamples(SchemaSamples&&) noexcept;
  SchemaSamples& operator=(SchemaSamples&&) noexcept;

  void add(const Json& sample);
  std::size_t count() const;
  // The schema of what was added so far; the schema `{}` before the first sample.
  Json schema() const;

 private:
  struct Shape;
  std::unique_ptr<Shape> shape_;
};

// The schema of these samples.
Json infer_schema(const std::vector<Json>& samples);

// How a document differs from what its schema says.
struct SchemaDifference {
  enum class Kind : std::uint8_t {
    missing,       // a required member is not there
    extra,         // a member that the schema does not declare
    type_changed,  // another type than declared
    value,         // any other rule: enum, format, bounds
  };
  Kind kind = Kind::value;
  std::string path;  // JSON Pointer of what is missing, extra or different
  std::string message;

  friend bool operator==(const SchemaDifference&, const SchemaDifference&) = default;
};

std::string_view to_string(SchemaDifference::Kind kind);

// Every difference, errors first; empty when the document is exactly as declared.
std::vector<SchemaDifference> compare(const Json& document, const CompiledSchema& schema);

}  // namespace junctor::json
