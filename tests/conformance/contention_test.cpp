// Closures that meet on PostgreSQL and cannot both stand.
#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "junctor/failure.h"
#include "store/migrations.h"
#include "support/test_store.h"

namespace junctor::test {
namespace {

// Lets two threads go on together; later visits do not wait.
class Meeting {
 public:
  void arrive() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return arrived_ >= 2; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
};

TEST(Contention, a_commit_that_is_refused_is_repeated_without_a_word_from_the_server) {
  if (shared_postgres() == nullptr) GTEST_SKIP() << "PostgreSQL cannot run here";
  TestStore store(Backend::postgres);
  store->write_blocking([](Transaction& tx) {
    tx.execute("CREATE TABLE doctors (tenant TEXT, name TEXT PRIMARY KEY, on_call BIGINT)");
    for (const char* name : {"a", "b"}) tx.execute("INSERT INTO doctors VALUES ('default', ?, 1)", name);
  });
  Meeting looked, changed;
  // Each leaves when the other stays: one of the two has to look again.
  const auto leave = [&](const std::string& name) {
    store->write_blocking([&](Transaction& tx) {
      const auto there = tx.value<std::int64_t>("SELECT count(*) FROM doctors WHERE on_call = 1");
      looked.arrive();
      if (there > 1) tx.execute("UPDATE doctors SET on_call = 0 WHERE name = ?", name);
      changed.arrive();
    });
  };
  testing::internal::CaptureStderr();
  std::thread other([&] { leave("b"); });
  leave("a");
  other.join();
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_GE(store->stats().retries, 1u);
  EXPECT_THAT(said, testing::Not(testing::HasSubstr("no transaction in progress")));
}

TEST(Contention, processes_that_migrate_a_database_at_once_each_find_what_the_others_did) {
  if (shared_postgres() == nullptr) GTEST_SKIP() << "PostgreSQL cannot run here";
  TestStore store(Backend::postgres);
  const Migration steps[] = {{1, "one", "CREATE TABLE contended_a (tenant TEXT, x BIGINT); SELECT 1 FROM pg_sleep(0.1)"},
                             {2, "two", "CREATE TABLE contended_b (tenant TEXT, x BIGINT); SELECT 1 FROM pg_sleep(0.1)"},
                             {3, "three", "ALTER TABLE contended_a ADD COLUMN y BIGINT; SELECT 1 FROM pg_sleep(0.1)"}};
  const MigrationSet sets[] = {{"contended", steps}};
  std::atomic<int> applied{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      try {
        applied += migrate(*store, sets);
      } catch (const Failure& failure) {
        ADD_FAILURE() << failure.message();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(applied, 3);
}

}  // namespace
}  // namespace junctor::test
