// The store on PostgreSQL: a pool of connections, each with its own thread.
//
// A closure, or all requests of one kind that wait, runs on one connection, from BEGIN to COMMIT. Serialization failures and deadlocks run it
// again; so does a connection that breaks before its COMMIT was sent. One that breaks later has an
// unknown outcome: the caller gets Failure{unavailable} and must be able to repeat.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "store/job_queue.h"
#include "store/postgres/connection.h"
#include "store/postgres/listener.h"
#include "store/postgres/write_queue.h"
#include "store/store.h"

namespace junctor::postgres {

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(const StoreOptions& options);
  ~PostgresStore() override;

  Dialect dialect() const override { return Dialect::postgres; }
  StoreStats stats() const override;
  void backup(const std::string& path) override;
  std::vector<std::string> check_integrity() override;
  void listen(const std::string& channel,
              std::function<void(const std::string&)> heard) override {
    listener_.set(channel, std::move(heard));
  }

 private:
  enum class Access { write, read };
  // A thread's connection, made when it is needed.
  struct Worker {
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point next_try{};
  };

  void submit_write(StoreJob& job) override { write_queue_.push(job); }
  void submit_read(StoreJob& job) override { read_queue_.push(job); }

  using Jobs = std::span<StoreJob* const>;

  void serve_writes();
  void serve_reads();
  void run_jobs(Worker& worker, Jobs jobs, Access access);
  // Throws RetryTransaction to be run again.
  void run_once(Worker& worker, Jobs jobs, Access access);
  Connection& connected(Worker& worker);

  const StoreOptions options_;
  WriteQueue write_queue_;
  JobQueue read_queue_;
  std::atomic<std::uint64_t> commits_{0}, closures_{0}, failed_{0}, retries_{0}, reads_{0};
  Listener listener_;
  std::vector<std::thread> threads_;
};

}  // namespace junctor::postgres
