#include "store/postgres/tools.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <vector>

#include "junctor/failure.h"
#include "store/files.h"
#include "store/postgres/connection.h"

extern char** environ;

namespace junctor::postgres {
namespace {

// Where the tables go that a restored backup replaces.
constexpr std::string_view aside = "junctor_replaced";

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// This process's environment with the url's parts as libpq's variables: command lines can be read by
// everybody on the machine, environments cannot.
std::vector<std::string> environment_for(const std::string& url, std::string* database) {
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfoParse(url.c_str(), nullptr));
  if (!options) throw Failure(FailureKind::invalid, "the database's url cannot be read");
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const PQconninfoOption* one = options.get(); one->keyword != nullptr; ++one) {
    if (one->val == nullptr) continue;
    if (one->envvar != nullptr) variables[one->envvar] = one->val;
    if (std::string_view(one->keyword) == "dbname") *database = one->val;
  }
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& lines) {
  std::vector<char*> result;
  for (std::string& line : lines) result.push_back(line.data());
  result.push_back(nullptr);
  return result;
}

// Runs the program to its end; what it says about a failure goes to this process's error output.
void run(std::vector<std::string> command, std::vector<std::string> environment,
         const std::string& by_hand) {
  const std::string program = command.front();
  const auto arguments = pointers(command), variables = pointers(environment);
  pid_t child = -1;
  const int error =
      ::posix_spawnp(&child, program.c_str(), nullptr, nullptr, arguments.data(), variables.data());
  if (error == ENOENT)
    throw Failure(FailureKind::unsupported,
                  fmt::format("{} is not installed here; where it is, run: {}", program, by_hand));
  if (error != 0)
    throw Failure(FailureKind::unavailable,
                  fmt::format("{} cannot be run: {}", program, std::system_category().message(error)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) throw Failure(FailureKind::unavailable, program + " failed; it said why above");
}

// Everything of Junctor's: every table has the tenant.
std::string moving(std::string_view from, std::string_view to) {
  return fmt::format(
      "DO $move$ DECLARE one record; BEGIN"
      " FOR one IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = to_regnamespace('{0}')"
      "  AND c.relkind IN ('r', 'p') AND EXISTS (SELECT 1 FROM pg_attribute a"
      "  WHERE a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped)"
      " LOOP EXECUTE format('ALTER TABLE %I.%I SET SCHEMA %I', '{0}', one.relname, '{1}'); END LOOP;"
      " IF to_regclass('{0}.junctor_seq') IS NOT NULL THEN"
      "  EXECUTE format('ALTER SEQUENCE %I.junctor_seq SET SCHEMA %I', '{0}', '{1}'); END IF;"
      " END $move$;",
      from, to);
}

void set_aside(const std::string& url) {
  Connection(url).run_script(fmt::format("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}; {1}",
                                         aside, moving("public", aside)));
}

void put_back(const std::string& url) { Connection(url).run_script(moving(aside, "public")); }

bool says_yes(const std::string& url, const char* question) {
  Connection connection(url);
  bool yes = false;
  const RowVisitor visit = [&](const Row& row) { yes = row.int64(0) != 0; };
  connection.run(question, {}, &visit);
  return yes;
}

}  // namespace

void dump(const std::string& url, const std::string& path) {
  const std::string partial = path + ".partial";
  std::string database;
  auto environment = environment_for(url, &database);
  try {
    run({"pg_dump", "--format=custom", "--no-owner", fmt::format("--exclude-schema={}", aside),
         "--file=" + partial, "--dbname=" + database},
        std::move(environment),
        fmt::format("pg_dump --format=custom --no-owner --file={} --dbname=<url of the database>", path));
  } catch (...) {
    std::filesystem::remove(partial);
    throw;
  }
  rename_synced(partial, path);
}

void restore(const std::string& url, const std::string& backup, Existing existing) {
  if (!std::filesystem::is_regular_file(backup))
    throw Failure(FailureKind::not_found, fmt::format("there is no backup '{}'", backup));
  if (says_yes(url,
               "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'junctor'"
               " AND datname = current_database() AND pid <> pg_backend_pid()"))
    throw Failure(FailureKind::conflict, "an engine is connected to the database; stop it first");
  const bool exists = says_yes(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
                                    " AND tablename = 'schema_migrations'");
  if (exists && existing == Existing::kept)
    throw Failure(FailureKind::conflict,
                  fmt::format("the database holds data of Junctor's; with --replace it is moved to the"
                              " schema {}",
                              aside));
  std::string database;
  auto environment = environment_for(url, &database);
  if (exists) set_aside(url);
  try {
    run({"pg_restore", "--no-owner", "--single-transaction", "--exit-on-error", "--dbname=" + database,
         backup},
        std::move(environment),
        fmt::format("pg_restore --no-owner --single-transaction --dbname=<url of the database> {}", backup));
  } catch (...) {
    if (exists) put_back(url);
    throw;
  }
}

}  // namespace junctor::postgres
