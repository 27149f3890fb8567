#include "junctor/result.h"

namespace junctor {

std::string to_string(const Problem& problem) {
  std::string out;
  const auto add = [&out](const std::string& part) {
    if (!out.empty()) out += ": ";
    out += part;
  };
  if (!problem.file.empty()) out = problem.file;
  if (problem.line > 0) out += (out.empty() ? "line " : ":") + std::to_string(problem.line);
  if (!problem.path.empty()) add(problem.path);
  if (!problem.found.empty()) add("found " + problem.found);
  if (!problem.expected.empty()) {
    out += out.empty() ? "" : (problem.found.empty() ? ": " : ", ");
    out += "expected " + problem.expected;
  }
  return out;
}

std::string to_string(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) {
    if (!out.empty()) out += '\n';
    out += to_string(problem);
  }
  return out;
}

}  // namespace junctor
