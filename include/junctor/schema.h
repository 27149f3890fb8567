// JSON Schema 2020-12: compile a schema once, judge any number of documents.
//
// 2019-09, draft-07 and draft-06 schemas are understood through their own `$schema`. What the
// implementation decides where the specification leaves a choice is in docs/schema.md.
//
// Source: https://json-schema.org/draft/2020-12 (core and validation).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/json.h"
#include "junctor/result.h"

namespace junctor {

namespace schema {
struct Program;
}

// Where schema documents behind absolute URIs come from. Metaschemas need no resolver: they are
// part of the library.
//
// Threads: called by compile, on its thread, and never later.
class SchemaResolver {
 public:
  virtual ~SchemaResolver() = default;
  // The document at an absolute URI without fragment; nullopt when there is none.
  virtual std::optional<Json> find(std::string_view uri) = 0;
  // Why the last call of find had nothing for this URI, for the message; empty: no more to say.
  virtual std::string why_not(std::string_view) { return {}; }
};

// Documents in memory.
class SchemaRegistry final : public SchemaResolver {
 public:
  void add(std::string uri, Json document);
  std::optional<Json> find(std::string_view uri) override;

 private:
  std::map<std::string, Json, std::less<>> documents_;
};

struct SchemaOptions {
  enum class Formats : std::uint8_t {
    annotate,  // `format` says something and checks nothing: the specification's default
    check,     // `format` is judged; a format without a name known here passes
  };
  Formats formats = Formats::annotate;

  // Asked for documents that the schema refers to; none: only the schema itself and metaschemas.
  // Must outlive the call of compile, not the result.
  SchemaResolver* resolver = nullptr;

  // What relative references of a schema without `$id` stand under.
  std::string base_uri;

  std::size_t max_nodes = 200000;    // subschemas of all documents together
  std::size_t max_documents = 1000;  // asked of the resolver
};

struct SchemaLimits {
  std::size_t max_errors = 100;              // collected by validate; at least 1
  std::size_t max_depth = 256;               // subschemas applied inside one another; 1.2 KiB of stack each
  std::size_t max_steps = 50'000'000;        // subschemas applied in all
  std::uint32_t max_pattern_steps = 200000;  // of one match of a pattern that is no table
};

// One reason why a document does not satisfy its schema.
struct SchemaError {
  std::string instance_path;  // JSON Pointer into the document
  std::string schema_path;    // JSON Pointer through the schema, `$ref`s followed
  std::string schema_uri;     // where that keyword stands: URI and pointer
  std::string keyword;        // "required"; empty for the schema `false`
  std::string message;        // what was found and what is expected

  friend bool operator==(const SchemaError&, const SchemaError&) = default;
};

// Working memory for judging texts: keeps its buffers between documents.
//
// Threads: one caller at a time; keep one per thread or loop.
class SchemaTextReader final {
 public:
  SchemaTextReader();
  ~SchemaTextReader();
  SchemaTextReader(const SchemaTextReader&) = delete;
  SchemaTextReader& operator=(const SchemaTextReader&) = delete;

 private:
  friend class CompiledSchema;
  struct State;
  std::unique_ptr<State> state_;
};

// A schema in the form that judges.
//
// Threads: immutable, any thread; copies share the compiled form.
class CompiledSchema final {
 public:
  // Problems: keywords with wrong values, patterns that do not compile, references that lead
  // nowhere, unknown required vocabularies, references that run in a circle without touching the
  // document, bounds. Their path is a JSON Pointer into the schema, their file the document's URI
  // where it is not the schema itself.
  static Result<CompiledSchema> compile(const Json& schema, const SchemaOptions& options = {});

  // Whether the document satisfies the schema. Stops at the first error; a bound that is reached
  // counts as an error.
  bool accepts(const Json& document, const SchemaLimits& limits = {}) const;

  // Every error, in the order of the document; empty when it satisfies the schema.
  std::vector<SchemaError> validate(const Json& document, const SchemaLimits& limits = {}) const;

  // The same without building a Json first: false also for what is no JSON. Several times as fast
  // as parsing and then judging.
  bool accepts_text(std::string_view text, SchemaTextReader& reader,
                    const SchemaLimits& limits = {}) const;

  // Problems say why the text is no JSON; otherwise every error.
  Result<std::vector<SchemaError>> validate_text(std::string_view text, SchemaTextReader& reader,
                                                 const SchemaLimits& limits = {}) const;

  const schema::Program& program() const { return *program_; }

 private:
  explicit CompiledSchema(std::shared_ptr<const schema::Program> program);
  // Shared by all copies, and by nobody else.
  std::shared_ptr<const schema::Program> program_;
};

// What normalise may change.
struct NormaliseOptions {
  enum class Coercion : std::uint8_t {
    none,
    // Strings become what the schema asks for: "12" an integer, "true" "false" "1" "0" a boolean,
    // a single value an array of one. For input that arrives as text: path, query, header, form.
    from_text,
  };
  enum class Defaults : std::uint8_t { leave, fill };
  // strip: members that no `properties` or `patternProperties` declares are removed, at every
  // level, where the schema does not speak about them. `additionalProperties` speaks: true or a
  // schema keeps them, false makes them an error.
  enum class Undeclared : std::uint8_t { keep, strip };

  Coercion coercion = Coercion::none;
  Defaults defaults = Defaults::fill;
  Undeclared undeclared = Undeclared::strip;
  SchemaLimits limits;
};

// The document made to fit its schema, or a Problem with the JSON path of each fault.
//
// "" is no number. A default stands in for an absent member only, never for null. Members of a
// default are filled in their turn. Of anyOf and oneOf, the first alternative that accepts counts.
Result<Json> normalise(const CompiledSchema& schema, Json document,
                       const NormaliseOptions& options = {});

// A schema error as a Problem: `path` is a dotted path, as people write it.
Problem to_problem(const SchemaError& error);

}  // namespace junctor
