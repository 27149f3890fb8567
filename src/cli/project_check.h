// What a project declares, judged against the definitions before anything is started.
//
// Threads: any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/project.h"

namespace junctor {

struct LoadedIntegration;

struct KnownIntegrations {
  std::map<std::string, std::shared_ptr<const LoadedIntegration>, std::less<>> by_slug;
  bool are_all = true;  // false: some could not be read, so that a name may be one of theirs
};

// Problems with file and line: integrations and webhooks there are not, vars that do not fit their
// fields, unknown auth methods. What an unset environment variable leaves open is taken to be right.
std::vector<Problem> judge_project(const Project& project, const KnownIntegrations& known);

}  // namespace junctor
