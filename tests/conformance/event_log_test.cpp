#include "queue/event_log.h"

#include <gmock/gmock.h>

#include "junctor/failure.h"
#include "queue/idempotency.h"
#include "queue/inbox.h"
#include "queue/outbox.h"
#include "queue/stats.h"
#include "support/test_store.h"

namespace junctor::queue {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;

class EventLogTest : public test::OnEveryStore {
 protected:
  template <typename F>
  auto write(F&& fn) {
    return (*store_)->write_blocking(fn);
  }
  template <typename F>
  auto read(F&& fn) {
    return (*store_)->read_blocking(fn);
  }
  static NewEvent event(const std::string& topic, const std::string& payload = "null") {
    NewEvent made;
    made.topic = topic;
    made.payload = payload;
    return made;
  }
  Published append(const NewEvent& given) {
    return write([&](Transaction& tx) { return log_->append(tx, given); });
  }
  EventPage page(const EventFilter& filter) {
    return read([&](Snapshot& view) { return log_->read(view, filter); });
  }
  static std::vector<std::string> topics(const EventPage& page) {
    std::vector<std::string> found;
    for (const Event& one : page.events) found.push_back(one.topic);
    return found;
  }
  std::vector<Message> lease(const std::string& queue) {
    LeaseRequest request{tenant_, queue, 10, std::nullopt, ""};
    return write([&](Transaction& tx) { return queues_->lease(tx, request); });
  }
  void subscribe_queue(const std::string& queue, const std::string& pattern,
                       const std::string& ignore = "") {
    write([&](Transaction& tx) {
      queues_->ensure(tx, tenant_, queue);
      subscribe(tx, *queues_, {tenant_, queue, pattern, queue, ignore});
    });
  }
  TenantId tenant_ = default_tenant();
};

INSTANTIATE_TEST_SUITE_P(stores, EventLogTest, test::every_store(), test::store_name);

TEST_P(EventLogTest, an_event_comes_back_whole) {
  NewEvent given = event("crm.contact_created", R"({"id":1})");
  given.source = "crm";
  given.connection = "c1";
  given.entity = "contact:1";
  given.headers = R"({"x-source":"user"})";
  given.correlation_id = "corr";
  given.causation_id = "cause";
  given.traceparent = "00-1-2-01";
  const auto id = std::get<Accepted>(append(given)).id;
  const auto found = read([&](Snapshot& view) { return log_->find(view, tenant_, EventId(id)); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->topic, given.topic);
  EXPECT_EQ(found->source, given.source);
  EXPECT_EQ(found->connection, given.connection);
  EXPECT_EQ(found->entity, given.entity);
  EXPECT_EQ(found->payload, given.payload);
  EXPECT_EQ(header(found->headers, "x-source"), "user");
  EXPECT_EQ(found->correlation_id, "corr");
  EXPECT_EQ(found->causation_id, "cause");
  EXPECT_EQ(found->traceparent, given.traceparent);
  EXPECT_EQ(found->created_at, clock_.now());
  EXPECT_FALSE(
      read([&](Snapshot& view) { return log_->find(view, TenantId("other"), EventId(id)); }));
}

TEST_P(EventLogTest, reads_narrow_by_topic_entity_time_and_position) {
  append(event("a.x_made"));
  NewEvent entity = event("a.y_made");
  entity.entity = "e:1";
  append(entity);
  clock_.advance(hours(1));
  append(event("b.x_made"));
  EventFilter filter;
  EXPECT_THAT(topics(page(filter)), ElementsAre("a.x_made", "a.y_made", "b.x_made"));
  filter.topic_pattern = "*.x_*";
  EXPECT_THAT(topics(page(filter)), ElementsAre("a.x_made", "b.x_made"));
  filter.topic_pattern = "b.x_made";
  EXPECT_THAT(topics(page(filter)), ElementsAre("b.x_made"));
  filter.topic_pattern = "*";
  filter.entity = "e:1";
  EXPECT_THAT(topics(page(filter)), ElementsAre("a.y_made"));
  filter.entity = "";
  filter.from = clock_.now();
  EXPECT_THAT(topics(page(filter)), ElementsAre("b.x_made"));
  filter.from.reset();
  filter.to = clock_.now();
  EXPECT_THAT(topics(page(filter)), ElementsAre("a.x_made", "a.y_made"));
}

TEST_P(EventLogTest, pages_continue_where_they_ended) {
  for (int i = 0; i < 5; ++i) append(event("t" + std::to_string(i)));
  EventFilter filter;
  filter.most = 2;
  std::vector<std::string> seen;
  for (;;) {
    const EventPage one = page(filter);
    for (const auto& topic : topics(one)) seen.push_back(topic);
    filter.after = one.next;
    if (!one.more) break;
  }
  EXPECT_THAT(seen, ElementsAre("t0", "t1", "t2", "t3", "t4"));
}

TEST_P(EventLogTest, pages_go_back_from_the_newest) {
  for (int i = 0; i < 5; ++i) append(event(i % 2 == 0 ? "a.x" + std::to_string(i) : "b.y"));
  EventFilter filter;
  filter.most = 2;
  filter.topic_pattern = "a.*";
  filter.before = last_position;
  std::vector<std::string> seen;
  for (;;) {
    const EventPage one = page(filter);
    for (const auto& topic : topics(one)) seen.push_back(topic);
    filter.before = one.next;
    if (!one.more) break;
  }
  EXPECT_THAT(seen, ElementsAre("a.x4", "a.x2", "a.x0"));
}

TEST_P(EventLogTest, an_event_reaches_its_subscribers_in_the_same_commit) {
  subscribe_queue("contacts", "crm.contact_*");
  subscribe_queue("all", "*");
  subscribe_queue("none", "other.*");
  append(event("crm.contact_created", "7"));
  const auto messages = lease("contacts");
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].payload, "7");
  EXPECT_EQ(messages[0].topic, "crm.contact_created");
  EXPECT_TRUE(messages[0].event.has_value());
  EXPECT_EQ(lease("all").size(), 1u);
  EXPECT_THAT(lease("none"), IsEmpty());
}

TEST_P(EventLogTest, a_subscriber_gets_the_trace_of_the_event) {
  subscribe_queue("all", "*");
  NewEvent given = event("t", "1");
  given.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  append(given);
  EXPECT_EQ(header(lease("all").at(0).headers, "traceparent"), given.traceparent);
}

TEST_P(EventLogTest, the_tenants_who_have_events_are_found) {
  for (const char* name : {"b", "a", "b", "c"}) {
    NewEvent given = event("t");
    given.tenant = TenantId(name);
    append(given);
  }
  EXPECT_THAT(read([&](Snapshot& view) { return log_->tenants(view); }),
              ElementsAre(TenantId("a"), TenantId("b"), TenantId("c")));
}

TEST_P(EventLogTest, a_subscription_can_ignore_its_own_echo) {
  subscribe_queue("sync", "*", std::string(source_sync));
  Outbox outbox(*log_);
  write([&](Transaction& tx) {
    outbox.emit(tx, event("crm.contact_updated", "1"), {std::string(source_sync), "crm"});
    outbox.emit(tx, event("crm.contact_updated", "2"));
  });
  const auto messages = lease("sync");
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].payload, "2");
  EXPECT_EQ(header(messages[0].headers, "x-source"), "user");
}

TEST_P(EventLogTest, the_same_key_is_one_event) {
  subscribe_queue("all", "*");
  NewEvent given = event("t", "1");
  given.idempotency_key = "k";
  const auto first = std::get<Accepted>(append(given)).id;
  EXPECT_EQ(std::get<Replayed>(append(given)).id, first);
  given.payload = "2";
  EXPECT_TRUE(std::holds_alternative<KeyReused>(append(given)));
  EXPECT_EQ(lease("all").size(), 1u);
}

TEST_P(EventLogTest, a_key_of_a_rolled_back_publisher_is_free) {
  NewEvent given = event("t", "1");
  given.idempotency_key = "k";
  EXPECT_THROW(write([&](Transaction& tx) {
    log_->append(tx, given);
    throw Failure(FailureKind::invalid, "no");
  }),
               Failure);
  EXPECT_TRUE(std::holds_alternative<Accepted>(append(given)));
}

TEST_P(EventLogTest, retention_removes_the_old_and_keeps_what_messages_need) {
  subscribe_queue("all", "*");
  for (int i = 0; i < 5; ++i) append(event("t", std::to_string(i)));
  clock_.advance(hours(24 * 31));
  append(event("t", "new"));
  const auto retain = [&](const Retention& retention, int most) {
    return write([&](Transaction& tx) { return log_->retain(tx, tenant_, retention, most); });
  };
  EXPECT_EQ(retain({}, 3), 3);
  EXPECT_EQ(retain({}, 3), 2);
  EXPECT_EQ(retain({}, 3), 0);
  EXPECT_EQ(page({}).events.size(), 1u);
  const auto messages = lease("all");
  ASSERT_EQ(messages.size(), 6u);
  EXPECT_EQ(messages[0].payload, "0");
  EXPECT_EQ(messages[0].topic, "t");
}

TEST_P(EventLogTest, retention_by_size_removes_the_oldest) {
  for (int i = 0; i < 10; ++i) append(event("t", '"' + std::string(98, 'x') + '"'));
  Retention retention;
  retention.most_bytes = 510;
  int removed = 0;
  while (const int step = write([&](Transaction& tx) { return log_->retain(tx, tenant_, retention, 4); }))
    removed += step;
  EXPECT_EQ(removed, 5);
}

TEST_P(EventLogTest, the_inbox_lets_a_message_through_once) {
  int effects = 0;
  const InboxKey key{tenant_, "endpoint", "evt_1", hours(72)};
  const auto deliver = [&](bool fail) {
    return write([&](Transaction& tx) {
      int done = 0;
      const auto received = once(tx, key, clock_.now(), [&] {
        log_->append(tx, event("got"));
        if (fail) throw Failure(FailureKind::unavailable, "handler failed");
        done = 1;
      });
      effects += done;
      return received;
    });
  };
  EXPECT_THROW(deliver(true), Failure);
  EXPECT_EQ(deliver(false), Received::first_time);
  EXPECT_EQ(deliver(false), Received::duplicate);
  EXPECT_EQ(effects, 1);
  EXPECT_EQ(page({}).events.size(), 1u);
  clock_.advance(hours(73));
  EXPECT_EQ(write([&](Transaction& tx) { return forget_received(tx, clock_.now(), 10); }), 1);
  EXPECT_EQ(deliver(false), Received::first_time);
}

TEST_P(EventLogTest, the_inbox_keeps_keys_as_long_as_the_sender_may_repeat) {
  const InboxKey key{tenant_, "endpoint", "evt_1", hours(72)};
  write([&](Transaction& tx) { receive(tx, key, clock_.now()); });
  clock_.advance(hours(71));
  EXPECT_EQ(write([&](Transaction& tx) { return forget_received(tx, clock_.now(), 10); }), 0);
  EXPECT_EQ(write([&](Transaction& tx) { return receive(tx, key, clock_.now()); }),
            Received::duplicate);
}

TEST_P(EventLogTest, a_claimed_idempotency_key_is_busy_then_finished) {
  const IdempotencyKey key{tenant_, "POST /x", "k"};
  const auto ask = [&](const char* fingerprint) {
    return write([&](Transaction& tx) { return claim(tx, key, fingerprint, clock_.now()); });
  };
  EXPECT_TRUE(std::holds_alternative<Fresh>(ask("f")));
  EXPECT_TRUE(std::holds_alternative<Busy>(ask("f")));
  EXPECT_TRUE(std::holds_alternative<Mismatch>(ask("g")));
  write([&](Transaction& tx) { complete(tx, key, "answer"); });
  EXPECT_EQ(std::get<Finished>(ask("f")).answer, "answer");
  EXPECT_TRUE(std::holds_alternative<Mismatch>(ask("g")));
  clock_.advance(hours(25));
  EXPECT_TRUE(std::holds_alternative<Fresh>(ask("g")));
  clock_.advance(std::chrono::minutes(6));
  EXPECT_TRUE(std::holds_alternative<Fresh>(ask("g")));
  write([&](Transaction& tx) { abandon(tx, key); });
  EXPECT_TRUE(std::holds_alternative<Fresh>(ask("h")));
}

}  // namespace
}  // namespace junctor::queue
