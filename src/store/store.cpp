#include "store/store.h"

#include <condition_variable>
#include <mutex>
#include <string_view>

#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"

namespace junctor {

std::unique_ptr<Store> Store::open(const StoreOptions& options) {
  constexpr std::string_view sqlite_scheme = "sqlite:";
  const std::string_view url = options.url;
  if (url.starts_with(sqlite_scheme) && url.size() > sqlite_scheme.size())
    return std::make_unique<sqlite::SqliteStore>(options, std::string(url.substr(sqlite_scheme.size())));
  if (url.starts_with("postgres://") || url.starts_with("postgresql://"))
    return std::make_unique<postgres::PostgresStore>(options);
  throw Failure(FailureKind::invalid,
                "a store's url is sqlite:<path of the database file> or postgres://…");
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
