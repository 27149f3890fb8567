// Closures that meet on PostgreSQL and cannot both stand.
#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <thread>

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

}  // namespace
}  // namespace junctor::test
