// A disk that is full at the first, second, third … write of a commit.
#include <gtest/gtest.h>

#include "junctor/failure.h"
#include "queue/schema.h"
#include "queue/stats.h"
#include "support/faulty_vfs.h"
#include "support/test_store.h"

namespace junctor::queue {
namespace {

class FullDiskTest : public testing::Test {
 protected:
  FullDiskTest() {
    static const bool registered = [] {
      test::register_faulty_vfs(test::Unsynced::dropped, 1);
      return true;
    }();
    EXPECT_TRUE(registered);
    StoreOptions options;
    options.vfs = "junctor-faulty";
    const MigrationSet sets[] = {queue_migrations()};
    store_ = std::make_unique<test::TestStore>(test::Backend::sqlite, sets, options);
    queues_ = std::make_unique<Queues>(**store_);
    (*store_)->write_blocking([&](Transaction& tx) { queues_->ensure(tx, tenant_, "work"); });
  }
  ~FullDiskTest() override { test::faulty_vfs_set_room(-1); }

  // True when it is on disk; otherwise the disk was said to be full, and when to try again.
  bool publish() {
    try {
      (*store_)->write_blocking([&](Transaction& tx) {
        NewMessage message;
        message.payload = '"' + std::string(20'000, 'x') + '"';
        queues_->enqueue(tx, tenant_, "work", message);
      });
      ++acknowledged_;
      return true;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.kind(), FailureKind::no_space);
      EXPECT_TRUE(failure.retry_after().has_value());
      return false;
    }
  }
  QueueStats count() {
    return (*store_)
        ->read_blocking([](Snapshot& view) {
          return queue_stats(view, std::nullopt, system_clock().now());
        })
        .at(0);
  }

  TenantId tenant_ = default_tenant();
  std::unique_ptr<test::TestStore> store_;
  std::unique_ptr<Queues> queues_;
  std::int64_t acknowledged_ = 0;
};

TEST_F(FullDiskTest, refuses_writes_clearly_and_serves_again_when_there_is_room) {
  int refused = 0;
  for (int room = 0; room < 24; ++room) {
    test::faulty_vfs_set_room(room);
    const bool stored = publish();
    refused += stored ? 0 : 1;
    EXPECT_EQ(count().ready, acknowledged_) << "readers go on, with room for " << room << " writes";
    test::faulty_vfs_set_room(-1);
    EXPECT_TRUE(publish()) << "after room for " << room;
  }
  EXPECT_GT(refused, 3);
  EXPECT_EQ(count().ready, acknowledged_);
  EXPECT_EQ(count().unaccounted(), 0);
  EXPECT_TRUE((*store_)->check_integrity().empty());
  store_->reopen();
  EXPECT_EQ(count().ready, acknowledged_);
}

}  // namespace
}  // namespace junctor::queue
