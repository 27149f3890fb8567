// The store: transactions on SQLite or PostgreSQL behind one face.
//
//   auto id = store.write(fiber, [&](Transaction& tx) {
//     tx.execute("INSERT INTO notes (tenant, body) VALUES (?, ?)", tenant, body);
//     return tx.value<std::int64_t>("SELECT max(id) FROM notes WHERE tenant = ?", tenant);
//   });
//
// A closure is plain synchronous SQL. It runs on a thread of the store while the fiber waits; it may run
// more than once (a serialization failure on PostgreSQL, a neighbour's disk error on SQLite), so it
// assigns to what it captured and never adds to it. Closures behave as if one ran after another.
//
// Threads: any thread.
// Lifetime: outlives the fibers and threads that use it.
// Invariants:
//   1. A value returned by write() stands on a commit that is synced to disk.
//   2. A closure that throws changes nothing and fails alone; its exception reaches its caller.
//   3. After a crash the database holds exactly the closures of some prefix of the commits, at least
//      all those whose write() returned.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/existing.h"
#include "junctor/fiber.h"
#include "store/transaction.h"

namespace junctor {

struct StoreOptions {
  // "sqlite:<path to the database file>" or "postgres://user:password@host:port/database?…".
  std::string url;
  // SQLite: snapshot readers. PostgreSQL: connections for reading.
  std::size_t readers = 4;
  // PostgreSQL: connections for writing. SQLite has one writer.
  std::size_t writers = 8;
  // Closures waiting beyond this are refused with Failure{overloaded}.
  std::size_t most_waiting = 50'000;
  // How long a statement waits for another process's lock before Failure{unavailable}.
  std::chrono::milliseconds busy_timeout{5'000};
  // PostgreSQL: how often a closure is repeated after a serialization failure.
  int most_retries = 30;
  // SQLite: closures in one commit at most.
  std::size_t most_per_commit = 4'096;
  // SQLite: the integrity check after an unclean stop is left out for files above this size.
  std::int64_t most_checked_bytes = std::int64_t{4} << 30;
  // SQLite: name of the VFS; empty for the platform's. For tests.
  std::string vfs;
};

// PostgreSQL: whether write() waits for the disk. SQLite always does.
enum class Durability {
  synced,
  relaxed,  // losing the commit in a crash of the database is harmless (a lease)
};

struct WriteOptions {
  Isolation isolation = Isolation::serializable;
  Durability durability = Durability::synced;
};

// Counted since open.
struct StoreStats {
  std::uint64_t commits = 0;   // commits of write closures
  std::uint64_t closures = 0;  // write closures committed
  std::uint64_t failed = 0;    // write closures that ended with an exception
  std::uint64_t retries = 0;   // repeated closures
  std::uint64_t reads = 0;
  std::size_t waiting = 0;     // write closures not started
};

// One closure on its way through the store; implemented below and by nobody else.
class StoreJob {
 public:
  virtual ~StoreJob() = default;
  virtual void run(Transaction& tx) = 0;
  // Does the work of several jobs of one kind, this one among them.
  virtual void run_together(Transaction& tx, std::span<StoreJob* const> jobs) {
    for (StoreJob* job : jobs) job->run(tx);
  }
  // Any thread; the job may be gone when this returns.
  void finish(std::exception_ptr error) noexcept {
    error_ = std::move(error);
    // A copy: the job may stand on a stack that goes on before the call returns.
    const auto done = done_;
    done();
  }

  WriteOptions options;
  // Jobs of one kind that wait at the same time are run together; null: alone.
  const void* kind = nullptr;
  // What it adds to the memory of a transaction, roughly.
  std::size_t bytes = 0;

 protected:
  std::exception_ptr error_;

 private:
  friend class Store;
  std::function<void()> done_;
};

// A kind of request that the store does for many callers at once: one transaction, few statements, one
// answer each. The work may run more than once and with other requests beside: it assigns its answers to
// the requests. When it throws, every request is tried by itself.
//
// Threads: any thread calls write(); the work runs on the store's.
// Lifetime: outlives the calls.
template <typename Request>
struct MergedWork {
  std::function<void(Transaction&, std::span<Request* const>)> work;
  WriteOptions options;
};

class Store {
 public:
  // Opens, creating an empty database where there is none (SQLite). After an unclean stop SQLite files
  // are checked. Throws Failure{invalid} for a bad url, {unavailable}, {corrupt}.
  static std::unique_ptr<Store> open(const StoreOptions& options);

  // Puts a backup in place of the database, which no engine uses. The backup is checked first; what
  // is there is kept beside it. Throws Failure{conflict} when the database is in use or must
  // not be replaced, {not_found}, {corrupt} for a backup that cannot be used, {unsupported} where
  // PostgreSQL's programs are not installed.
  static void restore(const StoreOptions& options, const std::string& backup, Existing existing);

  virtual ~Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Runs fn(Transaction&) and returns its value once the commit is synced.
  // Errors: what fn throws; Failure{unavailable} (503, with retry_after) when the database is away,
  // {no_space} (507) when its disk is full, {overloaded}, {corrupt}.
  // The wait is not cut short by a deadline: fn may hold references into the fiber's stack.
  template <typename F>
  auto write(Fiber& fiber, F&& fn, WriteOptions options = {}) {
    return in_fiber<Transaction>(fiber, fn, &Store::submit_write, options);
  }
  // Has the request done, together with those of the same kind that wait. bytes: its size, roughly.
  template <typename Request>
  void write(Fiber& fiber, const MergedWork<Request>& kind, Request& request, std::size_t bytes) {
    MergedJob<Request> job(kind, request, bytes);
    wait_in_fiber(fiber, job, &Store::submit_write);
    job.result();
  }
  // Runs fn(Snapshot&) on a snapshot of the last commit. Readers never wait for writers.
  template <typename F>
  auto read(Fiber& fiber, F&& fn) {
    return in_fiber<Snapshot>(fiber, fn, &Store::submit_read, {});
  }
  // The same from a thread without a fiber: commands and tests. Never on a loop's thread.
  template <typename F>
  auto write_blocking(F&& fn, WriteOptions options = {}) {
    return in_thread<Transaction>(fn, &Store::submit_write, options);
  }
  template <typename F>
  auto read_blocking(F&& fn) {
    return in_thread<Snapshot>(fn, &Store::submit_read, {});
  }

  virtual Dialect dialect() const = 0;
  virtual StoreStats stats() const = 0;
  // A consistent copy of the whole database in a file, synced, taken while it serves. SQLite: a database
  // file. PostgreSQL: an archive of pg_dump; without that program Failure{unsupported}, which names it.
  virtual void backup(const std::string& path) = 0;
  // Every page or index checked; the problems found, none when sound.
  virtual std::vector<std::string> check_integrity() = 0;

  // PostgreSQL: calls heard(payload) on a thread of the store for every NOTIFY on the channel; also
  // once after a reconnect, with an empty payload. SQLite: does nothing, one process notifies itself.
  virtual void listen(const std::string& channel, std::function<void(const std::string&)> heard) = 0;

 protected:
  Store() = default;

 private:
  virtual void submit_write(StoreJob& job) = 0;
  virtual void submit_read(StoreJob& job) = 0;

  template <typename View, typename F>
  using Value = std::invoke_result_t<F&, View&>;

  template <typename View, typename F>
  class Job final : public StoreJob {
   public:
    explicit Job(F& fn) : fn_(fn) {}
    void run(Transaction& tx) override {
      if constexpr (std::is_void_v<Value<View, F>>) {
        fn_(tx);
      } else {
        value_.reset();
        value_.emplace(fn_(tx));
      }
    }
    auto result() {
      if (error_) std::rethrow_exception(error_);
      if constexpr (!std::is_void_v<Value<View, F>>) return std::move(*value_);
    }

   private:
    struct None {};
    F& fn_;
    std::optional<std::conditional_t<std::is_void_v<Value<View, F>>, None, Value<View, F>>> value_;
  };

  template <typename Request>
  class MergedJob final : public StoreJob {
   public:
    MergedJob(const MergedWork<Request>& work, Request& request, std::size_t size)
        : work_(work), request_(request) {
      options = work.options;
      kind = &work;
      bytes = size;
    }
    void run(Transaction& tx) override {
      Request* one = &request_;
      work_.work(tx, {&one, 1});
    }
    void run_together(Transaction& tx, std::span<StoreJob* const> jobs) override {
      std::vector<Request*> requests;
      requests.reserve(jobs.size());
      for (StoreJob* job : jobs) requests.push_back(&static_cast<MergedJob*>(job)->request_);
      work_.work(tx, requests);
    }
    void result() const {
      if (error_) std::rethrow_exception(error_);
    }

   private:
    const MergedWork<Request>& work_;
    Request& request_;
  };

  using Submit = void (Store::*)(StoreJob&);
  void wait_in_fiber(Fiber& fiber, StoreJob& job, Submit submit);
  void wait_in_thread(StoreJob& job, Submit submit);

  template <typename View, typename F>
  auto in_fiber(Fiber& fiber, F& fn, Submit submit, WriteOptions options) {
    Job<View, F> job(fn);
    job.options = options;
    wait_in_fiber(fiber, job, submit);
    return job.result();
  }

  template <typename View, typename F>
  auto in_thread(F& fn, Submit submit, WriteOptions options) {
    Job<View, F> job(fn);
    job.options = options;
    wait_in_thread(job, submit);
    return job.result();
  }
};

}  // namespace junctor
