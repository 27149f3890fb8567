#include "connector/pager.h"

#include <gmock/gmock.h>

#include <thread>

#include "connector/test_api.h"
#include "json/parse.h"

namespace junctor::connector {
namespace {

Json parsed(const std::string& text) { return json::parse(text).value_or_throw(); }

// Rows 0…6 in pages of 3, asked for in the way each kind asks.
constexpr int total = 7;
constexpr int page = 3;

std::string rows(int from) {
  std::string out;
  for (int i = from; i < std::min(from + page, total); ++i) out += (out.empty() ? "" : ",") + ("{\"id\":" + std::to_string(i) + "}");
  return "[" + out + "]";
}

int number(const HttpRequest& request, const char* name, int otherwise) {
  const auto value = request.query_value(name);
  return value ? std::stoi(std::string(*value)) : otherwise;
}

struct Kind {
  const char* name;
  const char* block;
  std::function<HttpResponse(const HttpRequest&)> answer;
};

std::vector<Kind> kinds() {
  const auto body = [](std::string text) { return HttpResponse::json(200, parsed(text)); };
  return {
      {"cursor", "{kind: cursor, param: after, next: meta.next, items: data}",
       [=](const HttpRequest& r) {
         const int at = number(r, "after", 0);
         return body("{\"data\":" + rows(at) + ",\"meta\":{\"next\":" + (at + page < total ? "\"" + std::to_string(at + page) + "\"" : "null") + "}}");
       }},
      {"offset", "{kind: offset, param: skip, limit_param: top, page_size: 3}",
       [=](const HttpRequest& r) { return body(rows(number(r, "skip", 0))); }},
      {"page", "{kind: page, param: p, page_size: 3, limit_param: n, items: data}",
       [=](const HttpRequest& r) { return body("{\"data\":" + rows((number(r, "p", 1) - 1) * page) + "}"); }},
      {"keyset", "{kind: keyset, param: after_id, items: data}",
       [=](const HttpRequest& r) { return body("{\"data\":" + rows(number(r, "after_id", -1) + 1) + "}"); }},
      {"link", "{kind: link}",
       [=](const HttpRequest& r) {
         const int at = number(r, "at", 0);
         HttpResponse out = body(rows(at));
         if (at + page < total) out.headers.set("Link", "</list?at=0>; rel=\"first\", </list?at=" + std::to_string(at + page) + ">; rel=\"next\"");
         return out;
       }},
      {"next_url", "{kind: next_url, items: value, next: '`@odata.nextLink`'}",
       [=](const HttpRequest& r) {
         const int at = number(r, "at", 0);
         return body("{\"value\":" + rows(at) + (at + page < total ? ",\"@odata.nextLink\":\"/list?at=" + std::to_string(at + page) + "\"" : "") + "}");
       }},
      {"json_api", "{kind: json_api, items: data}",
       [=](const HttpRequest& r) {
         const int at = number(r, "at", 0);
         return body("{\"data\":" + rows(at) + ",\"links\":{\"next\":" + (at + page < total ? "{\"href\":\"/list?at=" + std::to_string(at + page) + "\"}" : "null") + "}}");
       }},
      {"custom", "{kind: custom, items: data, next: \"more ? {'query': {'at': more}}\"}",
       [=](const HttpRequest& r) {
         const int at = number(r, "at", 0);
         return body("{\"data\":" + rows(at) + ",\"more\":" + (at + page < total ? std::to_string(at + page) : "false") + "}");
       }},
  };
}

TEST(Pager, reads_every_row_once_by_every_kind) {
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    TestApi api([&](const HttpRequest& request, std::size_t) { return kind.answer(request); });
    Caller caller(api.url(), "    api: {path: /list, pagination: " + std::string(kind.block) + ", response: {map: id}}\n");
    const CallResult result = caller.call();
    EXPECT_EQ(result.output, parsed("[0,1,2,3,4,5,6]"));
    EXPECT_FALSE(result.cut_short);
  }
}

TEST(Pager, follows_graphql_connections) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    const Json asked = parsed(request.body);
    const auto* after = asked.at("variables").as_object().if_contains("after");
    const int at = after == nullptr ? 0 : std::stoi(std::string(after->as_string()));
    const std::string more = at + page < total ? "true" : "false";
    return HttpResponse::json(200, parsed("{\"data\":{\"x\":{\"nodes\":" + rows(at) + ",\"pageInfo\":{\"hasNextPage\":" + more + ",\"endCursor\":\"" + std::to_string(at + page) + "\"}}}}"));
  });
  Caller caller(api.url(), R"(    api:
      method: POST
      path: /graphql
      body_kind: graphql
      graphql: {query: "query($after: String) { x(after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }"}
      pagination: {kind: graphql, param: after, next: data.x.pageInfo, items: data.x.nodes}
)");
  EXPECT_EQ(caller.call().output.as_array().size(), 7u);
}

TEST(Pager, ends_at_its_bounds_and_says_so) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    return HttpResponse::json(200, parsed("[{\"id\":" + std::to_string(number(request, "skip", 0)) + "}]"));
  });
  Caller pages(api.url(), "    api: {path: /list, pagination: {kind: offset, param: skip, max_pages: 4}}\n");
  EXPECT_TRUE(pages.call().cut_short);
  EXPECT_EQ(api.seen().size(), 4u);
  Caller items(api.url(), "    api: {path: /list, pagination: {kind: offset, param: skip, max_items: 2}}\n");
  const CallResult result = items.call();
  EXPECT_TRUE(result.cut_short);
  EXPECT_EQ(result.output.as_array().size(), 2u);
}

TEST(Pager, ends_when_its_time_is_over) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
    return HttpResponse::json(200, parsed("[{\"id\":" + std::to_string(number(request, "skip", 0)) + "}]"));
  });
  Caller caller(api.url(), "    api: {path: /list, pagination: {kind: offset, param: skip, max_time: 150ms}}\n");
  const CallResult result = caller.call();
  EXPECT_TRUE(result.cut_short);
  EXPECT_GE(result.pages, 1);
  EXPECT_LE(result.pages, 5);
  EXPECT_EQ(result.output.as_array().size(), static_cast<std::size_t>(result.pages)) << "what was read is given";
}

TEST(Pager, streams_a_page_at_a_time_and_stops_when_told) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    return HttpResponse::json(200, parsed(rows(number(request, "skip", 0))));
  });
  Caller caller(api.url(), "    api: {path: /list, pagination: {kind: offset, param: skip, limit_param: top, page_size: 3}}\n");
  StreamResult result;
  run_in_fiber([&](Fiber& fiber) {
    result = caller.executor().stream(fiber, caller.compiled(), caller.scope, JsonObject(), [](Json&& row) { return row.at("id") != Json(4); });
  });
  EXPECT_TRUE(result.stopped);
  EXPECT_FALSE(result.cut_short);
  EXPECT_EQ(result.rows, 5u);
  EXPECT_EQ(api.seen().size(), 2u) << "the third page is not asked for";
}

TEST(Pager, keeps_declared_variables_on_every_page_of_a_connection) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    const bool second = parsed(request.body).at("variables").as_object().contains("cursor");
    return HttpResponse::json(200, parsed(second ? R"({"data":{"r":{"issues":{"edges":[{"node":{"id":2}}],"pageInfo":{"hasNextPage":false,"endCursor":"b"}}}}})"
                                                 : R"({"data":{"r":{"issues":{"edges":[{"node":{"id":1}}],"pageInfo":{"hasNextPage":true,"endCursor":"a"}}}}})"));
  });
  Caller caller(api.url(), R"(    params: {owner: {}, states: {}}
    api:
      method: POST
      path: /graphql
      body_kind: graphql
      graphql:
        query: "query Q($o: String!, $first: Int, $cursor: String, $states: [S!]) { r(o: $o) { issues(first: $first, after: $cursor) { edges { node { id } } pageInfo { hasNextPage endCursor } } } }"
        operation_name: Q
        variables: {o: =input.owner, states: =input.states, none: =input.nothing}
      pagination: {kind: graphql, param: cursor, limit_param: first, page_size: 50, next: data.r.issues.pageInfo, items: data.r.issues.edges.node}
)");
  EXPECT_EQ(caller.call(parsed(R"({"owner":"o","states":["OPEN"]})")).output, parsed(R"([{"id":1},{"id":2}])"));
  EXPECT_EQ(parsed(api.seen().at(0).body).at("variables"), parsed(R"({"o":"o","states":["OPEN"],"first":50})"));
  EXPECT_EQ(parsed(api.seen().at(1).body).at("variables"), parsed(R"({"o":"o","states":["OPEN"],"first":50,"cursor":"a"})"));
  EXPECT_EQ(parsed(api.seen().at(1).body).at("operationName"), Json("Q"));
}

TEST(Pager, turns_the_page_in_the_body_and_in_a_header) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    return HttpResponse::json(200, parsed(call % 2 == 0 ? R"({"d":[{"id":1}],"n":"t2"})" : R"({"d":[{"id":2}],"n":null})"));
  });
  Caller body(api.url(), "    params: {q: {}}\n    api: {method: POST, path: /s, retry: {unsafe: true}, pagination: {kind: cursor, param: after, in: body, limit_param: size, page_size: 1, next: n, items: d}}\n");
  EXPECT_EQ(body.call(parsed(R"({"q":"x"})")).output.as_array().size(), 2u);
  EXPECT_EQ(parsed(api.seen().at(0).body), parsed(R"({"q":"x","size":1})"));
  EXPECT_EQ(parsed(api.seen().at(1).body), parsed(R"({"q":"x","size":1,"after":"t2"})"));
  Caller header(api.url(), "    api: {path: /s, pagination: {kind: cursor, param: X-After, in: header, next: n, items: d}}\n");
  EXPECT_EQ(header.call().output.as_array().size(), 2u);
  EXPECT_EQ(api.seen().at(3).headers.get("X-After"), "t2");
}

TEST(Pager, changes_address_headers_and_body_as_an_expression_says) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    return HttpResponse::json(200, parsed(call == 0 ? R"({"d":[1],"token":"t","path":"/other"})" : R"({"d":[2]})"));
  });
  Caller caller(api.url(), R"(    params: {q: {}}
    api:
      method: POST
      path: /first
      pagination: {kind: custom, items: d, next: "token ? {'url': path, 'headers': {'X-Token': token}, 'body': {'page': token}}"}
)");
  EXPECT_EQ(caller.call(parsed(R"({"q":"x"})")).output, parsed("[1,2]"));
  EXPECT_EQ(api.seen().at(1).path, "/other");
  EXPECT_EQ(api.seen().at(1).headers.get("X-Token"), "t");
  EXPECT_EQ(parsed(api.seen().at(1).body), parsed(R"({"q":"x","page":"t"})"));
}

TEST(Pager, does_not_go_round_for_ever_nor_to_another_host) {
  TestApi same([](const HttpRequest&, std::size_t) { return HttpResponse::json(200, parsed(R"({"d":[1],"n":"x"})")); });
  Caller circle(same.url(), "    api: {path: /list, pagination: {kind: cursor, param: c, next: n, items: d}}\n");
  EXPECT_THROW(circle.call(), Failure);
  EXPECT_EQ(same.seen().size(), 2u);
  TestApi away([](const HttpRequest&, std::size_t) {
    return HttpResponse::json(200, parsed(R"({"d":[1],"n":"https://elsewhere.example.com/list"})"));
  });
  Caller lured(away.url(), "    api: {path: /list, pagination: {kind: next_url, next: n, items: d}}\n");
  try {
    lured.call();
    FAIL() << "it followed";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.kind(), FailureKind::denied);
  }
}

}  // namespace
}  // namespace junctor::connector
