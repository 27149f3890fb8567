#include "store/sqlite/restore.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/log.h"
#include "store/files.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/running_mark.h"

namespace junctor::sqlite {
namespace {

namespace fs = std::filesystem;

void remove_all_of(const std::string& path) {
  for (const char* end : {"", "-wal", "-shm"}) fs::remove(path + end);
}

void copy(const std::string& from, const std::string& to) {
  std::error_code error;
  if (!fs::is_regular_file(from, error))
    throw Failure(FailureKind::not_found, fmt::format("there is no backup '{}'", from));
  remove_all_of(to);
  if (!fs::copy_file(from, to, error)) {
    remove_all_of(to);
    throw Failure(error == std::errc::no_space_on_device ? FailureKind::no_space
                                                         : FailureKind::unavailable,
                  fmt::format("cannot copy '{}' to '{}': {}", from, to, error.message()));
  }
}

// Sound, and one of ours.
void check(const StoreOptions& options, const std::string& copied, const std::string& backup) {
  std::string problem;
  try {
    Connection connection({copied, options.vfs, options.busy_timeout, Access::read_write});
    const RowVisitor judge = [&](const Row& row) {
      if (row.text(0) != "ok" && problem.empty()) problem = std::string(row.text(0));
    };
    connection.run("PRAGMA integrity_check(1)", {}, &judge);
    bool ours = false;
    const RowVisitor found = [&](const Row&) { ours = true; };
    connection.run("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'", {}, &found);
    if (problem.empty() && !ours) problem = "it is not a database of Junctor's";
  } catch (const Failure& failure) {
    problem = failure.detail();
  }
  if (problem.empty()) return;
  throw Failure(FailureKind::corrupt, fmt::format("the backup '{}' cannot be used: {}", backup, problem));
}

// What stands in its log is copied back, so that the file alone is whole. A damaged one keeps its log.
void settle(const StoreOptions& options, const std::string& path) {
  try {
    Connection connection({path, options.vfs, options.busy_timeout, Access::read_write});
    connection.command("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (const Failure& failure) {
    log::write(log::Level::warning, "store", "the database that is replaced is damaged: {}",
               failure.detail());
  }
}

void set_aside(const StoreOptions& options, const std::string& path) {
  const std::string aside = path + ".replaced";
  settle(options, path);
  remove_all_of(aside);
  fs::create_hard_link(path, aside);
  if (fs::exists(path + "-wal")) fs::rename(path + "-wal", aside + "-wal");
  fs::remove(path + "-shm");
}

void put_in_place(const StoreOptions& options, const std::string& path, const std::string& backup,
                  Existing existing) {
  const bool exists = fs::exists(path);
  if (exists && existing == Existing::kept)
    throw Failure(FailureKind::conflict,
                  fmt::format("there is a database at '{0}'; with --replace it is kept as '{0}.replaced'", path));
  const std::string copied = path + ".restoring";
  copy(backup, copied);
  try {
    check(options, copied, backup);
  } catch (...) {
    remove_all_of(copied);
    throw;
  }
  if (exists) set_aside(options, path);
  rename_synced(copied, path);
}

}  // namespace

void restore(const StoreOptions& options, const std::string& path, const std::string& backup,
             Existing existing) {
  RunningMark mark(path);
  if (!mark.is_owner())
    throw Failure(FailureKind::conflict,
                  fmt::format("an engine uses the database '{}'; stop it first", path));
  try {
    put_in_place(options, path, backup, existing);
  } catch (...) {
    // What was there is as it was, and as suspect as it was.
    if (!mark.was_unclean()) mark.clear();
    throw;
  }
  mark.clear();
}

}  // namespace junctor::sqlite
