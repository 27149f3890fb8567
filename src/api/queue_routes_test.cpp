#include "api/queue_routes.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <future>
#include <thread>

#include "async/scope.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/problem.h"
#include "queue/schema.h"
#include "store/migrations.h"

namespace junctor::api {
namespace {

class QueueRoutesTest : public testing::Test {
 protected:
  QueueRoutesTest() {
    std::string pattern = testing::TempDir() + "junctor-routes-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    StoreOptions options;
    options.url = "sqlite:" + folder_ + "/junctor.db";
    store_ = Store::open(options);
    const MigrationSet sets[] = {queue::queue_migrations()};
    migrate(*store_, sets);
    queues_ = std::make_unique<queue::Queues>(*store_);
    log_ = std::make_unique<queue::EventLog>(*queues_);
    router_.set("queues",
                queue_routes({*queues_, *log_, [this](Fiber&, const HttpRequest&, const char*) {
                                return tenant_;
                              }}));
    call("PUT", "/v1/queues/jobs", R"({"most_attempts": 3, "lease_ms": 30000})");
  }
  ~QueueRoutesTest() override {
    queues_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  struct Answer {
    int status = 0;
    std::string retry_after;
    Json body;
  };
  Answer call(const std::string& method, const std::string& path, const std::string& body = "",
              const Headers& headers = {}) {
    Answer answer;
    run_in_fiber([&](Fiber& fiber) {
      HttpRequest request;
      request.method = method;
      request.target = path;
      request.path = path.substr(0, path.find('?'));
      if (path.find('?') != std::string::npos) request.query = parse_query(path.substr(path.find('?') + 1));
      request.headers = headers;
      request.body = body;
      HttpResponse response;
      try {
        response = router_.handle(fiber, request);
      } catch (const Failure& failure) {
        response = problem_response(failure);
      }
      answer.status = response.status;
      answer.retry_after = std::string(response.headers.get("Retry-After").value_or(""));
      if (!response.body.empty()) answer.body = boost::json::parse(response.body);
    });
    return answer;
  }
  std::string lease() {
    const Answer answer = call("POST", "/v1/queues/jobs/poll", R"({"most": 1})");
    const auto& messages = answer.body.at("messages").as_array();
    return messages.empty() ? "" : std::string(messages[0].at("lease").as_string());
  }
  static std::string with(const std::string& lease) { return R"({"lease": ")" + lease + "\"}"; }

  TenantId tenant_ = default_tenant();  // of the caller
  std::string folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<queue::Queues> queues_;
  std::unique_ptr<queue::EventLog> log_;
  Router router_;
};

TEST_F(QueueRoutesTest, a_message_goes_in_and_comes_out) {
  EXPECT_EQ(call("POST", "/v1/queues/jobs/messages", R"({"payload": {"a": 1}})").status, 201);
  const Answer polled = call("POST", "/v1/queues/jobs/poll", R"({"most": 5})");
  EXPECT_EQ(polled.status, 200);
  ASSERT_EQ(polled.body.at("messages").as_array().size(), 1u);
  EXPECT_EQ(boost::json::serialize(polled.body.at("messages").at(0).at("payload")), R"({"a":1})");
}

TEST_F(QueueRoutesTest, acknowledging_twice_is_a_409_that_says_why) {
  call("POST", "/v1/queues/jobs/messages", R"({"payload": 1})");
  const std::string token = lease();
  EXPECT_EQ(call("POST", "/v1/leases/heartbeat", with(token)).status, 200);
  EXPECT_EQ(call("POST", "/v1/leases/ack", with(token)).status, 200);
  const Answer again = call("POST", "/v1/leases/ack", with(token));
  EXPECT_EQ(again.status, 409);
  EXPECT_TRUE(again.body.at("detail").as_string().starts_with("the message was finished before: at "));
}

TEST_F(QueueRoutesTest, a_lease_of_another_tenant_is_a_404) {
  call("POST", "/v1/queues/jobs/messages", R"({"payload": 1})");
  const std::string token = lease();
  tenant_ = TenantId("other");
  for (const char* how : {"ack", "nack", "heartbeat"})
    EXPECT_EQ(call("POST", std::string("/v1/leases/") + how, with(token)).status, 404) << how;
  tenant_ = default_tenant();
  EXPECT_EQ(call("POST", "/v1/leases/ack", with(token)).status, 200);
  tenant_ = TenantId("other");
  EXPECT_EQ(call("POST", "/v1/leases/ack", with(token)).status, 404);
}

TEST_F(QueueRoutesTest, a_batch_of_leases_is_answered_item_by_item) {
  call("POST", "/v1/queues/jobs/messages", R"({"messages": [{"payload": 1}, {"payload": 2}]})");
  const std::string first = lease();
  const Answer answer = call("POST", "/v1/leases/ack",
                             R"({"leases": [{"lease": ")" + first + R"("}, {"lease": "nonsense"}]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.at("results").at(0).at("status").as_int64(), 200);
  EXPECT_EQ(answer.body.at("results").at(1).at("status").as_int64(), 404);
}

TEST_F(QueueRoutesTest, bad_input_has_its_own_statuses) {
  EXPECT_EQ(call("POST", "/v1/queues/nowhere/messages", "{}").status, 404);
  EXPECT_EQ(call("POST", "/v1/queues/nowhere/poll", "{}").status, 404);
  EXPECT_EQ(call("POST", "/v1/leases/ack", with("1-1-1")).status, 404);
  EXPECT_EQ(call("POST", "/v1/leases/ack", with("what")).status, 404);
  const std::string large(std::size_t{1} << 20, 'x');
  EXPECT_EQ(call("POST", "/v1/queues/jobs/messages", R"({"payload": ")" + large + "\"}").status, 413);
}

TEST_F(QueueRoutesTest, an_idempotency_key_answers_again_or_refuses) {
  const Headers key{{"Idempotency-Key", "\"k1\""}};
  const std::string body = R"({"topic": "crm.contact_made", "payload": 1})";
  const Answer first = call("POST", "/v1/events", body, key);
  EXPECT_EQ(first.status, 201);
  const Answer again = call("POST", "/v1/events", body, key);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body.at("id"), first.body.at("id"));
  EXPECT_EQ(call("POST", "/v1/events", R"({"topic": "crm.contact_made", "payload": 2})", key).status, 422);
}

// The writer is held up, so that the first publication is surely under way when the others come.
TEST_F(QueueRoutesTest, a_key_that_is_under_way_is_a_409_until_its_publication_has_an_answer) {
  const Headers key{{"Idempotency-Key", "k1"}};
  const std::string body = R"({"topic": "crm.contact_made", "payload": 1})";
  std::promise<void> holding, let_go;
  std::thread holder([&] {
    store_->write_blocking([&](Transaction&) {
      holding.set_value();
      let_go.get_future().wait_for(std::chrono::seconds(30));
    });
  });
  holding.get_future().wait();
  Answer first;
  std::thread publisher([&] { first = call("POST", "/v1/events", body, key); });
  while (store_->stats().waiting == 0) std::this_thread::yield();
  const Answer second = call("POST", "/v1/events", body, key);
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.retry_after, "1");
  EXPECT_EQ(call("POST", "/v1/events", R"({"topic": "crm.contact_made", "payload": 2})", key).status, 409);
  EXPECT_EQ(call("POST", "/v1/events",
                 R"({"events": [{"topic": "x.y_z"}, {"topic": "x.y_z", "idempotency_key": "k1"}]})")
                .status,
            409);
  let_go.set_value();
  holder.join();
  publisher.join();
  EXPECT_EQ(first.status, 201);
  const Answer again = call("POST", "/v1/events", body, key);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body.at("id"), first.body.at("id"));
}

TEST_F(QueueRoutesTest, dead_letters_are_listed_and_redriven) {
  call("POST", "/v1/queues/jobs/messages", R"({"payload": 1})");
  call("POST", "/v1/leases/nack",
       R"({"lease": ")" + lease() + R"(", "kind": "reject", "error": "malformed"})");
  const Answer letters = call("GET", "/v1/queues/jobs/dead-letters?most=10");
  ASSERT_EQ(letters.body.at("dead_letters").as_array().size(), 1u);
  EXPECT_EQ(letters.body.at("dead_letters").at(0).at("reason").as_string(), "malformed");
  // The cursor is a text: the number behind it is larger than what numbers of JavaScript hold.
  const std::string cursor(letters.body.at("cursor").as_string());
  EXPECT_EQ(cursor, std::to_string(letters.body.at("next").as_int64()));
  EXPECT_TRUE(call("GET", "/v1/queues/jobs/dead-letters?after=" + cursor).body.at("dead_letters").as_array().empty());
  EXPECT_EQ(call("POST", "/v1/queues/jobs/dead-letters/redrive", R"({"all": true})").body.at("count"), 1);
  EXPECT_FALSE(lease().empty());
}

TEST_F(QueueRoutesTest, a_paused_queue_gives_nothing_until_it_is_resumed) {
  call("POST", "/v1/queues/jobs/messages", R"({"payload": 1})");
  call("POST", "/v1/queues/jobs/pause");
  EXPECT_TRUE(lease().empty());
  call("POST", "/v1/queues/jobs/resume");
  EXPECT_FALSE(lease().empty());
}

TEST_F(QueueRoutesTest, subscriptions_bring_events_to_queues) {
  EXPECT_EQ(call("PUT", "/v1/subscriptions/s", R"({"pattern": "crm.*", "queue": "jobs"})").status, 200);
  call("POST", "/v1/events", R"({"events": [{"topic": "crm.a", "payload": 1}, {"topic": "x.b"}]})");
  EXPECT_FALSE(lease().empty());
  EXPECT_TRUE(lease().empty());
  EXPECT_EQ(call("DELETE", "/v1/subscriptions/s").status, 204);
  EXPECT_EQ(call("DELETE", "/v1/subscriptions/s").status, 404);
}

}  // namespace
}  // namespace junctor::api
