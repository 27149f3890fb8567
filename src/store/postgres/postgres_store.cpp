#include "store/postgres/postgres_store.h"

#include <pthread.h>

#include <random>

#include "base/log.h"
#include "store/postgres/tools.h"

namespace junctor::postgres {
namespace {

constexpr std::chrono::milliseconds wait_before_reconnect{250};

std::string begin_for(const WriteOptions& options) {
  std::string sql = options.isolation == Isolation::serializable
                        ? "BEGIN ISOLATION LEVEL SERIALIZABLE"
                        : "BEGIN ISOLATION LEVEL READ COMMITTED";
  if (options.durability == Durability::relaxed) sql += ";SET LOCAL synchronous_commit = off";
  return sql;
}

// A server may be told not to sync at all; then nobody can promise anything.
void warn_of_lost_durability(Connection& connection) {
  const RowVisitor judge = [](const Row& row) {
    log::write(log::Level::error, "store",
               "the PostgreSQL server runs with {} = off: what is acknowledged can be lost in a crash of"
               " its machine",
               row.text(0));
  };
  connection.run(
      "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'", {},
      &judge);
}

std::exception_ptr copy_of(const std::exception_ptr& error) {
  if (!error) return nullptr;
  try {
    std::rethrow_exception(error);
  } catch (const Failure& failure) {
    return std::make_exception_ptr(Failure(failure));
  }
}

// Apart, so that those who met once do not meet again.
void wait_before_retry(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const int most = std::min(1'000 << std::min(attempt, 5), 30'000);
  std::uniform_int_distribution<int> wait(most / 4, most);
  std::this_thread::sleep_for(std::chrono::microseconds(wait(random)));
}

}  // namespace

PostgresStore::PostgresStore(const StoreOptions& options)
    : options_(options),
      write_queue_(options.most_waiting),
      read_queue_(options.most_waiting),
      listener_(options.url) {
  // A wrong url or an absent server is told at once.
  Connection probe(options_.url);
  if (PQserverVersion(probe.handle()) < 140'000)
    throw Failure(FailureKind::unsupported, "PostgreSQL 14 or newer is needed");
  warn_of_lost_durability(probe);
  for (std::size_t i = 0; i < std::max<std::size_t>(options.writers, 1); ++i)
    threads_.emplace_back([this] { serve_writes(); });
  for (std::size_t i = 0; i < std::max<std::size_t>(options.readers, 1); ++i)
    threads_.emplace_back([this] { serve_reads(); });
}

PostgresStore::~PostgresStore() {
  write_queue_.stop();
  read_queue_.stop();
  for (auto& thread : threads_) thread.join();
}

StoreStats PostgresStore::stats() const {
  return {commits_, closures_, failed_, retries_, reads_, write_queue_.size()};
}

void PostgresStore::serve_writes() {
  pthread_setname_np(pthread_self(), "store-write");
  Worker worker;
  for (;;) {
    const auto jobs = write_queue_.take();
    if (jobs.empty()) return;
    const void* kind = jobs.front()->kind;
    run_jobs(worker, jobs, Access::write);
    write_queue_.done(kind, jobs.size());
  }
}

void PostgresStore::serve_reads() {
  pthread_setname_np(pthread_self(), "store-read");
  Worker worker;
  while (StoreJob* job = read_queue_.take()) run_jobs(worker, {&job, 1}, Access::read);
}

Connection& PostgresStore::connected(Worker& worker) {
  if (worker.connection && worker.connection->usable()) return *worker.connection;
  worker.connection.reset();
  const auto now = std::chrono::steady_clock::now();
  if (now < worker.next_try)
    throw Failure(FailureKind::unavailable, "the database cannot be reached at the moment")
        .retry_after(std::chrono::seconds(1));
  worker.next_try = now + wait_before_reconnect;
  worker.connection = std::make_unique<Connection>(options_.url);
  worker.next_try = {};
  return *worker.connection;
}

void PostgresStore::run_once(Worker& worker, Jobs jobs, Access access) {
  Connection& connection = connected(worker);
  bool committing = false;
  try {
    if (access == Access::write)
      connection.begin(begin_for(jobs.front()->options), jobs.front()->options.isolation);
    else
      connection.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    Transaction tx(connection);
    jobs.front()->run_together(tx, jobs);
    tx.finish_closure();
    committing = true;
    connection.commit();
    if (access == Access::read) return;
    ++commits_;
    closures_ += jobs.size();
    for (const auto& hook : tx.take_after_commit()) hook();
  } catch (...) {
    const bool lost = !connection.usable();
    connection.rollback();
    if (lost) worker.connection.reset();
    if (lost && !committing) throw RetryTransaction("the connection broke before the commit");
    throw;
  }
}

void PostgresStore::run_jobs(Worker& worker, Jobs jobs, Access access) {
  if (access == Access::read) ++reads_;
  for (int attempt = 0;; ++attempt) {
    std::exception_ptr error;
    try {
      run_once(worker, jobs, access);
    } catch (const RetryTransaction& again) {
      error = std::make_exception_ptr(
          Failure(FailureKind::unavailable, again.message(), again.detail())
              .retry_after(std::chrono::seconds(1)));
      if (attempt < options_.most_retries) {
        ++retries_;
        wait_before_retry(attempt);
        continue;
      }
    } catch (const Failure& failure) {
      error = std::current_exception();
      // The database is away: so it is for each of them, and what was sent may have happened.
      if (jobs.size() > 1 && failure.kind() != FailureKind::unavailable) break;
    } catch (...) {
      error = std::current_exception();
      if (jobs.size() > 1) break;
    }
    if (error && access == Access::write) failed_ += jobs.size();
    // Each has its own: they are handled by threads that know nothing of each other.
    for (StoreJob* job : jobs.subspan(1)) job->finish(copy_of(error));
    jobs.front()->finish(std::move(error));
    return;
  }
  // One of them cannot be done: each for itself.
  retries_ += jobs.size();
  for (StoreJob* const& job : jobs) run_jobs(worker, {&job, 1}, access);
}

void PostgresStore::backup(const std::string& path) { dump(options_.url, path); }

std::vector<std::string> PostgresStore::check_integrity() {
  return read_blocking([](Snapshot& view) {
    std::vector<std::string> problems;
    view.for_each(
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE NOT i.indisvalid",
        [&](const Row& row) { problems.push_back("index not valid: " + row.get<std::string>(0)); });
    return problems;
  });
}

}  // namespace junctor::postgres
