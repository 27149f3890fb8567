#include "cli/store_commands.h"

#include <filesystem>
#include <iostream>

#include "cli/node.h"
#include "cli/vault_access.h"
#include "cli/workplace.h"
#include "store/migrations.h"
#include "store/store.h"

namespace junctor {
namespace {

using Kind = CommandOption::Kind;

std::string_view word(MigrationStatus::State state) {
  switch (state) {
    case MigrationStatus::State::applied: return "applied";
    case MigrationStatus::State::pending: return "pending";
    case MigrationStatus::State::unknown: return "unknown: from a newer version";
  }
  return "";
}

int run_migrate(const Given& given) {
  const Workplace workplace = find_workplace(given);
  const auto store =
      open_database(workplace.config, given.has("status") ? Database::must_exist : Database::may_be_new);
  if (!given.has("status")) {
    const auto vault = cli::make_vault(workplace.config, *store);
    const int applied = migrate_under_root(*store, *vault);
    std::cout << applied << (applied == 1 ? " step" : " steps") << " applied\n";
    return 0;
  }
  for (const MigrationStatus& status : migration_status(*store, all_migrations()))
    std::cout << status.room << ' ' << status.version << ' ' << status.name << ": "
              << word(status.state) << '\n';
  return 0;
}

int run_backup(const Given& given) {
  const std::string file = given.value("FILE");
  std::error_code error;
  if (!given.has("replace") && std::filesystem::exists(file, error))
    throw Failure(FailureKind::conflict,
                  file + " exists already; choose another name, or replace it with --replace");
  const auto store = open_database(find_workplace(given).config, Database::must_exist);
  store->backup(file);
  std::cout << "backed up to " << file << '\n';
  return 0;
}

int run_restore(const Given& given) {
  const Workplace workplace = find_workplace(given);
  make_data_directory(workplace.config);
  StoreOptions options;
  options.url = store_url(workplace.config);
  Store::restore(options, given.value("FILE"),
                 given.has("replace") ? Existing::replaced : Existing::kept);
  std::cout << "restored from " << given.value("FILE") << '\n';
  return 0;
}

}  // namespace

std::vector<Command> store_commands() {
  return {{"migrate",
           "Bring the database to this version",
           {{"--status", "print what is applied and what is pending; change nothing", Kind::flag}, project_option()},
           Settings::taken,
           run_migrate},
          {"backup",
           "Copy the database while it serves",
           {{"FILE", "where the copy goes", Kind::place},
            {"--replace", "also when there is such a file", Kind::flag},
            project_option()},
           Settings::taken,
           run_backup},
          {"restore",
           "Put a backup in place of the database; no engine may be running",
           {{"FILE", "a copy that `junctor backup` made", Kind::place},
            {"--replace", "also when there is a database, which is kept beside the new one", Kind::flag},
            project_option()},
           Settings::taken,
           run_restore}};
}

}  // namespace junctor
