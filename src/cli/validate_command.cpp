#include "cli/validate_command.h"

#include <boost/json.hpp>
#include <iostream>

#include "cli/project_check.h"
#include "cli/provision.h"
#include "engine/registry.h"
#include "json/serialize.h"

namespace junctor {
namespace {

struct Findings {
  std::vector<Problem> problems;
  std::vector<Problem> warnings;
  int integrations = 0;
  std::vector<Project> projects;
  KnownIntegrations known;
};

void take(Result<std::shared_ptr<const LoadedIntegration>> loaded, Findings& out) {
  if (loaded.ok()) {
    const std::string slug = loaded.value()->definition.slug;
    out.known.by_slug.emplace(slug, std::move(loaded).value());
    return;
  }
  out.known.are_all = false;
  out.problems.insert(out.problems.end(), loaded.problems().begin(), loaded.problems().end());
}

// What the projects declare, against all integrations: `serve` takes the places together too.
void judge_projects(Findings& out) {
  for (const Project& project : out.projects) {
    const auto problems = judge_project(project, out.known);
    out.problems.insert(out.problems.end(), problems.begin(), problems.end());
  }
}

void examine(const std::string& place, Findings& out) {
  auto project = load_project(place, Environment::may_be_unset);
  if (!project.ok()) {
    out.known.are_all = false;
    out.problems.insert(out.problems.end(), project.problems().begin(), project.problems().end());
    return;
  }
  const auto& unset = project.value().unset;
  out.warnings.insert(out.warnings.end(), unset.begin(), unset.end());
  for (const std::string& folder : project.value().integrations) {
    ++out.integrations;
    connector::LoadReport report = examine_place(folder);
    if (!report.problems.empty() || !report.integration) out.known.are_all = false;
    out.problems.insert(out.problems.end(), report.problems.begin(), report.problems.end());
    out.warnings.insert(out.warnings.end(), report.warnings.begin(), report.warnings.end());
    if (!report.integration) continue;
    take(LoadedIntegration::load(std::move(*report.integration)), out);
  }
  out.projects.push_back(std::move(project).value());
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

int run_validate_command(const Given& given, const std::vector<Integration>& built_in) {
  std::vector<std::string> places = given.values("PLACE");
  if (places.empty()) places.push_back(".");
  Findings findings;
  for (const Integration& integration : built_in) take(LoadedIntegration::load(integration), findings);
  for (const std::string& place : places) examine(place, findings);
  judge_projects(findings);
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
