// What is kept in memory of queues and subscriptions is never older than promised.
#include <gmock/gmock.h>

#include "async/loop.h"
#include "async/scope.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "support/test_store.h"

namespace junctor::queue {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Two engines on one database.
class SettingsCacheTest : public test::OnEveryStore {
 protected:
  void SetUp() override {
    OnEveryStore::SetUp();
    if (IsSkipped()) return;
    other_store_ = Store::open(store_->options());
    QueuesOptions options;
    options.clock = &clock_;
    other_ = std::make_unique<Queues>(*other_store_, options);
    other_log_ = std::make_unique<EventLog>(*other_);
    (*store_)->write_blocking([&](Transaction& tx) { queues_->ensure(tx, tenant_, "work"); });
  }
  void TearDown() override {
    other_log_.reset();
    other_.reset();
    other_store_.reset();
    OnEveryStore::TearDown();
  }
  template <typename F>
  void change(F&& fn) {
    (*store_)->write_blocking(fn);
    run_in_fiber([&](Fiber& fiber) { queues_->wait_until_in_force(fiber); });
  }
  void append(Store& store, EventLog& log) {
    store.write_blocking([&](Transaction& tx) {
      NewEvent event;
      event.topic = "crm.contact_made";
      log.append(tx, event);
    });
  }
  std::vector<Message> take(Store& store, Queues& queues) {
    LeaseRequest request{tenant_, "work", 100, std::nullopt, ""};
    return store.write_blocking([&](Transaction& tx) { return queues.lease(tx, request); });
  }
  void subscribe_here(Transaction& tx) {
    subscribe(tx, *queues_, {tenant_, "all", "crm.*", "work", ""});
  }

  TenantId tenant_ = default_tenant();
  std::unique_ptr<Store> other_store_;
  std::unique_ptr<Queues> other_;
  std::unique_ptr<EventLog> other_log_;
};

INSTANTIATE_TEST_SUITE_P(stores, SettingsCacheTest, test::every_store(), test::store_name);

TEST_P(SettingsCacheTest, a_subscription_is_in_force_here_with_its_commit) {
  append(**store_, *log_);
  (*store_)->write_blocking([&](Transaction& tx) { subscribe_here(tx); });
  append(**store_, *log_);
  EXPECT_THAT(take(**store_, *queues_), SizeIs(1));
  (*store_)->write_blocking([&](Transaction& tx) { unsubscribe(tx, *queues_, tenant_, "all"); });
  append(**store_, *log_);
  EXPECT_THAT(take(**store_, *queues_), IsEmpty());
}

TEST_P(SettingsCacheTest, a_subscription_is_in_force_in_another_engine_when_it_is_said_to_be) {
  append(*other_store_, *other_log_);
  change([&](Transaction& tx) { subscribe_here(tx); });
  append(*other_store_, *other_log_);
  EXPECT_THAT(take(*other_store_, *other_), SizeIs(1));
  change([&](Transaction& tx) { unsubscribe(tx, *queues_, tenant_, "all"); });
  append(*other_store_, *other_log_);
  EXPECT_THAT(take(*other_store_, *other_), IsEmpty());
}

TEST_P(SettingsCacheTest, a_transaction_works_with_the_subscription_it_makes) {
  append(**store_, *log_);
  (*store_)->write_blocking([&](Transaction& tx) {
    subscribe_here(tx);
    NewEvent event;
    event.topic = "crm.contact_made";
    log_->append(tx, event);
  });
  EXPECT_THAT(take(**store_, *queues_), SizeIs(1));
}

TEST_P(SettingsCacheTest, a_subscription_that_was_rolled_back_leaves_nothing) {
  EXPECT_THROW((*store_)->write_blocking([&](Transaction& tx) {
    subscribe_here(tx);
    NewEvent event;
    event.topic = "crm.contact_made";
    log_->append(tx, event);
    throw Failure(FailureKind::invalid, "no");
  }),
               Failure);
  append(**store_, *log_);
  EXPECT_THAT(take(**store_, *queues_), IsEmpty());
}

TEST_P(SettingsCacheTest, a_pause_is_in_force_in_another_engine_when_it_is_said_to_be) {
  (*store_)->write_blocking([&](Transaction& tx) { queues_->enqueue(tx, tenant_, "work", {}); });
  EXPECT_THAT(take(*other_store_, *other_), SizeIs(1));
  (*store_)->write_blocking([&](Transaction& tx) { queues_->enqueue(tx, tenant_, "work", {}); });
  change([&](Transaction& tx) { queues_->pause(tx, tenant_, "work"); });
  EXPECT_THAT(take(*other_store_, *other_), IsEmpty());
  change([&](Transaction& tx) { queues_->resume(tx, tenant_, "work"); });
  EXPECT_THAT(take(*other_store_, *other_), SizeIs(1));
}

}  // namespace
}  // namespace junctor::queue
