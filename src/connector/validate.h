// Whether a definition makes sense: the phases after decoding, the same for YAML and C++.
//
// Threads: any thread.
#pragma once

#include <vector>

#include "junctor/integration.h"
#include "junctor/result.h"

namespace junctor::connector {

struct Findings {
  std::vector<Problem> problems;  // it cannot be used
  std::vector<Problem> warnings;  // it can, but somebody should look

  // `path` uses slugs: "actions.send.api.path".
  void problem(std::string path, std::string found, std::string expected) {
    problems.push_back({std::move(path), 0, std::move(found), std::move(expected), {}});
  }
  void warning(std::string path, std::string found, std::string expected) {
    warnings.push_back({std::move(path), 0, std::move(found), std::move(expected), {}});
  }
};

// Everything that is wrong, in one pass. The definition has been filled (fill.h). Never throws for
// what a definition holds.
Findings validate(const Integration& integration);

}  // namespace junctor::connector
