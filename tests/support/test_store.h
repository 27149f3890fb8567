// A store for a test, on either backend, empty and migrated.
//
// Threads: one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "queue/event_log.h"
#include "queue/queues.h"
#include "store/migrations.h"
#include "store/store.h"
#include "support/postgres_server.h"

namespace junctor::test {

enum class Backend { sqlite, postgres };
std::string to_string(Backend backend);

// The server that all tests of the process share; null where PostgreSQL cannot run.
PostgresServer* shared_postgres();

class TestStore final {
 public:
  // Empty database; sets are applied. On PostgreSQL only when shared_postgres() is not null.
  explicit TestStore(Backend backend, std::span<const MigrationSet> sets = {},
                     StoreOptions options = {});
  ~TestStore();

  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }
  // Closes and opens again.
  void reopen();
  void close() { store_.reset(); }
  const StoreOptions& options() const { return options_; }
  const std::string& folder() const { return folder_; }

 private:
  StoreOptions options_;
  std::string folder_;
  std::unique_ptr<Store> store_;
};

// A fixture for TEST_P: a store with the queue room's tables. Skips where the backend cannot run.
class OnEveryStore : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::unique_ptr<TestStore> store_;
  VirtualClock clock_{std::chrono::time_point_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now())};
  std::unique_ptr<queue::Queues> queues_;
  std::unique_ptr<queue::EventLog> log_;
};

// INSTANTIATE_TEST_SUITE_P(stores, Suite, every_store(), store_name);
inline auto every_store() { return testing::Values(Backend::sqlite, Backend::postgres); }
inline std::string store_name(const testing::TestParamInfo<Backend>& info) {
  return to_string(info.param);
}

}  // namespace junctor::test
