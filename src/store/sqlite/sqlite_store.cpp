#include "store/sqlite/sqlite_store.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/log.h"
#include "store/files.h"

namespace junctor::sqlite {
namespace {

// How long the writer waits for as many closures as came last time: the callers of the last commit are
// on their way back, and one sync can carry them all.
constexpr std::chrono::microseconds most_linger{400};
constexpr std::chrono::milliseconds idle_turn{60'000};
constexpr std::chrono::milliseconds lock_pause{10};
// What requests of one kind may add up to before another savepoint is made for the rest.
constexpr std::size_t most_bytes_together = std::size_t{16} << 20;

void name_thread(std::thread& thread, const char* name) {
  pthread_setname_np(thread.native_handle(), name);
}

// Processes that make a database at the same moment meet in a lock for which SQLite itself does not
// wait: the one on the change to a write-ahead log.
void prepare_writer(Connection& writer, std::chrono::milliseconds busy_timeout) {
  const auto until = std::chrono::steady_clock::now() + busy_timeout;
  for (;;) {
    try {
      return writer.run_script(
          "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
          "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-65536;"
          "PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON;");
    } catch (const Failure& failure) {
      if (failure.kind() != FailureKind::unavailable || std::chrono::steady_clock::now() >= until)
        throw;
    }
    std::this_thread::sleep_for(lock_pause);
  }
}

}  // namespace

SqliteStore::SqliteStore(const StoreOptions& options, std::string path)
    : options_(options),
      path_(std::move(path)),
      mark_(path_),
      write_queue_(options.most_waiting),
      read_queue_(options.most_waiting) {
  writer_ = std::make_unique<Connection>(connection_options(Access::read_write));
  prepare_writer(*writer_, options_.busy_timeout);
  check_after_unclean_stop();
  for (std::size_t i = 0; i < std::max<std::size_t>(options.readers, 1); ++i) {
    readers_.push_back(std::make_unique<Connection>(connection_options(Access::read_write)));
    readers_.back()->run_script(
        "PRAGMA query_only=ON; PRAGMA cache_size=-8192; PRAGMA mmap_size=268435456;"
        "PRAGMA temp_store=MEMORY;");
  }
  checkpointer_ = std::make_unique<Checkpointer>(connection_options(Access::read_write));
  write_thread_ = std::thread([this] { serve_writes(); });
  name_thread(write_thread_, "store-write");
  for (auto& reader : readers_) {
    read_threads_.emplace_back([this, &reader] { serve_reads(*reader); });
    name_thread(read_threads_.back(), "store-read");
  }
}

SqliteStore::~SqliteStore() {
  write_queue_.stop();
  read_queue_.stop();
  write_thread_.join();
  for (auto& thread : read_threads_) thread.join();
  checkpointer_.reset();
  readers_.clear();
  writer_.reset();
  if (!damaged_) mark_.clear();
}

ConnectionOptions SqliteStore::connection_options(Access access) const {
  return {path_, options_.vfs, options_.busy_timeout, access};
}

StoreStats SqliteStore::stats() const {
  return {commits_, closures_, failed_, retries_, reads_, write_queue_.size()};
}

void SqliteStore::check_after_unclean_stop() {
  if (!mark_.was_unclean()) return;
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(path_));
  if (bytes > options_.most_checked_bytes) {
    log::write(log::Level::warning, "store",
               "the last stop was unclean; '{}' is too large to be checked at start", path_);
    return;
  }
  const auto problems = check_integrity();
  if (problems.empty()) {
    log::write(log::Level::info, "store", "the last stop was unclean; '{}' is sound", path_);
    return;
  }
  throw Failure(FailureKind::corrupt,
                fmt::format("the database '{}' is damaged; restore a backup", path_), problems.front());
}

std::vector<std::string> SqliteStore::check_integrity() {
  Connection connection(connection_options(Access::read_write));
  std::vector<std::string> problems;
  const RowVisitor visit = [&](const Row& row) {
    if (row.text(0) != "ok") problems.emplace_back(row.text(0));
  };
  connection.run("PRAGMA integrity_check(20)", {}, &visit);
  return problems;
}

void SqliteStore::serve_writes() {
  Group group;
  std::size_t wanted = 1;
  while (write_queue_.take_group(group, options_.most_per_commit, wanted, most_linger, idle_turn)) {
    if (group.empty()) continue;
    commit_group(group);
    // Of those who were just answered and those who came meanwhile, most will be here again.
    wanted = group.size() > 1 ? std::min(options_.most_per_commit, group.size() * 15 / 16) : 1;
    if (checkpointer_->wants_writer()) checkpointer_->finish_on(*writer_);
  }
}

void SqliteStore::commit_group(Group group) {
  // Those of one kind stand side by side; callers that wait at the same time have no order.
  std::stable_sort(group.begin(), group.end(), [](const StoreJob* a, const StoreJob* b) {
    return std::less<>()(a->kind, b->kind);
  });
  std::size_t next = 0;
  // Each turn finishes at least one job, so a job whose error ends the transaction cannot loop.
  while (next < group.size()) {
    Ran ran;
    const std::size_t first = next;
    std::optional<Failure> error;
    try {
      if (damaged_)
        throw Failure(FailureKind::corrupt, "the database file is damaged; restore a backup");
      writer_->command("BEGIN IMMEDIATE");
      if (!run_group(group, ran, next)) {
        // The culprit has its answer; the others are run again, each on its own.
        retries_ += ran.jobs.size();
        for (StoreJob* job : ran.jobs) commit_group({job});
        continue;
      }
      if (!ran.jobs.empty()) {
        writer_->command("COMMIT");
        ++commits_;
      } else {
        writer_->command("ROLLBACK");
      }
    } catch (const Failure& failure) {
      if (failure.kind() == FailureKind::corrupt) damaged_ = true;
      log::write(log::Level::error, "store", "a commit failed: {} ({})", failure.message(),
                 failure.detail());
      error = failure;
    }
    if (error) {
      rollback();
      // Not even begun: the whole rest has the same answer.
      if (next == first)
        for (; next < group.size(); ++next) ran.jobs.push_back(group[next]);
      // Each has its own: they are handled by threads that know nothing of each other.
      for (StoreJob* job : ran.jobs) finish_failed(*job, std::make_exception_ptr(*error));
      continue;
    }
    closures_ += ran.jobs.size();
    for (const auto& hook : ran.after_commit) hook();
    for (StoreJob* job : ran.jobs) job->finish(nullptr);
    checkpointer_->committed();
  }
}

bool SqliteStore::run_group(const Group& group, Ran& ran, std::size_t& next) {
  ran.jobs.reserve(group.size() - next);
  while (next < group.size()) {
    const std::size_t first = next++;
    std::size_t bytes = group[first]->bytes;
    while (next < group.size() && group[first]->kind != nullptr &&
           group[next]->kind == group[first]->kind && bytes + group[next]->bytes <= most_bytes_together)
      bytes += group[next++]->bytes;
    if (!run_jobs({group.data() + first, next - first}, ran)) return false;
  }
  return true;
}

bool SqliteStore::run_jobs(std::span<StoreJob* const> jobs, Ran& ran) {
  Transaction tx(*writer_);
  std::exception_ptr error;
  try {
    writer_->command("SAVEPOINT closure");
    jobs.front()->run_together(tx, jobs);
    tx.finish_closure();
    writer_->command("RELEASE closure");
  } catch (...) {
    error = std::current_exception();
  }
  if (error) {
    const bool alive = writer_->in_transaction();
    if (alive) {
      writer_->command("ROLLBACK TO closure");
      writer_->command("RELEASE closure");
    }
    if (jobs.size() > 1) {
      if (alive) return run_each(jobs, ran);
      ran.jobs.insert(ran.jobs.end(), jobs.begin(), jobs.end());
    } else {
      finish_failed(*jobs.front(), std::move(error));
    }
    return alive;
  }
  ran.jobs.insert(ran.jobs.end(), jobs.begin(), jobs.end());
  for (auto& hook : tx.take_after_commit()) ran.after_commit.push_back(std::move(hook));
  return true;
}

bool SqliteStore::run_each(std::span<StoreJob* const> jobs, Ran& ran) {
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (run_jobs(jobs.subspan(i, 1), ran)) continue;
    const auto rest = jobs.subspan(i + 1);
    ran.jobs.insert(ran.jobs.end(), rest.begin(), rest.end());
    return false;
  }
  return true;
}

void SqliteStore::rollback() {
  if (!writer_->in_transaction()) return;
  try {
    writer_->command("ROLLBACK");
  } catch (const Failure& failure) {
    log::write(log::Level::error, "store", "a rollback failed: {}", failure.detail());
  }
}

void SqliteStore::finish_failed(StoreJob& job, std::exception_ptr error) {
  ++failed_;
  job.finish(std::move(error));
}

void SqliteStore::serve_reads(Connection& connection) {
  while (StoreJob* job = read_queue_.take()) {
    ++reads_;
    std::exception_ptr error;
    try {
      connection.command("BEGIN");
      Transaction view(connection);
      job->run(view);
    } catch (...) {
      error = std::current_exception();
    }
    try {
      if (connection.in_transaction()) connection.command("ROLLBACK");
    } catch (...) {
      if (!error) error = std::current_exception();
    }
    job->finish(std::move(error));
  }
}

void SqliteStore::backup(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    throw Failure(FailureKind::not_found, fmt::format("there is no folder '{}'", folder.string()));
  const std::string partial = path + ".partial";
  std::filesystem::remove(partial);
  try {
    Connection connection(connection_options(Access::read_write));
    const SqlParam target(partial);
    connection.run("VACUUM INTO ?", {&target, 1}, nullptr);
  } catch (...) {
    std::filesystem::remove(partial);
    throw;
  }
  rename_synced(partial, path);
}

}  // namespace junctor::sqlite
