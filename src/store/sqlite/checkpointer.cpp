#include "store/sqlite/checkpointer.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/log.h"

namespace junctor::sqlite {
namespace {

// The log is copied back once it holds this much, and looked at every so many commits.
constexpr std::int64_t wanted_log_bytes = std::int64_t{24} << 20;
constexpr int commits_between_looks = 16;
// What the writer may copy itself between two commits.
constexpr int most_pages_for_writer = 256;
constexpr int most_rounds = 6;

}  // namespace

Checkpointer::Checkpointer(const ConnectionOptions& options) : options_(options) {
  thread_ = std::thread([this] { serve(); });
  pthread_setname_np(thread_.native_handle(), "store-copy");
}

Checkpointer::~Checkpointer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Checkpointer::committed() {
  if (++commits_since_look_ < commits_between_looks || copied_) return;
  commits_since_look_ = 0;
  struct stat status {};
  if (::stat((options_.path + "-wal").c_str(), &status) != 0) return;
  if (status.st_size < wanted_log_bytes) return;
  {
    std::lock_guard lock(mutex_);
    asked_ = true;
  }
  changed_.notify_one();
}

Checkpointer::Progress Checkpointer::copy(Connection& connection, int mode) {
  Progress progress;
  const int code = sqlite3_wal_checkpoint_v2(connection.handle(), nullptr, mode, &progress.pages,
                                             &progress.copied);
  if (code != SQLITE_OK && code != SQLITE_BUSY) connection.fail(code, "checkpoint");
  return progress;
}

void Checkpointer::finish_on(Connection& writer) {
  copied_ = false;
  try {
    copy(writer, SQLITE_CHECKPOINT_PASSIVE);
  } catch (const Failure& failure) {
    log::write(log::Level::error, "store", "copying the log back failed: {}", failure.detail());
  }
}

void Checkpointer::serve() {
  Connection connection(options_);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || asked_; });
    if (stopping_) return;
    asked_ = false;
    lock.unlock();
    try {
      // Each round copies what was written during the last one, so the rest shrinks.
      for (int round = 0; round < most_rounds; ++round) {
        copy(connection, SQLITE_CHECKPOINT_PASSIVE);
        const Progress rest = copy(connection, SQLITE_CHECKPOINT_PASSIVE);
        if (rest.pages - rest.copied <= most_pages_for_writer) break;
      }
      copied_ = true;
    } catch (const Failure& failure) {
      log::write(log::Level::error, "store", "copying the log back failed: {}", failure.detail());
    }
    lock.lock();
  }
}

}  // namespace junctor::sqlite
