#include "connector/pager.h"

#include <gmock/gmock.h>

#include <thread>

#include "connector/test_api.h"
#include "json/parse.h"
#include "json/serialize.h"

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

// What the provider says to call number n.
TestApi::Answerer says(std::vector<std::string> bodies) {
  return [bodies = std::move(bodies)](const HttpRequest&, std::size_t call) {
    return HttpResponse::json(200, parsed(bodies[call % bodies.size()]));
  };
}

std::string refusal(Caller& caller) {
  try {
    const Json output = caller.call().output;
    ADD_FAILURE() << "it gave " << json::to_text(output);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.kind(), FailureKind::invalid);
    return failure.message();
  }
  return {};
}

constexpr const char* cursor_of_n = "    api: {path: /l, pagination: {kind: cursor, param: c, next: n, items: d, max_pages: 9}}\n";

TEST(Pager, takes_an_address_that_is_none_for_the_end) {
  for (const char* next : {R"("")", "null", "false"}) {
    TestApi api(says({std::string(R"({"d":[1],"next":)") + next + "}"}));
    Caller custom(api.url(), "    api: {path: /l, pagination: {kind: custom, items: d, next: \"{'url': next, 'query': {'a': 1}}\"}}\n");
    EXPECT_EQ(custom.call().output, parsed("[1]"));
    Caller next_url(api.url(), "    api: {path: /l, pagination: {kind: next_url, items: d, next: next}}\n");
    EXPECT_EQ(next_url.call().output, parsed("[1]"));
    Caller cursor(api.url(), "    api: {path: /l, pagination: {kind: cursor, param: c, items: d, next: next}}\n");
    EXPECT_EQ(cursor.call().output, parsed("[1]"));
    EXPECT_EQ(api.seen().size(), 3u) << next;
  }
}

TEST(Pager, puts_a_query_behind_the_address_that_an_expression_gives) {
  TestApi api(says({R"({"d":[1],"next":"/l?z=1"})", R"({"d":[2],"next":""})"}));
  Caller caller(api.url(), "    api: {path: /l, pagination: {kind: custom, items: d, next: \"{'url': next, 'query': {'a': 1}}\"}}\n");
  EXPECT_EQ(caller.call().output, parsed("[1,2]"));
  EXPECT_EQ(to_query(api.seen().at(1).query), "z=1&a=1");
}

TEST(Pager, notices_a_circle_of_any_length) {
  TestApi cursors(says({R"({"d":[1],"n":"A"})", R"({"d":[2],"n":"B"})"}));
  Caller by_cursor(cursors.url(), cursor_of_n);
  EXPECT_THAT(refusal(by_cursor), testing::HasSubstr("after page 3 of the listing: the provider gave the same cursor"));
  EXPECT_EQ(cursors.seen().size(), 3u);
  TestApi links(says({R"({"d":[1],"n":"/l?p=1"})", R"({"d":[2],"n":"/l?p=0"})"}));
  Caller by_link(links.url(), "    api: {path: /l, pagination: {kind: next_url, next: n, items: d, max_pages: 9}}\n");
  EXPECT_THAT(refusal(by_link), testing::HasSubstr("a page that was read"));
  TestApi back(says({R"({"d":[1],"n":"/l?p=1"})", R"({"d":[2],"n":"/l"})"}));
  Caller to_the_first(back.url(), "    api: {path: /l, pagination: {kind: next_url, next: n, items: d, max_pages: 9}}\n");
  refusal(to_the_first);
  EXPECT_EQ(back.seen().size(), 2u);
}

TEST(Pager, notices_a_provider_that_does_not_heed_the_offset) {
  for (const char* kind : {"offset", "page"}) {
    TestApi api(says({R"([{"id":1},{"id":2}])"}));
    Caller caller(api.url(), std::string("    api: {path: /l, pagination: {kind: ") + kind + ", param: p, limit_param: n, page_size: 2, max_pages: 9}}\n");
    EXPECT_THAT(refusal(caller), testing::HasSubstr("the same rows"));
    EXPECT_EQ(api.seen().size(), 2u);
  }
  TestApi zeros(says({"[0,0]", "[0,0]", "[0]"}));
  Caller bare(zeros.url(), "    api: {path: /l, pagination: {kind: offset, param: p, limit_param: n, page_size: 2}}\n");
  EXPECT_EQ(bare.call().output, parsed("[0,0,0,0,0]")) << "rows that are all the same tell no pages apart";
}

TEST(Pager, sends_a_cursor_as_the_provider_gave_it) {
  const std::string in_body = "    params: {q: {}}\n    api: {method: POST, path: /l, pagination: {kind: cursor, param: c, in: body, next: n, items: d}}\n";
  for (const char* cursor : {"7", "9007199254740993", "12345678901234567890", "\"7\"", R"(["2026-01-01",7])", R"({"id":7})"}) {
    TestApi api(says({std::string(R"({"d":[1],"n":)") + cursor + "}", R"({"d":[2],"n":null})"}));
    Caller caller(api.url(), in_body);
    EXPECT_EQ(caller.call().output, parsed("[1,2]"));
    EXPECT_EQ(api.seen().at(1).body, std::string(R"({"c":)") + cursor + "}");
  }
  TestApi big(says({R"({"d":[{"id":9007199254740993}],"n":9007199254740993})", R"({"d":[],"n":null})"}));
  Caller query(big.url(), cursor_of_n);
  EXPECT_EQ(json::to_text(query.call().output), R"([{"id":9007199254740993}])") << "rows keep their digits too";
  EXPECT_EQ(to_query(big.seen().at(1).query), "c=9007199254740993");
  TestApi rows(says({R"({"d":[{"id":7}]})", R"({"d":[]})"}));
  Caller keyset(rows.url(), "    params: {q: {}}\n    api: {method: POST, path: /l, pagination: {kind: keyset, param: after, in: body, items: d}}\n");
  keyset.call();
  EXPECT_EQ(rows.seen().at(1).body, R"({"after":7})");
}

TEST(Pager, refuses_a_place_that_nothing_can_be_asked_with) {
  const auto why = [](const std::string& body, const std::string& pagination) {
    TestApi api(says({body}));
    Caller caller(api.url(), "    api: {path: /l, pagination: {items: d, " + pagination + "}}\n");
    return refusal(caller);
  };
  using testing::HasSubstr;
  EXPECT_THAT(why(R"({"d":[1],"n":{"a":1}})", "kind: cursor, param: c, next: n"), HasSubstr("the next page is an object"));
  EXPECT_THAT(why(R"({"d":[1],"n":true})", "kind: cursor, param: c, next: n"), HasSubstr("the next page is true or false"));
  EXPECT_THAT(why(R"({"d":[{"no":1}]})", "kind: keyset, param: c"), HasSubstr("its last row has no `id`"));
  EXPECT_THAT(why(R"({"d":[7]})", "kind: keyset, param: c"), HasSubstr("its last row has no `id`"));
  EXPECT_THAT(why(R"({"d":[1],"n":7})", "kind: next_url, next: n"), HasSubstr("is a number, no URL"));
  EXPECT_THAT(why(R"({"d":[1],"links":{"next":{"meta":1}}})", "kind: json_api"), HasSubstr("is an object, no URL"));
  EXPECT_THAT(why(R"({"d":[1],"n":"/l?p=2"})", "kind: custom, next: n"), HasSubstr("`pagination.next` gave a text"));
  EXPECT_THAT(why(R"({"d":[1],"n":{"url":7}})", "kind: custom, next: n"), HasSubstr("is a number, no URL"));
  EXPECT_THAT(why(R"({"d":[1],"i":{"hasNextPage":true,"endCursor":null}})", "kind: graphql, param: c, next: i"), HasSubstr("endCursor does not say where"));
  EXPECT_THAT(why(R"({"d":[1],"i":null})", "kind: graphql, param: c, next: i"), HasSubstr("no pageInfo"));
}

TEST(Pager, believes_whatever_means_yes_that_there_are_more) {
  for (const char* yes : {"true", "1", R"("true")", R"("next")", "[1]"}) {
    TestApi api(says({std::string(R"({"d":[1],"m":)") + yes + "}", R"({"d":[2],"m":false})"}));
    Caller caller(api.url(), "    api: {path: /l, pagination: {kind: page, param: p, items: d, more: m}}\n");
    EXPECT_EQ(caller.call().output, parsed("[1,2]")) << yes;
  }
  for (const char* no : {"false", "0", R"("false")", R"("0")", R"("")", "null", "[]"}) {
    TestApi api(says({std::string(R"({"d":[1],"m":)") + no + "}"}));
    Caller caller(api.url(), "    api: {path: /l, pagination: {kind: page, param: p, items: d, more: m}}\n");
    EXPECT_EQ(caller.call().output, parsed("[1]")) << no;
  }
}

TEST(Pager, follows_links_with_brackets_from_a_path_with_brackets) {
  TestApi api([](const HttpRequest& request, std::size_t call) {
    HttpResponse out = HttpResponse::json(200, parsed(call == 0 ? "[1]" : "[2]"));
    if (call == 0) out.headers.set("Link", "<" + request.path + "?filter[a]=1&page[number]=2>; rel=\"next\"");
    return out;
  });
  Caller caller(api.url(), "    api: {path: '/l?filter[a]=1', pagination: {kind: link}}\n");
  EXPECT_EQ(caller.call().output, parsed("[1,2]"));
  EXPECT_EQ(api.seen().at(1).query_value("page[number]"), "2");
}

TEST(Pager, ends_a_page_under_way_when_the_time_of_the_listing_is_over) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    if (call == 1) std::this_thread::sleep_for(std::chrono::seconds(2));
    return HttpResponse::json(200, parsed("{\"d\":[" + std::to_string(call) + "],\"n\":" + std::to_string(call + 1) + "}"));
  });
  const auto began = std::chrono::steady_clock::now();
  Caller caller(api.url(), "    api: {path: /l, pagination: {kind: cursor, param: c, next: n, items: d, max_time: 300ms}}\n");
  const CallResult result = caller.call();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1500));
  EXPECT_TRUE(result.cut_short);
  EXPECT_EQ(result.output, parsed("[0]"));
}

TEST(Pager, leaves_failures_to_the_caller_that_are_not_the_end_of_the_listings_time) {
  TestApi slow([](const HttpRequest&, std::size_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
    return HttpResponse::json(200, parsed("[]"));
  });
  Caller first(slow.url(), "    api: {path: /l, retry: {attempts: 1}, pagination: {kind: link, max_time: 100ms}}\n");
  EXPECT_EQ(first.silence().kind(), FailureKind::timeout) << "nothing was read";
  TestApi busy([](const HttpRequest&, std::size_t call) {
    HttpResponse out = HttpResponse::json(call == 0 ? 200 : 503, parsed(R"({"d":[1],"n":"x"})"));
    if (call > 0) out.headers.set("Retry-After", "20");
    return out;
  });
  Caller refused(busy.url(), "    api: {path: /l, retry: {attempts: 1}, pagination: {kind: cursor, param: c, next: n, items: d}}\n");
  EXPECT_EQ(refused.failure().answer().status, 503);
  Caller waiting(busy.url(), "    api: {path: /l, pagination: {kind: cursor, param: c, next: n, items: d}}\n");
  run_in_fiber([&](Fiber& fiber) {
    const DeadlineScope own(fiber, std::chrono::seconds(5));
    EXPECT_THROW(waiting.executor().call(fiber, waiting.compiled(), waiting.scope, JsonObject()), Failure) << "the caller's deadline";
  });
}

TEST(Pager, ends_at_a_wait_that_would_pass_the_time_of_the_listing) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    HttpResponse out = HttpResponse::json(call == 0 ? 200 : 429, parsed(R"({"d":[1],"n":"x"})"));
    if (call > 0) out.headers.set("Retry-After", "20");
    return out;
  });
  Caller caller(api.url(), "    api: {path: /l, pagination: {kind: cursor, param: c, next: n, items: d, max_time: 10s}}\n");
  const CallResult result = caller.call();
  EXPECT_TRUE(result.cut_short);
  EXPECT_EQ(result.output, parsed("[1]"));
}

TEST(Pager, collects_no_more_than_memory_should_hold_and_streams_any_amount) {
  const auto answer = [](const HttpRequest&, std::size_t call) {
    return HttpResponse::json(200, JsonObject{{"d", JsonArray{std::string(5u << 20, 'x')}}, {"n", call == 15 ? Json() : Json(call)}});
  };
  const char* const listing = "    api: {path: /l, pagination: {kind: cursor, param: c, next: n, items: d}}\n";
  TestApi one(answer);
  Caller collected(one.url(), listing);
  try {
    collected.call();
    FAIL() << "it was collected";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.kind(), FailureKind::too_large);
    EXPECT_THAT(failure.message(), testing::HasSubstr("64 MiB (after 12 rows)"));
  }
  EXPECT_EQ(one.seen().size(), 13u);
  TestApi other(answer);
  Caller streamed(other.url(), listing);
  StreamResult result;
  run_in_fiber([&](Fiber& fiber) {
    result = streamed.executor().stream(fiber, streamed.compiled(), streamed.scope, JsonObject(), [](Json&&) { return true; });
  });
  EXPECT_EQ(result.rows, 16u);
}

}  // namespace
}  // namespace junctor::connector
