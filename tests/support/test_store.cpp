#include "support/test_store.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "queue/schema.h"

namespace junctor::test {

std::string to_string(Backend backend) {
  return backend == Backend::sqlite ? "sqlite" : "postgres";
}

PostgresServer* shared_postgres() {
  static const std::unique_ptr<PostgresServer> server = PostgresServer::start();
  return server.get();
}

TestStore::TestStore(Backend backend, std::span<const MigrationSet> sets, StoreOptions options)
    : options_(std::move(options)) {
  if (backend == Backend::sqlite) {
    std::string pattern = (std::filesystem::temp_directory_path() / "junctor-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    options_.url = "sqlite:" + folder_ + "/junctor.db";
  } else {
    static std::atomic<int> count{0};
    options_.url = shared_postgres()->create_database("test_" + std::to_string(::getpid()) + "_" +
                                                      std::to_string(++count));
  }
  reopen();
  migrate(*store_, sets);
}

TestStore::~TestStore() {
  store_.reset();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

void TestStore::reopen() {
  store_.reset();
  store_ = Store::open(options_);
}

void OnEveryStore::SetUp() {
  if (GetParam() == Backend::postgres && shared_postgres() == nullptr)
    GTEST_SKIP() << PostgresServer::why_not();
  const MigrationSet sets[] = {queue::queue_migrations()};
  store_ = std::make_unique<TestStore>(GetParam(), sets);
  queue::QueuesOptions options;
  options.clock = &clock_;
  queues_ = std::make_unique<queue::Queues>(**store_, options);
  log_ = std::make_unique<queue::EventLog>(*queues_);
}

void OnEveryStore::TearDown() {
  log_.reset();
  queues_.reset();
  store_.reset();
}

}  // namespace junctor::test
