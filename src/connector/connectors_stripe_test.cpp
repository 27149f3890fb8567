// Stripe, as docs.stripe.com says it answers.
#include "connector/test_connector.h"

namespace junctor::connector {
namespace {

TEST(Stripe, sends_forms_with_a_key_and_reads_by_the_last_id) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.method == "POST" && request.path == "/v1/payment_intents") {
      return answer(402, R"({"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","message":"Your card has insufficient funds."}})");
    }
    if (request.method == "POST") return answer(200, R"({"id":"cus_1","object":"customer"})");
    return request.query_value("starting_after") == "cus_2" ? answer(200, R"({"data":[{"id":"cus_3"}],"has_more":false})")
                                                            : answer(200, R"({"data":[{"id":"cus_1"},{"id":"cus_2"}],"has_more":true})");
  });
  Connector stripe("stripe", api);
  EXPECT_EQ(stripe.call("create_customer", R"({"email":"a@b.c","metadata":{"k":"v"}})").at("id"), Json("cus_1"));
  const HttpRequest created = api.seen().at(0);
  EXPECT_EQ(created.body, "email=a%40b.c&metadata%5Bk%5D=v");
  EXPECT_EQ(created.headers.get("Idempotency-Key"), "key-1");
  EXPECT_EQ(stripe.call("list_customers").as_array().size(), 3u);
  const ProviderFailure declined = stripe.failure("create_payment_intent", R"({"amount":5,"currency":"eur"})");
  EXPECT_EQ(declined.answer().code, "insufficient_funds");
  EXPECT_EQ(declined.kind(), FailureKind::invalid);
}

TEST(Stripe, nests_subscription_items_and_repeats_a_cancel_safely) {
  TestApi api([](const HttpRequest&, std::size_t) { return answer(200, R"({"id":"sub_1","object":"subscription"})"); });
  Connector stripe("stripe", api);
  EXPECT_EQ(stripe.call("create_subscription", R"({"customer":"cus_1","price":"price_1"})").at("id"), Json("sub_1"));
  EXPECT_EQ(api.seen().at(0).body, "customer=cus_1&items%5B0%5D%5Bprice%5D=price_1");
  stripe.call("cancel_subscription", R"({"id":"sub_1"})");
  EXPECT_EQ(api.seen().at(1).method, "DELETE");
  EXPECT_EQ(api.seen().at(1).target, "/v1/subscriptions/sub_1");
}

TEST(Stripe, keeps_one_idempotency_key_over_every_try) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    if (call == 0) return answer(409, R"({"error":{"type":"idempotency_error","code":"idempotency_key_in_use","message":"There is currently another in-progress request using this key."}})");
    if (call == 1) return answer(400, R"({"error":{"type":"invalid_request_error","code":"lock_timeout","message":"This object cannot be accessed right now."}})", {{"Stripe-Should-Retry", "true"}});
    return answer(200, R"({"id":"re_1","object":"refund"})", {{"Idempotent-Replayed", "true"}});
  });
  Connector stripe("stripe", api);
  EXPECT_EQ(stripe.call("create_refund", R"({"payment_intent":"pi_1","amount":100})").at("id"), Json("re_1"));
  ASSERT_EQ(api.seen().size(), 3u);
  for (const HttpRequest& request : api.seen()) {
    EXPECT_EQ(request.headers.get("Idempotency-Key"), "key-1");
    EXPECT_EQ(request.headers.get("Stripe-Version"), "2024-06-20");
    EXPECT_EQ(request.body, "payment_intent=pi_1&amount=100");
  }
}

TEST(Stripe, does_not_repeat_what_stripe_says_is_not_worth_it) {
  TestApi api([](const HttpRequest&, std::size_t) {
    return answer(500, R"({"error":{"type":"api_error","message":"An unknown error occurred"}})", {{"Stripe-Should-Retry", "false"}});
  });
  Connector stripe("stripe", api);
  const ProviderFailure failure = stripe.failure("create_customer", R"({"name":"N"})");
  EXPECT_EQ(failure.kind(), FailureKind::unavailable);
  EXPECT_EQ(failure.answer().code, "api_error");
  EXPECT_EQ(api.seen().size(), 1u);
}

TEST(Stripe, says_which_parameter_was_wrong_and_that_a_key_was_used_before) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.method == "GET") {
      return answer(404, R"({"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such customer: 'cus_9'","param":"id"}})");
    }
    return answer(400, R"({"error":{"type":"idempotency_error","message":"Keys for idempotent requests can only be used with the same parameters they were first used with."}})");
  });
  Connector stripe("stripe", api);
  const ProviderFailure missing = stripe.failure("get_customer", R"({"id":"cus_9"})");
  EXPECT_EQ(missing.kind(), FailureKind::not_found);
  EXPECT_EQ(missing.answer().code, "resource_missing");
  EXPECT_EQ(missing.answer().message, "No such customer: 'cus_9' (id)");
  EXPECT_FALSE(api.seen().at(0).headers.contains("Idempotency-Key")) << "GET has no use for one";
  const ProviderFailure used = stripe.failure("create_customer", R"({"name":"other"})");
  EXPECT_EQ(used.kind(), FailureKind::conflict);
  EXPECT_EQ(used.answer().code, "idempotency_error");
}

TEST(Stripe, pages_a_search_by_its_own_cursor) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    return request.query_value("page") == "n2"
               ? answer(200, R"({"object":"search_result","url":"/v1/customers/search","has_more":false,"next_page":null,"data":[{"id":"cus_2"}]})")
               : answer(200, R"({"object":"search_result","url":"/v1/customers/search","has_more":true,"next_page":"n2","data":[{"id":"cus_1"}]})");
  });
  Connector stripe("stripe", api);
  EXPECT_EQ(stripe.call("search_customers", R"({"query":"email:'a@b.c'"})").as_array().size(), 2u);
  EXPECT_EQ(api.seen().at(0).query_value("query"), "email:'a@b.c'");
  EXPECT_FALSE(api.seen().at(0).query_value("page"));
}

TEST(Stripe, writes_objects_and_lists_of_a_form_in_brackets) {
  TestApi api([](const HttpRequest&, std::size_t) { return answer(200, R"({"id":"pi_1","amount":5,"currency":"eur","status":"requires_payment_method","object":"payment_intent"})"); });
  Connector stripe("stripe", api);
  stripe.scope.vars.as_object()["account"] = "acct_1";
  stripe.call("create_payment_intent", R"({"amount":5,"currency":"eur","automatic_payment_methods":{"enabled":true},"payment_method_types":["card","sepa_debit"]})");
  EXPECT_EQ(api.seen().at(0).headers.get("Stripe-Account"), "acct_1");
  std::vector<std::pair<std::string, std::string>> form;
  for (const Parameter& one : parse_query(api.seen().at(0).body)) form.emplace_back(one.name, one.value);
  const std::vector<std::pair<std::string, std::string>> wanted{{"amount", "5"}, {"currency", "eur"}, {"automatic_payment_methods[enabled]", "true"},
                                                                {"payment_method_types[]", "card"}, {"payment_method_types[]", "sepa_debit"}};
  EXPECT_EQ(form, wanted);
}

}  // namespace
}  // namespace junctor::connector
