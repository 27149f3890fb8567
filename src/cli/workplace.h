// Where a command works: the projects it is about, the settings in force there, and the database that
// these lead to. Every command asks here, so that all of them find what `junctor serve` serves.
//
// Threads: one.
#pragma once

#include <memory>

#include "cli/command_line.h"
#include "engine/project.h"

namespace junctor {

class Store;

// "--project", for commands that work beside an engine.
CommandOption project_option();

// The folders that were named, as PROJECT or with --project; otherwise the current one, where it holds a
// project; otherwise none.
std::vector<std::string> project_folders(const Given& given);

// All of them, or every problem of all.
Result<std::vector<Project>> load_projects(const std::vector<std::string>& folders, Environment environment);

struct Workplace {
  std::vector<Project> projects;
  Config config;
};

// Throws Failure{invalid} with every problem of the projects and of the settings. Where variables may be
// unset, a setting that needs one is a problem all the same, unless a flag or the environment sets it.
Workplace find_workplace(const Given& given, Environment environment = Environment::may_be_unset);

enum class Database { may_be_new, must_exist };

// One that must exist is neither made nor given tables: Failure{not_found} says where it was looked for and
// what to do. Throws Failure{denied} for a data directory that cannot be made or written.
std::unique_ptr<Store> open_database(const Config& config, Database database);

// "sqlite:DIR/junctor.db", or the configured URL.
std::string store_url(const Config& config);

// Makes the data directory where there is none; throws Failure{denied} when it cannot be made or written.
void make_data_directory(const Config& config);

}  // namespace junctor
