// What one evaluation carries along: bounds, the dynamic scope, what was evaluated, errors.
//
// Threads: one caller.
#pragma once

#include <cstdint>
#include <vector>

#include "json/pattern.h"
#include "json/schema_program.h"
#include "junctor/schema.h"

namespace junctor::schema {

// The resources entered on the way, innermost first.
struct Scope {
  const Scope* up;
  std::uint32_t resource;
};

struct Run {
  Run(const Program& the_program, const SchemaLimits& the_limits)
      : program(the_program), limits(the_limits), patterns(the_limits.max_pattern_steps) {}

  const Program& program;
  const SchemaLimits& limits;
  json::PatternScratch patterns;
  std::size_t depth = 0;
  std::size_t steps = 0;
  const Scope* scope = nullptr;
  const char* aborted = nullptr;  // the bound that was reached
  bool repeated_keys = false;     // a text's object has a key twice: what was judged may not count
  bool is_doubtful = false;       // some rejection, which stops early, had a part in the answer
  std::vector<SchemaError> errors;
};

// Members or items that some subschema has looked at.
class Evaluated {
 public:
  void mark(std::size_t index) {
    if (index / 64 >= words_.size()) words_.resize(index / 64 + 1);
    words_[index / 64] |= std::uint64_t{1} << index % 64;
  }
  void mark_all() { all_ = true; }
  bool has(std::size_t index) const {
    return all_ || (index / 64 < words_.size() && (words_[index / 64] >> index % 64 & 1) != 0);
  }
  void add(const Evaluated& other) {
    all_ = all_ || other.all_;
    if (words_.size() < other.words_.size()) words_.resize(other.words_.size());
    for (std::size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
  }

 private:
  std::vector<std::uint64_t> words_;
  bool all_ = false;
};

// Defined in schema_evaluate_json.cpp.
bool judge_json(Run& run, const Json& document);
bool judge_json_at(Run& run, NodeId node, const Json& value);
void explain_json(Run& run, const Json& document);

// JSON Pointers of the members that no properties and no patternProperties declare, where the schema
// declares members and does not speak of others. Defined in normalise.cpp.
std::vector<std::string> undeclared_members(const Program& program, Json document);

}  // namespace junctor::schema
