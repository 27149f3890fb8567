// GitHub, as docs.github.com says it answers.
#include "connector/test_connector.h"

namespace junctor::connector {
namespace {

using testing::HasSubstr;

TEST(GitHub, reads_all_pages_by_their_link) {
  std::string url;
  TestApi api([&](const HttpRequest& request, std::size_t) {
    const std::string list = url + "/repositories/1300192/issues?per_page=100&page=";
    if (!request.query_value("page")) {
      return answer(200, R"([{"id":1}])", {{"Link", "<" + list + "2>; rel=\"next\", <" + list + "2>; rel=\"last\""}});
    }
    return answer(200, R"([{"id":2}])", {{"Link", "<" + list + "1>; rel=\"prev\", <" + list + "1>; rel=\"first\""}});
  });
  url = api.url();
  Connector github("github", api);
  EXPECT_EQ(github.call("list_issues", R"({"owner":"o","repo":"r","labels":["a","b"],"sort":"updated","direction":"asc"})"),
            parsed(R"([{"id":1},{"id":2}])"));
  const HttpRequest first = api.seen().at(0);
  EXPECT_EQ(first.path, "/repos/o/r/issues");
  EXPECT_EQ(first.query_value("labels"), "a,b");
  EXPECT_EQ(first.query_value("per_page"), "100");
  EXPECT_EQ(api.seen().at(1).target, "/repositories/1300192/issues?per_page=100&page=2");
  for (const HttpRequest& request : api.seen()) {
    EXPECT_EQ(request.headers.get("Accept"), "application/vnd.github+json");
    EXPECT_EQ(request.headers.get("X-GitHub-Api-Version"), "2022-11-28");
    EXPECT_TRUE(request.headers.contains("User-Agent")) << "GitHub refuses calls without one";
  }
}

TEST(GitHub, waits_for_the_reset_of_its_primary_limit) {
  const auto reset = std::chrono::duration_cast<std::chrono::seconds>(system_clock().now().time_since_epoch()).count() + 1800;
  TestApi api([&](const HttpRequest&, std::size_t) {
    return answer(403, R"({"message":"API rate limit exceeded for user ID 1.","documentation_url":"https://docs.github.com/"})",
                  {{"X-RateLimit-Limit", "5000"}, {"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Used", "5000"},
                   {"X-RateLimit-Reset", std::to_string(reset)}, {"X-RateLimit-Resource", "core"}});
  });
  Connector github("github", api);
  const ProviderFailure limited = github.failure("health");
  EXPECT_EQ(limited.kind(), FailureKind::overloaded);
  EXPECT_GT(limited.retry_after().value_or(std::chrono::milliseconds(0)), std::chrono::minutes(29));
  EXPECT_LE(limited.retry_after().value_or(std::chrono::milliseconds(0)), std::chrono::minutes(30));
  EXPECT_EQ(github.refusal("get_repository", R"({"owner":"o","repo":"r"})"), FailureKind::overloaded);
  EXPECT_EQ(api.seen().size(), 1u) << "the connection is not used before the reset";
}

TEST(GitHub, stops_at_a_secondary_limit_for_what_it_says_or_a_minute) {
  for (const bool says : {true, false}) {
    TestApi api([&](const HttpRequest&, std::size_t) {
      HttpResponse out = answer(403, R"({"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."})",
                                {{"X-RateLimit-Remaining", "4321"}});
      if (says) out.headers.set("Retry-After", "3600");
      return out;
    });
    Connector github("github", api);
    const ProviderFailure limited = github.failure("create_comment", R"({"owner":"o","repo":"r","number":1,"body":"b"})");
    EXPECT_EQ(limited.kind(), FailureKind::overloaded);
    EXPECT_EQ(limited.retry_after(), says ? std::chrono::minutes(60) : std::chrono::minutes(1));
    EXPECT_EQ(github.refusal("health"), FailureKind::overloaded) << "all of the connection pauses";
    EXPECT_EQ(api.seen().size(), 1u);
  }
}

TEST(GitHub, tells_a_refusal_from_a_limit_and_a_fault_from_another) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/user") return answer(403, R"({"message":"Resource not accessible by personal access token"})", {{"X-RateLimit-Remaining", "4999"}});
    if (request.method == "GET") return answer(404, R"({"message":"Not Found"})");
    return answer(422, R"({"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"},{"message":"too long","code":"custom"}]})");
  });
  Connector github("github", api);
  EXPECT_EQ(github.failure("health").kind(), FailureKind::denied);
  EXPECT_EQ(github.failure("get_repository", R"({"owner":"o","repo":"r"})").kind(), FailureKind::not_found);
  const ProviderFailure invalid = github.failure("create_issue", R"({"owner":"o","repo":"r","title":"t"})");
  EXPECT_EQ(invalid.kind(), FailureKind::invalid);
  EXPECT_EQ(invalid.answer().message, "Validation Failed: title missing_field, too long");
}

TEST(GitHub, finds_rows_inside_an_object_and_takes_an_empty_answer) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/search/issues") return answer(200, R"({"total_count":1,"incomplete_results":false,"items":[{"id":1,"number":2,"title":"t","state":"open"}]})");
    if (request.method == "GET") return answer(200, R"({"total_count":1,"workflow_runs":[{"id":9,"status":"completed","conclusion":"success"}]})");
    HttpResponse none;
    none.status = 204;
    return none;
  });
  Connector github("github", api);
  EXPECT_EQ(github.call("search_issues", R"({"q":"repo:o/r is:open"})").as_array().size(), 1u);
  EXPECT_EQ(api.seen().back().query_value("q"), "repo:o/r is:open");
  EXPECT_EQ(github.call("list_workflow_runs", R"({"owner":"o","repo":"r","branch":"main"})").at(0).at("id"), Json(9));
  EXPECT_NO_THROW(github.call("dispatch_workflow", R"({"owner":"o","repo":"r","workflow":"build.yml","ref":"main","inputs":{"who":"me"}})"));
  EXPECT_EQ(api.seen().back().target, "/repos/o/r/actions/workflows/build.yml/dispatches");
  EXPECT_EQ(parsed(api.seen().back().body), parsed(R"({"ref":"main","inputs":{"who":"me"}})"));
}

TEST(GitHub, writes_a_file_once_at_its_encoded_path) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    if (call == 0) return answer(201, R"({"content":{"name":"a b.md","path":"docs/a b.md","sha":"1"},"commit":{"sha":"2"}})");
    return answer(call == 1 ? 409 : 502, R"({"message":"docs/a b.md does not match 0"})");
  });
  Connector github("github", api);
  const char* file = R"({"owner":"o","repo":"r","path":"docs/a b.md","message":"m","content":"eA==","branch":"main"})";
  EXPECT_EQ(github.call("put_content", file).at("commit").at("sha"), Json("2"));
  EXPECT_EQ(api.seen().at(0).method, "PUT");
  EXPECT_EQ(api.seen().at(0).target, "/repos/o/r/contents/docs%2Fa%20b.md");
  EXPECT_EQ(parsed(api.seen().at(0).body), parsed(R"({"message":"m","content":"eA==","branch":"main"})"));
  EXPECT_EQ(github.failure("put_content", file).kind(), FailureKind::conflict);
  EXPECT_EQ(github.failure("put_content", file).kind(), FailureKind::unavailable);
  EXPECT_EQ(api.seen().size(), 3u) << "what may have been written is not written again";
}

TEST(GitHub, makes_and_removes_a_webhook) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.method == "DELETE") return answer(404, R"({"message":"Not Found"})");
    return answer(201, R"({"type":"Repository","id":7,"name":"web","active":true,"events":["push"],"config":{"content_type":"json","url":"https://x.example"}})");
  });
  Connector github("github", api);
  EXPECT_EQ(github.call("create_webhook", R"({"owner":"o","repo":"r","url":"https://x.example","secret":"s","events":["push"]})").at("id"), Json(7));
  EXPECT_EQ(parsed(api.seen().at(0).body),
            parsed(R"({"name":"web","active":true,"events":["push"],"config":{"url":"https://x.example","content_type":"json","secret":"s"}})"));
  EXPECT_NO_THROW(github.call("delete_webhook", R"({"owner":"o","repo":"r","id":7})"));
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

}  // namespace
}  // namespace junctor::connector
