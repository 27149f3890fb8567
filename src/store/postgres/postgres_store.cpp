#include "store/postgres/postgres_store.h"

#include <pthread.h>

#include <random>

#include "base/log.h"

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
  for (std::size_t i = 0; i < std::max<std::size_t>(options.writers, 1); ++i)
    threads_.emplace_back([this] { serve(write_queue_, Access::write); });
  for (std::size_t i = 0; i < std::max<std::size_t>(options.readers, 1); ++i)
    threads_.emplace_back([this] { serve(read_queue_, Access::read); });
}

PostgresStore::~PostgresStore() {
  write_queue_.stop();
  read_queue_.stop();
  for (auto& thread : threads_) thread.join();
}

StoreStats PostgresStore::stats() const {
  return {commits_, closures_, failed_, retries_, reads_, write_queue_.size()};
}

void PostgresStore::serve(JobQueue& queue, Access access) {
  pthread_setname_np(pthread_self(), access == Access::write ? "store-write" : "store-read");
  Worker worker;
  while (StoreJob* job = queue.take()) run_job(worker, *job, access);
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

void PostgresStore::run_once(Worker& worker, StoreJob& job, Access access) {
  Connection& connection = connected(worker);
  bool committing = false;
  try {
    connection.begin(access == Access::write ? begin_for(job.options)
                                             : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    Transaction tx(connection);
    job.run(tx);
    tx.finish_closure();
    committing = true;
    connection.commit();
    if (access == Access::read) return;
    ++commits_;
    ++closures_;
    for (const auto& hook : tx.take_after_commit()) hook();
  } catch (...) {
    const bool lost = !connection.usable();
    connection.rollback();
    if (lost) worker.connection.reset();
    if (lost && !committing) throw RetryTransaction("the connection broke before the commit");
    throw;
  }
}

void PostgresStore::run_job(Worker& worker, StoreJob& job, Access access) {
  if (access == Access::read) ++reads_;
  for (int attempt = 0;; ++attempt) {
    std::exception_ptr error;
    try {
      run_once(worker, job, access);
    } catch (const RetryTransaction& again) {
      error = std::make_exception_ptr(
          Failure(FailureKind::unavailable, again.message(), again.detail())
              .retry_after(std::chrono::seconds(1)));
      if (attempt < options_.most_retries) {
        ++retries_;
        wait_before_retry(attempt);
        continue;
      }
    } catch (...) {
      error = std::current_exception();
    }
    if (error && access == Access::write) ++failed_;
    return job.finish(std::move(error));
  }
}

void PostgresStore::backup(const std::string&) {
  throw Failure(FailureKind::unsupported,
                "a PostgreSQL database is backed up with its own tools: pg_dump --format=custom");
}

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
