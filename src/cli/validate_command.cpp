#include "cli/validate_command.h"

#include <boost/json.hpp>
#include <iostream>

#include "cli/provision.h"
#include "engine/registry.h"
#include "json/serialize.h"

namespace junctor {
namespace {

struct Findings {
  std::vector<Problem> problems;
  std::vector<Problem> warnings;
  int integrations = 0;
};

void examine(const std::string& place, Findings& out) {
  auto project = load_project(place, Environment::may_be_unset);
  if (!project.ok()) {
    out.problems.insert(out.problems.end(), project.problems().begin(), project.problems().end());
    return;
  }
  const auto& unset = project.value().unset;
  out.warnings.insert(out.warnings.end(), unset.begin(), unset.end());
  for (const std::string& folder : project.value().integrations) {
    ++out.integrations;
    connector::LoadReport report = examine_place(folder);
    out.problems.insert(out.problems.end(), report.problems.begin(), report.problems.end());
    out.warnings.insert(out.warnings.end(), report.warnings.begin(), report.warnings.end());
    if (!report.integration) continue;
    const auto loaded = LoadedIntegration::load(std::move(*report.integration));
    if (!loaded.ok())
      out.problems.insert(out.problems.end(), loaded.problems().begin(), loaded.problems().end());
  }
}

Json to_json(const std::vector<Problem>& problems) {
  JsonArray out;
  for (const Problem& problem : problems)
    out.push_back(JsonObject{{"file", problem.file},
                             {"line", problem.line},
                             {"path", problem.path},
                             {"found", problem.found},
                             {"expected", problem.expected}});
  return out;
}

}  // namespace

int run_validate_command(const Given& given) {
  std::vector<std::string> places = given.values("PLACE");
  if (places.empty()) places.push_back(".");
  Findings findings;
  for (const std::string& place : places) examine(place, findings);
  if (given.has("json")) {
    std::cout << json::to_text(JsonObject{{"problems", to_json(findings.problems)},
                                          {"warnings", to_json(findings.warnings)}},
                               json::Layout::pretty)
              << '\n';
    return findings.problems.empty() ? 0 : 1;
  }
  for (const Problem& problem : findings.problems) std::cerr << to_string(problem) << '\n';
  for (const Problem& warning : findings.warnings)
    std::cerr << "warning: " << to_string(warning) << '\n';
  if (findings.problems.empty())
    std::cout << findings.integrations
              << (findings.integrations == 1 ? " definition" : " definitions") << " right\n";
  else
    std::cerr << findings.problems.size()
              << (findings.problems.size() == 1 ? " problem" : " problems") << '\n';
  return findings.problems.empty() ? 0 : 1;
}

}  // namespace junctor
