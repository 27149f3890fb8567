// The connectors of the catalogue against stand-ins that answer as the providers' public pages say.
#include <gmock/gmock.h>

#include "connector/test_api.h"
#include "json/parse.h"

namespace junctor::connector {
namespace {

using testing::HasSubstr;

Json parsed(std::string_view text) { return json::parse(text).value_or_throw(); }
HttpResponse answer(int status, std::string_view body) { return HttpResponse::json(status, parsed(body)); }

class Connector final {
 public:
  Connector(const std::string& name, const TestApi& api, const char* var = "base_url")
      : integration_(load_integration_folder(std::string(JUNCTOR_SOURCE_DIR) + "/connectors/" + name).value_or_throw()),
        client_(open_door()), executor_(client_) {
    scope.vars = JsonObject{{var, api.url()}};
    scope.idempotency_key = "key-1";
  }
  Json call(const char* action, std::string_view input = "{}") {
    const auto call = CompiledCall::compile(integration_, *integration_.find_action(action)).value_or_throw();
    Json out;
    run_in_fiber([&](Fiber& fiber) { out = executor_.call(fiber, *call, scope, parsed(input)).output; });
    return out;
  }
  ProviderFailure failure(const char* action, std::string_view input = "{}") {
    try {
      call(action, input);
    } catch (const ProviderFailure& fault) {
      return fault;
    }
    ADD_FAILURE() << action << " succeeded";
    return ProviderFailure(FailureKind::bug, "", {});
  }
  CallScope scope;

 private:
  Integration integration_;
  HttpClient client_;
  Executor executor_;
};

TEST(GitHub, reads_all_pages_by_their_link_and_knows_its_limits) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/user") {
      HttpResponse out = answer(403, R"({"message":"You have exceeded a secondary rate limit"})");
      out.headers.set("Retry-After", "3600");
      return out;
    }
    const bool first = !request.query_value("page");
    HttpResponse out = answer(200, first ? R"([{"id":1}])" : R"([{"id":2}])");
    if (first) out.headers.set("Link", "</repos/o/r/issues?page=2>; rel=\"next\", </repos/o/r/issues?page=2>; rel=\"last\"");
    return out;
  });
  Connector github("github", api);
  EXPECT_EQ(github.call("list_issues", R"({"owner":"o","repo":"r","labels":["a","b"]})"), parsed(R"([{"id":1},{"id":2}])"));
  const HttpRequest first = api.seen().at(0);
  EXPECT_EQ(first.query_value("labels"), "a,b");
  EXPECT_EQ(first.query_value("per_page"), "100");
  EXPECT_EQ(first.headers.get("Accept"), "application/vnd.github+json");
  EXPECT_EQ(first.headers.get("X-GitHub-Api-Version"), "2022-11-28");
  const ProviderFailure limited = github.failure("health");
  EXPECT_EQ(limited.kind(), FailureKind::overloaded);
  EXPECT_EQ(limited.retry_after(), std::chrono::hours(1));
}

TEST(Slack, tells_errors_inside_a_200_apart) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/chat.postMessage") return answer(200, R"({"ok":false,"error":"channel_not_found"})");
    if (request.path == "/users.list") return answer(200, R"({"ok":false,"error":"missing_scope","needed":"users:read"})");
    return request.query_value("cursor") == "c2"
               ? answer(200, R"({"ok":true,"channels":[{"id":"C2","name":"b"}],"response_metadata":{"next_cursor":""}})")
               : answer(200, R"({"ok":true,"channels":[{"id":"C1","name":"a"}],"response_metadata":{"next_cursor":"c2"}})");
  });
  Connector slack("slack", api);
  EXPECT_EQ(slack.call("list_channels").as_array().size(), 2u);
  const ProviderFailure unknown = slack.failure("post_message", R"({"channel":"C9","text":"x"})");
  EXPECT_EQ(unknown.kind(), FailureKind::not_found);
  EXPECT_EQ(unknown.answer().code, "channel_not_found");
  EXPECT_THAT(slack.failure("list_users").message(), HasSubstr("needs users:read"));
}

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

TEST(BambooHR, finds_its_message_in_a_header) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/api/v1/employees/directory") return answer(200, R"({"fields":[],"employees":[{"id":"1"}]})");
    HttpResponse out = answer(404, "{}");
    out.headers.set("X-BambooHR-Error-Message", "Employee not found");
    return out;
  });
  Connector bamboohr("bamboohr", api);
  EXPECT_EQ(bamboohr.call("list_employees"), parsed(R"([{"id":"1"}])"));
  const ProviderFailure missing = bamboohr.failure("get_employee", R"({"id":"9"})");
  EXPECT_EQ(missing.kind(), FailureKind::not_found);
  EXPECT_EQ(missing.answer().message, "Employee not found");
}

TEST(SendGrid, sends_mail_and_reads_the_message_id) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    if (call > 0) return answer(400, R"({"errors":[{"message":"Does not contain a valid address.","field":"from.email"}]})");
    HttpResponse out;
    out.status = 202;
    out.headers.set("X-Message-Id", "m-1");
    return out;
  });
  Connector sendgrid("sendgrid", api);
  const char* mail = R"({"to":"a@b.c","from":"d@e.f","subject":"S","text":"T"})";
  EXPECT_EQ(sendgrid.call("send_mail", mail), parsed(R"({"message_id":"m-1"})"));
  EXPECT_EQ(parsed(api.seen().at(0).body),
            parsed(R"({"personalizations":[{"to":[{"email":"a@b.c"}]}],"from":{"email":"d@e.f"},"subject":"S","content":[{"type":"text/plain","value":"T"}]})"));
  EXPECT_THAT(sendgrid.failure("send_mail", mail).message(), HasSubstr("valid address. (from.email)"));
}

TEST(Strapi, pages_and_unwraps) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.method == "POST") return answer(201, R"({"data":{"id":7,"documentId":"d7"},"meta":{}})");
    if (request.method == "DELETE") return answer(404, R"({"data":null,"error":{"status":404,"name":"NotFoundError","message":"Not Found"}})");
    const bool second = request.query_value("pagination[page]") == "2";
    return answer(200, second ? R"({"data":[{"documentId":"b"}],"meta":{"pagination":{"page":2,"pageCount":2}}})"
                              : R"({"data":[{"documentId":"a"}],"meta":{"pagination":{"page":1,"pageCount":2}}})");
  });
  Connector strapi("strapi", api);
  EXPECT_EQ(strapi.call("list_entries", R"({"collection":"articles","filters":{"title":"x"}})").as_array().size(), 2u);
  EXPECT_EQ(api.seen().at(0).query_value("filters[title][$eq]"), "x");
  EXPECT_EQ(strapi.call("create_entry", R"({"collection":"articles","data":{"title":"x"}})").at("documentId"), Json("d7"));
  EXPECT_EQ(parsed(api.seen().back().body), parsed(R"({"data":{"title":"x"}})"));
  EXPECT_NO_THROW(strapi.call("delete_entry", R"({"collection":"articles","id":"gone"})"));
}

TEST(GitHub, tells_a_merge_that_cannot_be_made_and_reads_pulls) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.method == "PUT") return answer(405, R"({"message":"Pull Request is not mergeable"})");
    return answer(200, R"([{"id":1,"number":7,"title":"T","state":"open"}])");
  });
  Connector github("github", api);
  EXPECT_EQ(github.call("list_pulls", R"({"owner":"o","repo":"r","state":"open"})").as_array().size(), 1u);
  EXPECT_EQ(api.seen().at(0).path, "/repos/o/r/pulls");
  const ProviderFailure stuck = github.failure("merge_pull", R"({"owner":"o","repo":"r","number":7,"merge_method":"squash"})");
  EXPECT_EQ(stuck.kind(), FailureKind::conflict);
  EXPECT_EQ(api.seen().at(1).target, "/repos/o/r/pulls/7/merge");
  EXPECT_EQ(parsed(api.seen().at(1).body), parsed(R"({"merge_method":"squash"})"));
}

TEST(Slack, counts_pages_of_files_and_takes_a_reaction_twice) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/reactions.add") return answer(200, R"({"ok":false,"error":"already_reacted"})");
    if (request.path == "/users.lookupByEmail") return answer(200, R"({"ok":false,"error":"users_not_found"})");
    const bool second = request.query_value("page") == "2";
    return answer(200, second ? R"({"ok":true,"files":[{"id":"F2"}],"paging":{"page":2,"pages":2}})"
                              : R"({"ok":true,"files":[{"id":"F1"}],"paging":{"page":1,"pages":2}})");
  });
  Connector slack("slack", api);
  EXPECT_EQ(slack.call("list_files"), parsed(R"([{"id":"F1"},{"id":"F2"}])"));
  EXPECT_NO_THROW(slack.call("add_reaction", R"({"channel":"C1","timestamp":"1.2","name":"eyes"})"));
  EXPECT_EQ(slack.failure("find_user", R"({"email":"a@b.c"})").kind(), FailureKind::not_found);
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

TEST(BambooHR, reads_changes_by_id_and_the_new_id_from_the_location) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.method == "POST") {
      HttpResponse out;
      out.status = 201;
      out.headers.set("Location", "https://acme.bamboohr.com/api/v1/employees/412");
      return out;
    }
    if (request.path == "/api/v1/time_off/requests") {
      HttpResponse out = answer(429, "{}");
      out.headers.set("Retry-After", "3600");
      return out;
    }
    if (request.query_value("type") == "deleted") return answer(200, R"({"latest":"2026-01-02T00:00:00+00:00","employees":[]})");
    return answer(200, R"({"latest":"2026-01-02T00:00:00+00:00","employees":{
      "3":{"id":"3","action":"Inserted","lastChanged":"2026-01-01T00:00:00+00:00"},
      "4":{"id":"4","action":"Updated","lastChanged":"2026-01-02T00:00:00+00:00"}}})");
  });
  Connector bamboohr("bamboohr", api);
  const Json changes = bamboohr.call("list_changed", R"({"since":"2026-01-01T00:00:00Z"})");
  ASSERT_EQ(changes.as_array().size(), 2u);
  EXPECT_EQ(changes.at(0).at("action"), Json("Inserted"));
  EXPECT_EQ(api.seen().at(0).headers.get("Accept"), "application/json");
  EXPECT_EQ(bamboohr.call("list_changed", R"({"since":"2026-01-01T00:00:00Z","type":"deleted"})"), parsed("[]"));
  EXPECT_EQ(bamboohr.call("create_employee", R"({"firstName":"A","lastName":"B","fields":{"department":"D"}})"),
            parsed(R"({"id":"412"})"));
  EXPECT_EQ(parsed(api.seen().back().body), parsed(R"({"firstName":"A","lastName":"B","department":"D"})"));
  const ProviderFailure limited = bamboohr.failure("list_time_off_requests", R"({"start":"2026-01-01","end":"2026-02-01"})");
  EXPECT_EQ(limited.kind(), FailureKind::overloaded);
  EXPECT_EQ(limited.retry_after(), std::chrono::hours(1));
}

TEST(SendGrid, follows_templates_and_hands_contacts_over) {
  std::string url;
  TestApi api([&](const HttpRequest& request, std::size_t) {
    if (request.method == "PUT") return answer(202, R"({"job_id":"j-1"})");
    if (request.query_value("page_token")) return answer(200, R"({"result":[{"id":"d-2","name":"B"}],"_metadata":{}})");
    return HttpResponse::json(200, JsonObject{{"result", JsonArray{JsonObject{{"id", "d-1"}, {"name", "A"}}}},
                                              {"_metadata", JsonObject{{"next", url + "/v3/templates?page_token=t2"}}}});
  });
  url = api.url();
  Connector sendgrid("sendgrid", api);
  EXPECT_EQ(sendgrid.call("list_templates", R"({"generations":"dynamic"})").as_array().size(), 2u);
  EXPECT_EQ(api.seen().at(0).query_value("generations"), "dynamic");
  EXPECT_EQ(api.seen().at(0).headers.get("Accept"), "application/json");
  EXPECT_EQ(sendgrid.call("put_contacts", R"({"contacts":[{"email":"a@b.c"}],"list_ids":["l1"]})"), parsed(R"({"job_id":"j-1"})"));
  EXPECT_EQ(parsed(api.seen().back().body), parsed(R"({"contacts":[{"email":"a@b.c"}],"list_ids":["l1"]})"));
}

TEST(Generic, http_and_graphql_reach_any_api) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/graphql") return answer(200, R"({"data":null,"errors":[{"message":"no such field","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]})");
    return answer(200, R"({"ok":true})");
  });
  Connector http("http", api);
  EXPECT_EQ(http.call("request", R"({"path":"/a/b","query":{"x":1},"headers":{"X-Y":"z"},"body":{"k":[1]}})"), parsed(R"({"ok":true})"));
  const HttpRequest sent = api.seen().at(0);
  EXPECT_EQ(sent.target, "/a/b?x=1");
  EXPECT_EQ(sent.headers.get("X-Y"), "z");
  EXPECT_EQ(sent.body, R"({"k":[1]})");
  Connector graphql("graphql", api, "endpoint");
  graphql.scope.vars = JsonObject{{"endpoint", api.url() + "/graphql"}};
  const ProviderFailure wrong = graphql.failure("query", R"({"query":"{x}"})");
  EXPECT_EQ(wrong.answer().code, "GRAPHQL_VALIDATION_FAILED");
  EXPECT_EQ(wrong.answer().message, "no such field");
}

}  // namespace
}  // namespace junctor::connector
