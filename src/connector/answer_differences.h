// Where an answer differs from the schema that a definition promises: for whoever writes the definition.
//
// Threads: any thread.
#pragma once

#include <string>
#include <vector>

#include "junctor/integration.h"

namespace junctor::connector {

struct Difference {
  enum class Kind {
    undocumented,  // a member that no schema names
    missing,       // a required member is not there
    different,     // another type or value
  };
  Kind kind = Kind::different;
  std::string path;     // JSON Pointer into the answer
  std::string message;  // what was found and what is expected
  friend bool operator==(const Difference&, const Difference&) = default;
};

std::string_view to_string(Difference::Kind kind);

// At most 200, in the order of the answer: first what breaks the schema, then what it does not mention.
// Members below a schema that names none, or that says additionalProperties, are not undocumented.
// Throws Failure{invalid} for a schema that does not compile.
std::vector<Difference> differences(const Integration& integration, const Action& action, const Json& answer);

// The declared action that sends this method and path (without its query); null when none does.
const Action* action_of_path(const Integration& integration, std::string_view method, std::string_view path);

}  // namespace junctor::connector
