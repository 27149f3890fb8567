// The other connectors of the catalogue, against stand-ins that answer as the providers' public pages say.
#include "connector/expressions.h"
#include "connector/test_connector.h"

namespace junctor::connector {
namespace {

using testing::HasSubstr;

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

TEST(BambooHR, takes_a_directory_without_anybody_for_an_empty_list) {
  TestApi api([](const HttpRequest&, std::size_t) { return answer(404, "{}"); });
  Connector bamboohr("bamboohr", api);
  EXPECT_EQ(bamboohr.call("list_employees", R"({"onlyCurrent":false})"), parsed("[]"));
  EXPECT_EQ(api.seen().at(0).query_value("onlyCurrent"), "false");
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

TEST(BambooHR, names_the_change_in_both_forms_of_its_webhook) {
  const Integration bamboohr = load_integration_folder(std::string(JUNCTOR_SOURCE_DIR) + "/connectors/bamboohr").value_or_throw();
  const WebhookType& type = bamboohr.webhooks.at(0);
  const auto told = [&type](std::string_view body, const char* sent) {
    jsonata::Bindings bindings;
    bindings.set("type", Json(sent));
    const auto items = CompiledExpression(type.items).evaluate(parsed(body), &bindings);
    const Json item = items && items->is_array() ? items->at(0) : items.value_or(Json());
    return CompiledExpression(type.topic).text(item, &bindings).value_or("") + " " +
           CompiledExpression(type.entity_id).text(item, &bindings).value_or("");
  };
  EXPECT_EQ(told(R"({"type":"employee.updated","timestamp":"t","data":{"companyId":"1","employeeId":"67","changedFields":["firstName"]}})", "employee.updated"),
            "bamboohr.employee_updated 67");
  EXPECT_EQ(told(R"({"employees":[{"id":"67","action":"Updated","changedFields":["firstName"],"fields":{}}]})", "received"),
            "bamboohr.employee_updated 67");
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

TEST(SendGrid, leaves_the_content_to_a_template) {
  TestApi api([](const HttpRequest&, std::size_t) {
    HttpResponse out;
    out.status = 202;
    out.headers.set("X-Message-Id", "m-2");
    return out;
  });
  Connector sendgrid("sendgrid", api);
  sendgrid.call("send_mail", R"({"to":["a@b.c","d@b.c"],"cc":["e@b.c"],"from":"d@e.f","from_name":"D","template_id":"d-1","template_data":{"n":1},"reply_to":"r@e.f"})");
  EXPECT_EQ(parsed(api.seen().at(0).body),
            parsed(R"({"personalizations":[{"to":[{"email":"a@b.c"},{"email":"d@b.c"}],"cc":[{"email":"e@b.c"}],"dynamic_template_data":{"n":1}}],
                       "from":{"email":"d@e.f","name":"D"},"reply_to":{"email":"r@e.f"},"template_id":"d-1"})"));
}

TEST(SendGrid, reads_bounces_by_offset) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    JsonArray rows(request.query_value("offset") == "0" ? 500 : 3, JsonObject{{"email", "a@b.c"}, {"created", 1}, {"status", "5.1.1"}});
    return HttpResponse::json(200, std::move(rows));
  });
  Connector sendgrid("sendgrid", api);
  EXPECT_EQ(sendgrid.call("list_bounces", R"({"start_time":1})").as_array().size(), 503u);
  EXPECT_EQ(api.seen().at(0).query_value("limit"), "500");
  EXPECT_EQ(api.seen().at(1).query_value("offset"), "500");
  EXPECT_EQ(api.seen().at(1).query_value("start_time"), "1");
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
