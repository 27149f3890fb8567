// integration.yaml into an Integration.
//
//   parse → decode (keys, types) → names and slugs → functions → the checks of validate.h
//
// Every phase that can still say something does, so that one run shows every problem. The text is
// from outside: document.h has its bounds.
//
// Threads: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector/decode.h"
#include "junctor/integration.h"
#include "junctor/result.h"

namespace junctor::connector {

struct LoadReport {
  std::optional<Integration> integration;  // present when there are no problems
  std::vector<Problem> problems;
  std::vector<Problem> warnings;
};

// Judges one text. read_file gives the files that the definition names (schemas/employee.json).
LoadReport examine_integration(std::string_view yaml_text, const std::string& file,
                               const FileReader& read_file = {});
// Judges a folder with its integration.yaml; every schemas/*.json and fixtures/*.json that the text
// does not name is added under its file name.
LoadReport examine_folder(const std::string& folder);

// The same for callers who need no warnings.
Result<Integration> load_integration(std::string_view yaml_text, const std::string& file,
                                     const FileReader& read_file = {});
// path: a folder, or a file in one.
Result<Integration> load_integration_folder(const std::string& path);

// Fills and checks a definition that did not come from YAML.
LoadReport examine_definition(Integration integration);

// Files below a folder, for read_file: relative paths without "..", at most 4 MiB each.
FileReader files_below(std::string folder);

}  // namespace junctor::connector
