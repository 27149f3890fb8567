// The store on one SQLite file: WAL, synchronous=FULL, one writer, several snapshot readers.
//
// The writer takes every closure that waits, runs each in a savepoint of one transaction (those of one
// kind together in one), and commits once: one sync carries many closures. A second thread copies the log
// back into the file.
//
// Invariants:
//   1. No closure's caller continues before the commit of its group returned.
//   2. A closure that fails is rolled back to its savepoint; when SQLite gave up the whole transaction
//      (disk full, I/O error), the group's other closures are run again in a new one.
//   3. After `corrupt` nothing is written any more.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "store/job_queue.h"
#include "store/sqlite/checkpointer.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/running_mark.h"
#include "store/store.h"

namespace junctor::sqlite {

class SqliteStore final : public Store {
 public:
  SqliteStore(const StoreOptions& options, std::string path);
  ~SqliteStore() override;

  Dialect dialect() const override { return Dialect::sqlite; }
  StoreStats stats() const override;
  void backup(const std::string& path) override;
  std::vector<std::string> check_integrity() override;
  void listen(const std::string&, std::function<void(const std::string&)>) override {}

 private:
  using Group = std::vector<StoreJob*>;
  // What ran and waits for the group's commit.
  struct Ran {
    Group jobs;
    std::vector<std::function<void()>> after_commit;
  };

  void submit_write(StoreJob& job) override { write_queue_.push(job); }
  void submit_read(StoreJob& job) override { read_queue_.push(job); }

  ConnectionOptions connection_options(Access access) const;
  void check_after_unclean_stop();
  void serve_writes();
  void serve_reads(Connection& connection);
  void commit_group(Group group);
  // Runs the jobs from `next` on; false when SQLite gave up the transaction.
  bool run_group(const Group& group, Ran& ran, std::size_t& next);
  bool run_jobs(std::span<StoreJob* const> jobs, Ran& ran);
  // After their work together failed.
  bool run_each(std::span<StoreJob* const> jobs, Ran& ran);
  void rollback();
  void finish_failed(StoreJob& job, std::exception_ptr error);

  const StoreOptions options_;
  const std::string path_;
  RunningMark mark_;
  JobQueue write_queue_;
  JobQueue read_queue_;
  std::unique_ptr<Connection> writer_;
  std::vector<std::unique_ptr<Connection>> readers_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::atomic<bool> damaged_{false};
  std::atomic<std::uint64_t> commits_{0}, closures_{0}, failed_{0}, retries_{0}, reads_{0};
  std::thread write_thread_;
  std::vector<std::thread> read_threads_;
};

}  // namespace junctor::sqlite
