#include "store/store.h"

#include <condition_variable>
#include <mutex>
#include <string_view>

#include "junctor/failure.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/tools.h"
#include "store/sqlite/restore.h"
#include "store/sqlite/sqlite_store.h"

namespace junctor {

namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";

bool is_postgres(std::string_view url) {
  return url.starts_with("postgres://") || url.starts_with("postgresql://");
}

// The path of a SQLite database, or empty.
std::string sqlite_path(std::string_view url) {
  return url.starts_with(sqlite_scheme) ? std::string(url.substr(sqlite_scheme.size())) : std::string();
}

[[noreturn]] void refuse_url() {
  throw Failure(FailureKind::invalid,
                "a store's url is sqlite:<path of the database file> or postgres://…");
}

}  // namespace

std::unique_ptr<Store> Store::open(const StoreOptions& options) {
  if (const std::string path = sqlite_path(options.url); !path.empty())
    return std::make_unique<sqlite::SqliteStore>(options, path);
  if (is_postgres(options.url)) return std::make_unique<postgres::PostgresStore>(options);
  refuse_url();
}

void Store::restore(const StoreOptions& options, const std::string& backup, Existing existing) {
  if (const std::string path = sqlite_path(options.url); !path.empty())
    return sqlite::restore(options, path, backup, existing);
  if (is_postgres(options.url)) return postgres::restore(options.url, backup, existing);
  refuse_url();
}

void Store::wait_in_fiber(Fiber& fiber, StoreJob& job, Submit submit) {
  std::optional<Waker> waker;
  // A copy: the job stands on the fiber's stack, which may go on before wake() returns.
  job.done_ = [&waker] { Waker(*waker).wake(); };
  fiber.check();
  fiber.wait_uninterruptible([&](Waker w) {
    waker = std::move(w);
    (this->*submit)(job);
  });
}

void Store::wait_in_thread(StoreJob& job, Submit submit) {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  job.done_ = [&] {
    std::lock_guard lock(mutex);
    done = true;
    changed.notify_one();
  };
  (this->*submit)(job);
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done; });
}

}  // namespace junctor
