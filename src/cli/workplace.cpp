#include "cli/workplace.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/freed_memory.h"
#include "cli/node.h"
#include "junctor/failure.h"
#include "store/migrations.h"
#include "store/store.h"

namespace junctor {
namespace {

constexpr std::string_view unset_setting = "settings.";

bool is_set_elsewhere(const Given& given, const std::string& key) {
  if (given.settings().contains(key)) return true;
  return std::any_of(settings().begin(), settings().end(), [&](const Setting& setting) {
    return setting.key == key && std::getenv(environment_of(setting).c_str()) != nullptr;
  });
}

// Settings that are left out of the project, because their variable is not set.
std::vector<Problem> unset_settings(const Given& given, const Project& project) {
  std::vector<Problem> problems;
  for (const Problem& problem : project.unset)
    if (problem.path.starts_with(unset_setting) &&
        !is_set_elsewhere(given, problem.path.substr(unset_setting.size())))
      problems.push_back(problem);
  return problems;
}

// Flags, environment, the projects' junctor.yaml, defaults.
Config effective_config(const Given& given, const std::vector<Project>& projects) {
  Config config;
  std::vector<Problem> problems;
  const auto note = [&](std::vector<Problem> more) { problems.insert(problems.end(), more.begin(), more.end()); };
  for (const Project& project : projects) {
    note(unset_settings(given, project));
    for (const auto& [key, text] : project.settings)
      note(apply_setting(config, key, text, project.folder + "/junctor.yaml: settings." + key));
  }
  note(apply_environment(config));
  for (const auto& [key, text] : given.settings()) {
    std::string flag = "--" + key;
    std::replace(flag.begin(), flag.end(), '_', '-');
    note(apply_setting(config, key, text, flag));
  }
  if (!problems.empty()) throw Failure(FailureKind::invalid, to_string(problems));
  return config;
}

// The file of a SQLite database; empty for another.
std::string file_of(const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  return url.starts_with(scheme) ? url.substr(scheme.size()) : std::string();
}

std::string absolute(const std::string& file) { return std::filesystem::absolute(file).lexically_normal().string(); }

// Without user, password and parameters.
std::string shown(const std::string& url) {
  const auto scheme = url.find("://");
  const std::string rest = url.substr(scheme + 3, url.find('?') - scheme - 3);
  return url.substr(0, scheme + 3) + rest.substr(rest.rfind('@') + 1);
}

[[noreturn]] void refuse_absent(const std::string& what) {
  throw Failure(FailureKind::not_found,
                what + "; nothing was made. Name the engine's project with --project, or where it keeps its data "
                       "with --data-dir or --database-url. `junctor serve` and `junctor migrate` make a new one");
}

bool has_tables(Store& store) {
  const auto steps = migration_status(store, all_migrations());
  return std::any_of(steps.begin(), steps.end(), [](const MigrationStatus& step) {
    return step.state != MigrationStatus::State::pending;
  });
}

}  // namespace

CommandOption project_option() {
  return {"--project", "project or integration folders; the current folder when it holds a project",
          CommandOption::Kind::values};
}

std::vector<std::string> project_folders(const Given& given) {
  std::vector<std::string> folders = given.values("PROJECT");
  if (folders.empty()) folders = given.values("project");
  if (folders.empty() && (access("junctor.yaml", F_OK) == 0 || access("integration.yaml", F_OK) == 0))
    folders.push_back(".");
  return folders;
}

Result<std::vector<Project>> load_projects(const std::vector<std::string>& folders, Environment environment) {
  std::vector<Problem> problems;
  std::vector<Project> projects;
  for (const std::string& folder : folders) {
    auto project = load_project(folder, environment);
    if (project.ok())
      projects.push_back(std::move(project).value());
    else
      problems.insert(problems.end(), project.problems().begin(), project.problems().end());
  }
  zero_left_stack();  // connections and endpoints of a project may hold secrets
  if (!problems.empty()) return problems;
  return projects;
}

Workplace find_workplace(const Given& given, Environment environment) {
  Workplace out{load_projects(project_folders(given), environment).value_or_throw(), {}};
  out.config = effective_config(given, out.projects);
  return out;
}

// In a folder nobody can write, SQLite would say "unable to open database file": true, and no help.
void make_data_directory(const Config& config) {
  const std::string& folder = config.data_dir;
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    throw Failure(FailureKind::denied, "the data directory " + folder + " cannot be made: " + std::strerror(errno) +
                                           "; choose another with --data-dir");
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    throw Failure(FailureKind::denied, "the data directory " + folder + " cannot be written: " +
                                           std::strerror(errno) + "; choose another with --data-dir");
}

std::string store_url(const Config& config) {
  return config.database_url.empty() ? "sqlite:" + config.data_dir + "/junctor.db" : config.database_url;
}

std::unique_ptr<Store> open_database(const Config& config, Database database) {
  StoreOptions options;
  options.url = store_url(config);
  if (database == Database::may_be_new) {
    make_data_directory(config);
    return Store::open(options);
  }
  const std::string file = file_of(options.url);
  if (!file.empty() && access(file.c_str(), F_OK) != 0)
    refuse_absent("there is no database at " + absolute(file));
  auto store = Store::open(options);
  if (!has_tables(*store))
    refuse_absent("the database at " + (file.empty() ? shown(options.url) : absolute(file)) + " holds nothing of Junctor's");
  return store;
}

}  // namespace junctor
