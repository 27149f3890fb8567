// A record of one system as a record of another.
//
// Threads: immutable; evaluation does not wait.
#pragma once

#include <string>
#include <vector>

#include "connector/expressions.h"
#include "junctor/integration.h"

namespace junctor {

class CompiledMapping final {
 public:
  // Without fields and without map the record stays as it is.
  explicit CompiledMapping(const MappingSpec& spec);

  // Throws Failure{invalid} that names the field when a required one is missing or a transform fails.
  Json map(const Json& record) const;

 private:
  struct Field {
    FieldMapping spec;
    connector::CompiledExpression transform;
  };
  std::vector<Field> fields_;
  connector::CompiledExpression whole_;
};

// The value behind a dotted path, or keys that may hold dots themselves; null pointer for none.
const Json* value_at(const Json& record, const std::vector<std::string>& keys);
std::vector<std::string> keys_of(const std::string& dotted);

}  // namespace junctor
