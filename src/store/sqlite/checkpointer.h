// Copies the write-ahead log back into the database file, beside the writer.
//
// The bulk is copied by a thread of its own while commits go on. So that the log starts from its
// beginning again, the writer copies the small rest between two commits.
//
// Threads: committed(), wants_writer() and finish_on() on the writer's thread; the rest is its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/sqlite/connection.h"

namespace junctor::sqlite {

class Checkpointer final {
 public:
  explicit Checkpointer(const ConnectionOptions& options);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // After each commit: looks at the size of the log now and then.
  void committed();
  // Whether the thread has copied the bulk and the log is waiting for the writer's part.
  bool wants_writer() const { return copied_; }
  void finish_on(Connection& writer);

 private:
  void serve();
  // Pages in the log and pages copied.
  struct Progress {
    int pages = 0;
    int copied = 0;
  };
  static Progress copy(Connection& connection, int mode);

  ConnectionOptions options_;
  std::atomic<bool> copied_{false};
  int commits_since_look_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace junctor::sqlite
