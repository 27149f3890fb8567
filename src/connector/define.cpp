#include "junctor/define.h"

#include <map>

#include "connector/checks.h"
#include "connector/names.h"
#include "connector/yaml_loader.h"

namespace junctor {
namespace {

// Is the path that of the part, or below it? "actions.find" has "actions.find.api" and
// "actions.find[0]".
bool is_within(std::string_view path, std::string_view part) {
  if (!path.starts_with(part)) return false;
  return path.size() == part.size() || path[part.size()] == '.' || path[part.size()] == '[';
}

}  // namespace

CodePlace IntegrationBuilder::place_of(const std::string& path) const {
  CodePlace best = where_;
  std::size_t longest = 0;
  std::map<std::string_view, std::size_t> count;
  for (const Part& part : parts_) {
    // The checks name a part by its slug in snake_case, and one without a slug by its position.
    const std::string indexed = connector::at_index(part.list, count[part.list]++);
    std::vector<std::string> names = {indexed, connector::join(part.list, part.slug),
                                      connector::join(part.list, connector::to_snake(part.slug))};
    if (part.slug.empty()) names.emplace_back(part.list);
    for (const std::string& name : names) {
      // Of two parts of one name the later one is the repetition.
      if (is_within(path, name) && name.size() >= longest) {
        longest = name.size();
        best = part.where;
      }
    }
  }
  return best;
}

Integration IntegrationBuilder::build() const {
  connector::LoadReport report = connector::examine_definition(integration_);
  if (report.integration) return *std::move(report.integration);
  for (Problem& problem : report.problems) {
    const CodePlace place = place_of(problem.path);
    problem.file = place.file;
    problem.line = place.line;
  }
  throw Failure(FailureKind::invalid, "the definition of " + integration_.slug +
                                          " has problems:\n" + to_string(report.problems));
}

}  // namespace junctor
