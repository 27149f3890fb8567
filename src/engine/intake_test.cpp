#include "engine/intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/text.h"
#include "engine/test_reactions.h"

namespace junctor {
namespace {

constexpr const char* shop = R"(
slug: shop
webhooks:
  orders:
    verify: {scheme: hmac, header: X-Signature, secret_source: user_provided}
    event_type: {body: type}
    dedup_id: {body: id}
    ignore: "type = 'ping'"
    produces: ["*"]
  batches:
    verify: {scheme: hmac, header: X-Signature, secret_source: user_provided}
    event_type: {body: type}
    dedup_id: {body: id}
    items: orders
    entity_id: "'order:' & number"
    produces: ["*"]
)";

class IntakeTest : public testing::Test {
 protected:
  IntakeTest() : engine_([](const HttpRequest&, std::size_t) { return HttpResponse::text(200, ""); }) {
    engine_.load({shop});
    engine_.store->write_blocking([&](Transaction& transaction) {
      for (const char* webhook : {"orders", "batches"}) {
        Endpoint endpoint;
        endpoint.tenant = default_tenant();
        endpoint.name = webhook;
        endpoint.integration = "shop";
        endpoint.webhook = webhook;
        std::vector<Secret> secrets;
        secrets.emplace_back("hush");
        engine_.endpoints.put(transaction, endpoint, secrets);
      }
    });
  }

  HttpRequest delivery(const std::string& body, const std::string& secret = "hush") {
    HttpRequest request;
    request.method = "POST";
    request.target = "/hooks/orders";
    request.body = body;
    request.headers.set("Content-Type", "application/json");
    request.headers.set("Authorization", "Bearer not-to-be-kept");
    request.headers.set("X-Signature",
                        crypto::to_hex(crypto::hmac(crypto::Digest::sha256, secret, body)));
    return request;
  }
  HttpResponse receive(const HttpRequest& request, const std::string& endpoint = "orders") {
    HttpResponse out;
    run_in_fiber([&](Fiber& fiber) { out = engine_.intake.receive(fiber, request, endpoint); });
    return out;
  }
  std::vector<queue::Event> events() {
    std::vector<queue::Event> out;
    run_in_fiber([&](Fiber& fiber) { out = engine_.events_of(fiber, "shop.*"); });
    return out;
  }

  ReactingEngine engine_;
};

TEST_F(IntakeTest, stores_a_proved_delivery_as_an_event) {
  const HttpResponse answer = receive(delivery(R"({"id": "o-1", "type": "order.paid"})"));
  EXPECT_EQ(answer.status, 202);
  const auto stored = events();
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].topic, "shop.order_paid");
  EXPECT_THAT(answer.body, testing::HasSubstr(stored[0].id.to_string()));
  EXPECT_THAT(stored[0].headers, testing::HasSubstr("\"event-type\":\"order.paid\""));
}

TEST_F(IntakeTest, keeps_neither_proof_nor_credentials) {
  const HttpRequest request = delivery(R"({"id": "o-1", "type": "order.paid"})");
  receive(request);
  const std::string headers = events().at(0).headers;
  EXPECT_THAT(headers, testing::Not(testing::HasSubstr("not-to-be-kept")));
  EXPECT_THAT(headers,
              testing::Not(testing::HasSubstr(std::string(*request.headers.get("X-Signature")))));
}

TEST_F(IntakeTest, a_wrong_proof_is_refused_and_its_reason_kept) {
  EXPECT_EQ(receive(delivery(R"({"id": "o-1"})", "wrong")).status, 401);
  HttpRequest unsigned_one = delivery("{}");
  unsigned_one.headers.remove("X-Signature");
  EXPECT_EQ(receive(unsigned_one).status, 401);
  EXPECT_TRUE(events().empty());
  const auto refusals = engine_.store->read_blocking([&](Snapshot& view) {
    return engine_.endpoints.refusals(view, default_tenant(), "orders");
  });
  ASSERT_EQ(refusals.size(), 2u);
  EXPECT_FALSE(refusals[0].reason.empty());
}

TEST_F(IntakeTest, a_delivery_that_comes_again_is_answered_like_the_first) {
  const HttpRequest request = delivery(R"({"id": "o-1", "type": "order.paid"})");
  const HttpResponse first = receive(request), second = receive(request);
  EXPECT_EQ(second.status, 202);
  EXPECT_THAT(second.body, testing::HasSubstr("\"duplicate\":true"));
  EXPECT_EQ(events().size(), 1u);
  EXPECT_EQ(engine_.intake.counts().duplicates, 1u);
}

TEST_F(IntakeTest, the_same_id_with_another_body_is_a_conflict) {
  receive(delivery(R"({"id": "o-1", "type": "order.paid"})"));
  EXPECT_EQ(receive(delivery(R"({"id": "o-1", "type": "order.lost"})")).status, 409);
  EXPECT_EQ(events().size(), 1u);
}

TEST_F(IntakeTest, a_conflict_leaves_nothing_of_its_delivery) {
  receive(delivery(R"({"id": "b-1", "type": "batch", "orders": [{"number": 1}, {"number": 2}]})"),
          "batches");
  const HttpResponse answer = receive(
      delivery(R"({"id": "b-1", "type": "batch", "orders": [{"number": 1}, {"number": 3}, {"number": 4}]})"),
      "batches");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(events().size(), 2u);
}

TEST_F(IntakeTest, a_batch_becomes_one_event_for_each_item) {
  receive(delivery(R"({"id": "b-1", "type": "batch", "orders": [{"number": 1}, {"number": 2}]})"),
          "batches");
  const auto stored = events();
  ASSERT_EQ(stored.size(), 2u);
  EXPECT_EQ(stored[1].entity, "order:2");
  EXPECT_EQ(stored[1].payload, R"({"number":2})");
}

TEST_F(IntakeTest, what_is_no_utf8_is_kept_as_text) {
  HttpRequest request = delivery("id=f%00%E9&type=caf%E9");
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.headers.set("X-Place", "caf\xE9");
  EXPECT_EQ(receive(request).status, 202);
  const auto stored = events();
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_TRUE(is_utf8(stored[0].topic)) << testing::PrintToString(stored[0].topic);
  EXPECT_THAT(stored[0].headers, testing::HasSubstr("\"x-place\":\"caf\uFFFD\""));
  EXPECT_EQ(stored[0].payload, "{\"id\":\"f\\u0000\uFFFD\",\"type\":\"caf\uFFFD\"}");
  EXPECT_EQ(receive(delivery(R"({"id": "n\u0000", "type": "a\u0000"})")).status, 202);
  for (const queue::Event& event : events()) EXPECT_EQ(event.topic.find('\0'), std::string::npos);
}

TEST_F(IntakeTest, what_the_definition_ignores_is_answered_and_not_stored) {
  EXPECT_EQ(receive(delivery(R"({"id": "o-1", "type": "ping"})")).status, 202);
  EXPECT_TRUE(events().empty());
  EXPECT_EQ(engine_.intake.counts().ignored, 1u);
}

TEST_F(IntakeTest, what_cannot_be_taken_says_why) {
  EXPECT_EQ(receive(delivery("{ no json")).status, 400);
  EXPECT_EQ(receive(delivery("{}"), "nowhere").status, 404);
}

}  // namespace
}  // namespace junctor
