// What an answer of a provider means, whatever its bytes are.
#include "connector/answer.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "connector/test_api.h"
#include "connector/test_raw_peer.h"
#include "json/parse.h"

namespace junctor::connector {
namespace {

using testing::HasSubstr;

Json parsed(std::string_view text) { return json::parse(text).value_or_throw(); }

HttpResponse answering(std::string body, const char* type = "application/json") { return HttpResponse::text(200, std::move(body), type); }

void expect_text(const std::string& text) { EXPECT_TRUE(is_utf8(text)) << testing::PrintToString(text); }

void expect_recorded_as_text(const RecordedCall& call) {
  for (const std::string& text : {call.url, call.request_body, call.response_body, call.failure}) expect_text(text);
  for (const auto& [name, value] : call.response_headers) expect_text(name + value);
}

TEST(Answer, is_text_whatever_bytes_the_provider_sends) {
  struct Case { const char* api; std::string body; const char* type; const char* output; };
  for (const Case& one : std::vector<Case>{
           {"", "\xFF\xFEhello", "text/plain", "\"\uFFFD\uFFFDhello\""},
           {", response: {kind: text}", "caf\xE9", "text/plain; charset=latin1", "\"caf\uFFFD\""},
           {", response: {kind: form}", "a=caf%E9&%FF=1", "application/x-www-form-urlencoded", "{\"a\":\"caf\uFFFD\",\"\uFFFD\":\"1\"}"},
           {", response: {kind: file}", "\xFF", "text/caf\xE9", "{\"base64\":\"/w==\",\"content_type\":\"text/caf\uFFFD\"}"},
           {", response: {map: \"$headers.`x-name`\"}", "{}", "application/json", "\"caf\uFFFD\""}}) {
    RawPeer peer([&](RawConnection& connection, int) {
      connection.head();
      connection.write("HTTP/1.1 200 OK\r\nConnection: close\r\nX-Name: caf\xE9\r\nContent-Type: " + std::string(one.type) +
                       "\r\nContent-Length: " + std::to_string(one.body.size()) + "\r\n\r\n" + one.body);
    });
    Caller caller(peer.url(), std::string("    api: {path: /x") + one.api + "}\n");
    EXPECT_EQ(caller.call().output, parsed(one.output)) << one.api;
    expect_recorded_as_text(caller.recorder.calls.at(0));
  }
}

TEST(Answer, tells_a_fault_in_text_whatever_bytes_the_provider_sends) {
  for (const char* type : {"text/plain", "application/json", "application/x-www-form-urlencoded"}) {
    TestApi api([&](const HttpRequest&, std::size_t) { return HttpResponse::text(400, "{\"message\": \"caf\xE9\"}", type); });
    Caller caller(api.url(), "    api: {path: /x, errors: [{status: 400, message: $}]}\n");
    const ProviderFailure failure = caller.failure();
    for (const std::string& text : {failure.message(), failure.answer().message, failure.answer().body}) expect_text(text);
    expect_recorded_as_text(caller.recorder.calls.at(0));
  }
}

TEST(Answer, keeps_the_words_of_a_fault_that_is_nearly_json) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::text(400, "{\"message\": \"no caf\xE9\"}", "application/json"); });
  Caller caller(api.url(), "    api: {path: /x}\n");
  EXPECT_EQ(caller.failure().answer().message, "no caf\uFFFD");
}

TEST(Answer, is_read_by_the_rules_whatever_its_kind) {
  TestApi api([](const HttpRequest&, std::size_t) { return answering(R"({"ok":false,"error":"no_room"})"); });
  for (const char* kind : {"automatic", "json", "text", "form", "file", "none"}) {
    Caller caller(api.url(), std::string("    api: {path: /x, response: {kind: ") + kind + "}, errors: [{when: ok = false, kind: conflict, code: error}]}\n");
    const ProviderFailure failure = caller.failure();
    EXPECT_EQ(failure.kind(), FailureKind::conflict) << kind;
    EXPECT_EQ(failure.answer().code, "no_room") << kind;
  }
}

TEST(Answer, comes_in_its_kind_where_no_rule_fits) {
  const std::string body = R"({"ok":true})";
  TestApi api([&](const HttpRequest&, std::size_t) { return answering(body); });
  const auto output = [&](const char* kind, const char* expect = "2xx") {
    Caller caller(api.url(), std::string("    api: {path: /x, expect: ") + expect + ", response: {kind: " + kind + "}, errors: [{when: ok = false}, {when: ok = 1, not_an_error: true}]}\n");
    return caller.call().output;
  };
  EXPECT_EQ(output("text"), Json(body));
  EXPECT_EQ(output("none"), Json());
  EXPECT_EQ(output("json"), parsed(body));
}

TEST(Answer, says_what_the_provider_said_where_another_status_was_expected) {
  TestApi api([](const HttpRequest&, std::size_t) { return answering(R"({"message":"still busy"})"); });
  Caller caller(api.url(), "    api: {path: /x, expect: '202', response: {kind: none}}\n");
  EXPECT_THAT(caller.failure().message(), HasSubstr("still busy"));
}

TEST(Answer, of_a_streamed_file_is_read_by_the_rules_before_it_is_handed_on) {
  const std::string file = "{\"rows\":\"" + std::string(100'000, 'x') + "\"}";
  std::string body = R"({"ok":false})";
  TestApi api([&](const HttpRequest&, std::size_t) { return answering(body); });
  Caller caller(api.url(), "    api: {path: /x, response: {kind: file}, errors: [{when: ok = false, kind: denied}]}\n");
  std::string arrived;
  caller.scope.download.take = [&](Fiber&, std::string_view piece) { arrived += piece; };
  EXPECT_EQ(caller.failure().kind(), FailureKind::denied);
  EXPECT_EQ(arrived, "");
  for (const std::string& good : {std::string(R"({"ok":true})"), file, std::string("no JSON")}) {
    arrived.clear();
    body = good;
    EXPECT_EQ(caller.call().output.at("bytes"), Json(good.size()));
    EXPECT_EQ(arrived, good);
  }
}

TEST(Answer, of_a_streamed_file_is_refused_by_its_head_before_it_is_handed_on) {
  std::string body = "come again";
  TestApi api([&](const HttpRequest&, std::size_t) {
    HttpResponse out = HttpResponse::text(202, body);
    out.headers.set("X-Kind", "placeholder");
    return out;
  });
  bool begun = false;
  std::string arrived;
  const auto failing = [&](const std::string& block) {
    Caller caller(api.url(), "    api: {path: /x, response: {kind: file}, retry: {attempts: 1}, " + block + "}\n");
    caller.scope.download.begin = [&](const DownloadHead&) { begun = true; };
    caller.scope.download.take = [&](Fiber&, std::string_view piece) { arrived += piece; };
    return caller.failure().kind();
  };
  for (const std::size_t length : {10u, 3'000'000u}) {
    body = std::string(length, 'x');
    EXPECT_EQ(failing("expect: '200'"), FailureKind::invalid);
    EXPECT_EQ(failing("errors: [{status: 202, kind: overloaded}]"), FailureKind::overloaded);
    EXPECT_EQ(failing("errors: [{when: \"$headers.'x-kind' = 'placeholder'\", kind: not_found}]"), FailureKind::not_found);
  }
  EXPECT_FALSE(begun);
  EXPECT_EQ(arrived, "");
}

TEST(Answer, takes_json_behind_a_byte_order_mark_and_white_space_for_nothing) {
  std::string body;
  TestApi api([&](const HttpRequest&, std::size_t) { return answering(body); });
  for (const char* kind : {"automatic", "json"}) {
    Caller caller(api.url(), std::string("    api: {path: /x, response: {kind: ") + kind + "}, retry: {attempts: 1}}\n");
    body = "\xEF\xBB\xBF {\"a\":1}\r\n";
    EXPECT_EQ(caller.call().output, parsed(R"({"a":1})"));
    for (const char* blank : {"  \r\n", "\xEF\xBB\xBF"}) {
      body = blank;
      EXPECT_EQ(caller.call().output, Json());
    }
  }
}

}  // namespace
}  // namespace junctor::connector
