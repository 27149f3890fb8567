// `junctor schema validate` and `junctor schema infer`.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "junctor/schema.h"

namespace junctor {

struct SchemaCommandOptions {
  enum class Action : std::uint8_t {
    validate,  // each file against schema_file
    batch,     // {"schema", "instance"} per line of the files, {"valid", "errors"} per line out
    infer,     // the schema that every sample satisfies
  };
  enum class Samples : std::uint8_t {
    documents,  // a file is one sample; .jsonl and .ndjson files hold one per line
    lines,      // every line of every file is a sample
    items,      // every item of a file's top-level list is a sample
  };
  enum class Output : std::uint8_t { text, json };

  Action action = Action::validate;
  std::string schema_file;         // validate; "-" is the standard input
  std::vector<std::string> files;  // none, or "-": the standard input
  Samples samples = Samples::documents;
  Output output = Output::text;
  SchemaOptions::Formats formats = SchemaOptions::Formats::annotate;
  // Finds the documents that a schema refers to, but for the files beside schema_file; may be null.
  // Must outlive the call.
  SchemaResolver* resolver = nullptr;
};

// Returns the exit code: 0 everything valid (batch: every line answered; infer: written), 1 something
// is invalid or cannot be read, 2 misuse. Answers go to `out`, what prevents them to `err`.
int run_schema_command(const SchemaCommandOptions& options, std::istream& in, std::ostream& out,
                       std::ostream& err);

// The commands as the argument parser knows them, over the standard streams. References to other
// documents are fetched over HTTP, unless --offline is given.
std::vector<Command> schema_commands();

}  // namespace junctor
