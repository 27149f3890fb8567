#include "connector/executor.h"

#include <gmock/gmock.h>

#include "base/crypto.h"
#include "connector/test_api.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "vault/connection.h"

namespace junctor::connector {
namespace {

using testing::HasSubstr;

HttpResponse ok(const Json& body) { return HttpResponse::json(200, body); }
Json parsed(std::string_view text) { return json::parse(text).value_or_throw(); }

TEST(Executor, places_parameters_and_maps_the_answer) {
  TestApi api([](const HttpRequest&, std::size_t) { return ok(parsed(R"({"data":{"n":7}})")); });
  Caller caller(api.url(), R"(    params:
      owner: {required: true}
      state: {}
      tags: {list_style: comma}
      trace: {to: header, as: X-Trace}
      hidden: {to: none}
    api:
      path: /repos/{owner}/issues
      query: {per_page: 100, sort: "=input.hidden & '-desc'", gone: null}
      headers: {X-Version: "2"}
      response: {map: "{'n': data.n, 'asked': $input.state, 'status': $status}"}
)");
  const auto result = caller.call(parsed(R"({"owner":"a/b c","state":"open","tags":["x","y"],"trace":"t1","hidden":"age"})"));
  EXPECT_EQ(result.output, parsed(R"({"n":7,"asked":"open","status":200})"));
  const HttpRequest request = api.seen().at(0);
  EXPECT_EQ(request.path, "/repos/a%2Fb%20c/issues");
  EXPECT_EQ(request.query_value("state"), "open");
  EXPECT_EQ(request.query_value("tags"), "x,y");
  EXPECT_EQ(request.query_value("per_page"), "100");
  EXPECT_EQ(request.query_value("sort"), "age-desc");
  EXPECT_FALSE(request.query_value("gone"));
  EXPECT_FALSE(request.query_value("hidden"));
  EXPECT_EQ(request.headers.get("X-Trace"), "t1");
  EXPECT_EQ(request.headers.get("X-Version"), "2");
}

TEST(Executor, sends_every_kind_of_body) {
  TestApi api([](const HttpRequest&, std::size_t) { return ok(JsonObject()); });
  const auto sent = [&](const std::string& block, const char* input) {
    Caller caller(api.url(), block);
    caller.call(parsed(input));
    return api.seen().back();
  };
  EXPECT_EQ(sent("    params: {a: {}, b: {}}\n    api: {method: POST, path: /x}\n", R"({"a":1,"b":[2]})").body, R"({"a":1,"b":[2]})");
  const auto form = sent("    params: {a: {}, b: {}}\n    api: {method: POST, path: /x, body_kind: form}\n", R"({"a":"x y","b":{"c":[1,2]}})");
  EXPECT_EQ(form.body, "a=x%20y&b%5Bc%5D%5B%5D=1&b%5Bc%5D%5B%5D=2");
  EXPECT_EQ(form.headers.get("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_EQ(sent("    params: {a: {}}\n    api: {method: POST, path: /x, body_kind: raw, content_type: text/csv, body: \"='n;' & input.a\"}\n", R"({"a":5})").body, "n;5");
  const auto graphql = sent("    params: {id: {}}\n    api: {method: POST, path: /x, body_kind: graphql, graphql: {query: 'query($id: ID){x(id:$id)}'}}\n", R"({"id":"7"})");
  EXPECT_EQ(parsed(graphql.body), parsed(R"({"query":"query($id: ID){x(id:$id)}","variables":{"id":"7"}})"));
  const auto computed = sent("    params: {id: {}}\n    api: {method: PUT, path: /x, body: {wrap: {id: '=input.id', fixed: 1, none: '=input.nothing', text: '==x'}}}\n", R"({"id":"7"})");
  EXPECT_EQ(parsed(computed.body), parsed(R"({"wrap":{"id":"7","fixed":1,"text":"=x"}})"));
}

TEST(Executor, sends_one_content_type_that_fits_the_body) {
  TestApi api([](const HttpRequest&, std::size_t) { return ok(JsonObject()); });
  const auto type_of = [&](const std::string& block) {
    Caller caller(api.url(), "    params: {a: {}}\n    api: {method: POST, path: /x, " + block + "}\n",
                  "api_defaults: {headers: {Content-Type: application/vnd.demo+json}}\n");
    caller.scope.uploads["file"] = {"f", "image/png", 1, [sent = false](Fiber&, std::span<char> buffer) mutable {
                                      buffer[0] = 'x';
                                      return std::exchange(sent, true) ? std::size_t{0} : std::size_t{1};
                                    }, {}};
    caller.call(JsonObject{{"a", "1"}});
    std::vector<std::string> types;
    const HttpRequest seen = api.seen().back();
    for (const Header& header : seen.headers)
      if (equal_ignoring_case(header.name, "Content-Type")) types.push_back(header.value);
    EXPECT_EQ(types.size(), 1u) << block;
    return types.empty() ? std::string() : types.front();
  };
  EXPECT_EQ(type_of("body_kind: json"), "application/vnd.demo+json");
  EXPECT_EQ(type_of("body_kind: json, headers: {content-type: application/own}"), "application/own");
  EXPECT_EQ(type_of("body_kind: raw, body: '=input.a', content_type: text/csv"), "text/csv");
  EXPECT_EQ(type_of("body_kind: form"), "application/x-www-form-urlencoded");
  EXPECT_EQ(type_of("body_kind: form, headers: {Content-Type: 'application/x-www-form-urlencoded; charset=utf-8'}"), "application/x-www-form-urlencoded; charset=utf-8");
  EXPECT_THAT(type_of("body_kind: multipart, multipart: {a: {value: '=input.a'}}"), testing::StartsWith("multipart/form-data; boundary="));
  EXPECT_EQ(type_of("body_kind: file"), "image/png");
  EXPECT_EQ(type_of("body_kind: file, content_type: image/webp"), "image/webp");
}

TEST(Executor, refuses_two_content_types_of_one_body) {
  const auto problem = [](const std::string& block) {
    const auto loaded = load_integration("slug: demo\nendpoints: {base_url: 'https://a.example'}\nactions:\n  go:\n    api: {method: POST, path: /x, " + block + "}\n", "demo.yaml");
    return loaded.ok() ? std::string() : to_string(loaded.problems());
  };
  EXPECT_THAT(problem("body_kind: raw, content_type: text/csv, headers: {content-type: text/plain}"), HasSubstr("api.headers.Content-Type: found a second one beside content_type"));
  EXPECT_THAT(problem("body_kind: multipart, content_type: text/csv"), HasSubstr("api.content_type: found a content type of a multipart body"));
  EXPECT_THAT(problem("body_kind: multipart, headers: {Content-Type: text/csv}"), HasSubstr("a content type of a multipart body"));
  EXPECT_EQ(problem("body_kind: form, headers: {Content-Type: application/x-www-form-urlencoded}"), "");
}

TEST(Executor, refuses_an_address_in_the_place_of_a_host) {
  const auto problem = [](const std::string& host) {
    const auto loaded = load_integration("slug: demo\nendpoints: {base_url: 'https://a.example', hosts: ['" + host + "']}\nactions: {go: {api: {path: /x}}}\n", "demo.yaml");
    return loaded.ok() ? std::string() : to_string(loaded.problems());
  };
  EXPECT_THAT(problem("http://b.example"), HasSubstr("endpoints.hosts[0]: found \"http://b.example\""));
  EXPECT_EQ(problem("*.b.example:8443"), "");
}

TEST(Executor, refuses_a_file_from_an_answer_without_a_body) {
  const auto loaded = load_integration("slug: demo\nendpoints: {base_url: 'https://a.example'}\nactions:\n  go:\n    api: {method: HEAD, path: /x, response: {kind: file}}\n", "demo.yaml");
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(to_string(loaded.problems()), HasSubstr("response.kind: found file"));
}

TEST(Executor, streams_files_up_and_down) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.method == "POST") return ok(JsonObject());
    HttpResponse file = HttpResponse::text(200, std::string(300'000, 'z'), "application/pdf");
    return file;
  });
  Caller up(api.url(), "    params: {title: {}, doc: {ui_type: file}}\n    api: {method: POST, path: /x, body_kind: multipart, multipart: {title: {value: '=input.title'}, upload: {file: doc}}}\n");
  std::size_t left = 70'000;
  up.scope.uploads["doc"] = {"a.txt", "text/plain", left, [&left](Fiber&, std::span<char> buffer) {
                               const std::size_t count = std::min(left, buffer.size());
                               std::fill_n(buffer.data(), count, 'q');
                               left -= count;
                               return count;
                             }, [&left] { left = 70'000; }};
  up.call(JsonObject{{"title", "T"}});
  const HttpRequest request = api.seen().back();
  EXPECT_THAT(request.body, HasSubstr("name=\"title\"\r\n\r\nT\r\n"));
  EXPECT_THAT(request.body, HasSubstr("name=\"upload\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nqqq"));
  EXPECT_EQ(std::count(request.body.begin(), request.body.end(), 'q'), 70'000);

  Caller down(api.url(), "    api: {path: /x, response: {kind: file}}\n");
  std::size_t got = 0;
  down.scope.download.take = [&got](Fiber&, std::string_view piece) { got += piece.size(); };
  const Json output = down.call().output;
  EXPECT_EQ(got, 300'000u);
  EXPECT_EQ(output.at("bytes"), Json(300'000));
  EXPECT_EQ(output.at("content_type"), Json("application/pdf"));
}

TEST(Executor, keeps_what_the_provider_said_and_never_its_secrets) {
  TestApi api([](const HttpRequest&, std::size_t) {
    return HttpResponse::json(422, parsed(R"({"message":"Validation Failed","code":"E7","access_token":"canary-1","user":{"ssn":"canary-2"}})"));
  });
  Caller caller(api.url(), "    params: {password: {}, who: {}}\n    api: {method: POST, path: '/x?api_key=canary-5', redact: {body: [/user/ssn]}}\n");
  const ProviderFailure failure = caller.failure(parsed(R"({"password":"canary-3","who":"me"})"));
  EXPECT_EQ(failure.kind(), FailureKind::invalid);
  EXPECT_EQ(failure.answer().status, 422);
  EXPECT_EQ(failure.answer().code, "E7");
  EXPECT_EQ(failure.answer().message, "Validation Failed");
  EXPECT_EQ(failure.message(), "demo answered 422 (E7): Validation Failed");
  EXPECT_THAT(failure.answer().body, testing::Not(HasSubstr("canary")));
  ASSERT_EQ(caller.recorder.calls.size(), 1u);
  const RecordedCall& recorded = caller.recorder.calls[0];
  EXPECT_THAT(recorded.request_body + recorded.response_body + recorded.url, testing::Not(HasSubstr("canary")));
  EXPECT_THAT(recorded.request_body, HasSubstr("\"who\":\"me\""));
  EXPECT_EQ(recorded.status, 422);
}

TEST(Executor, records_no_call_that_was_refused_before_it_went_out) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::json(200, JsonObject()); });
  Caller caller(api.url(), "    api: {path: /, headers: {X-A: \"one\\r\\ntwo\"}}\n");
  EXPECT_THROW(caller.call(), Failure);
  EXPECT_THAT(caller.recorder.calls, testing::IsEmpty());
  EXPECT_THAT(api.seen(), testing::IsEmpty());
}

TEST(Executor, records_each_hop_of_a_redirect) {
  TestApi away([](const HttpRequest&, std::size_t) { return ok(parsed(R"({"n":1})")); });
  TestApi api([&](const HttpRequest& request, std::size_t) {
    HttpResponse answer = HttpResponse::redirect(request.path == "/a" ? 307 : 302, request.path == "/a" ? "/b?token=canary-1" : away.url() + "/c");
    answer.body = "moved";
    return answer;
  });
  Caller caller(api.url(), "    params: {who: {to: body}}\n    api: {method: POST, path: /a, headers: {X-Plain: one, X-Api-Key: canary-2, Authorization: canary-3}}\n");
  caller.call(parsed(R"({"who":"me"})"));
  const auto& calls = caller.recorder.calls;
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[0].method + " " + calls[0].url, "POST " + api.url() + "/a");
  EXPECT_EQ(calls[0].status, 307);
  EXPECT_EQ(calls[1].method + " " + calls[1].url, "POST " + api.url() + "/b?token=%5Bredacted%5D");
  EXPECT_EQ(calls[1].status, 302);
  EXPECT_EQ(calls[2].method + " " + calls[2].url, "GET " + away.url() + "/c");
  EXPECT_EQ(calls[2].status, 200);
  for (const std::size_t resent : {0u, 1u}) {
    EXPECT_EQ(calls[resent].request_body, R"({"who":"me"})");
    EXPECT_EQ(calls[resent].request_bytes, 12u);
    EXPECT_EQ(calls[resent].response_bytes, 5u);
  }
  EXPECT_EQ(calls[2].request_body, "");
  EXPECT_EQ(calls[2].request_bytes, 0u);
  const auto names = [](const RecordedCall& call) {
    std::string out;
    for (const auto& [name, value] : call.request_headers) out += name + " ";
    return out;
  };
  for (const char* part : {"X-Plain", "Authorization", "Content-Type"}) EXPECT_THAT(names(calls[1]), HasSubstr(part));
  EXPECT_THAT(names(calls[2]), HasSubstr("X-Plain"));
  for (const char* part : {"Authorization", "Content-Type"}) EXPECT_THAT(names(calls[2]), testing::Not(HasSubstr(part)));
  for (const RecordedCall& call : calls) {
    EXPECT_GT(call.total.count(), 0);
    EXPECT_GT(call.first_byte.count(), 0);
    EXPECT_GE(call.started_at, calls[0].started_at);
    for (const auto& [name, value] : call.request_headers) EXPECT_THAT(value, testing::Not(HasSubstr("canary")));
    for (const auto& [name, value] : call.response_headers) EXPECT_THAT(value, testing::Not(HasSubstr("canary")));
  }
}

TEST(Executor, records_the_hops_that_led_to_a_place_where_nobody_answers) {
  TestApi api([&](const HttpRequest&, std::size_t) { return HttpResponse::redirect(302, "http://127.0.0.1:1/gone"); });
  Caller caller(api.url(), "    api: {path: /a, retry: {attempts: 1}}\n");
  EXPECT_EQ(caller.silence().kind(), FailureKind::unavailable);
  const auto& calls = caller.recorder.calls;
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0].status, 302);
  EXPECT_EQ(calls[0].failure, "");
  EXPECT_EQ(calls[1].url, "http://127.0.0.1:1/gone");
  EXPECT_EQ(calls[1].status, 0);
  EXPECT_THAT(calls[1].failure, HasSubstr("127.0.0.1"));
}

TEST(Executor, finds_errors_inside_a_200_by_rule) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    return ok(parsed(call == 0 ? R"({"ok":false,"error":"ratelimited","wait":0})" : R"({"ok":true,"ts":"1"})"));
  });
  Caller caller(api.url(), R"(    api:
      path: /x
      errors:
        - {when: "ok = false and error = 'ratelimited'", kind: overloaded, code: error, retry_after: wait}
        - {when: ok = false, kind: invalid, code: error}
)");
  EXPECT_EQ(caller.call().output.at("ts"), Json("1"));
  EXPECT_EQ(api.seen().size(), 2u);
  EXPECT_THAT(caller.recorder.calls.at(0).failure, HasSubstr("ratelimited"));
}

TEST(Executor, finds_an_error_in_an_answer_of_which_nothing_is_kept) {
  std::string body = R"({"ok":false,"error":"cannot"})";
  TestApi api([&](const HttpRequest&, std::size_t) { return HttpResponse::text(200, body); });
  Caller caller(api.url(), "    api: {method: DELETE, path: /x, response: {kind: none}, errors: [{when: ok = false, kind: denied, code: error}]}\n");
  const ProviderFailure failure = caller.failure();
  EXPECT_EQ(failure.kind(), FailureKind::denied);
  EXPECT_EQ(failure.answer().code, "cannot");
  for (const char* fine : {R"({"ok":true})", "{no JSON", ""}) {
    body = fine;
    EXPECT_TRUE(caller.call().output.is_null()) << fine;
  }
}

TEST(Executor, takes_a_404_for_success_where_declared) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::json(404, JsonObject()); });
  Caller caller(api.url(), "    api: {method: DELETE, path: /x, errors: [{status: 404, not_an_error: true}]}\n");
  EXPECT_NO_THROW(caller.call());
}

TEST(Executor, retries_what_may_be_repeated_with_one_key) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    return call < 2 ? HttpResponse::text(503, "busy") : ok(JsonObject());
  });
  Caller caller(api.url(), "    params: {a: {}}\n    api: {method: POST, path: /x, idempotency: {}, retry: {wait: 1ms}}\n");
  caller.scope.idempotency_key = "key-1";
  EXPECT_EQ(caller.call(JsonObject{{"a", 1}}).tries, 3);
  for (const HttpRequest& request : api.seen()) EXPECT_EQ(request.headers.get("Idempotency-Key"), "key-1");
}

TEST(Executor, sends_an_unsafe_call_once) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::text(503, "busy"); });
  Caller caller(api.url(), "    params: {a: {}}\n    api: {method: POST, path: /x, retry: {wait: 1ms}}\n");
  EXPECT_EQ(caller.failure(JsonObject{{"a", 1}}).kind(), FailureKind::unavailable);
  EXPECT_EQ(api.seen().size(), 1u);
  Caller declared(api.url(), "    params: {a: {}}\n    api: {method: POST, path: /x, retry: {wait: 1ms, attempts: 3, unsafe: true}}\n");
  declared.failure(JsonObject{{"a", 1}});
  EXPECT_EQ(api.seen().size(), 4u);
}

TEST(Executor, obeys_retry_after_and_passes_on_what_is_too_long) {
  TestApi api([](const HttpRequest&, std::size_t call) {
    HttpResponse busy = HttpResponse::text(429, "slow down");
    busy.headers.set("Retry-After", call == 0 ? "1" : "600");
    return busy;
  });
  Caller caller(api.url(), "    api: {path: /x}\n");
  const auto started = std::chrono::steady_clock::now();
  const ProviderFailure failure = caller.failure();
  EXPECT_GE(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(950));
  EXPECT_EQ(failure.kind(), FailureKind::overloaded);
  EXPECT_EQ(failure.retry_after(), std::chrono::seconds(600));
  EXPECT_EQ(api.seen().size(), 2u);
}

struct Token final : auth::CredentialSource {
  void apply(Fiber&, ClientRequest& request) override {
    request.header("Authorization", Secret("Bearer " + std::to_string(version)));
  }
  auth::AfterRefusal after_refusal(Fiber&, const ClientRequest&, const ClientResponse&) override {
    ++version;
    return auth::AfterRefusal::retry_once;
  }
  Redactions redactions() const override { return {}; }
  void each_secret(const std::function<void(std::string_view)>&) const override {}
  int version = 1;
};

TEST(Executor, renews_a_refused_credential_once) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    return HttpResponse::json(request.headers.get("Authorization") == "Bearer 2" ? 200 : 401, JsonObject());
  });
  Token token;
  Caller caller(api.url(), "    params: {a: {}}\n    api: {method: POST, path: /x}\n");
  caller.scope.credentials = &token;
  EXPECT_NO_THROW(caller.call(JsonObject{{"a", 1}}));
  EXPECT_EQ(api.seen().size(), 2u);
  token.version = 7;
  EXPECT_EQ(caller.failure(JsonObject{{"a", 1}}).kind(), FailureKind::denied);
  EXPECT_EQ(api.seen().size(), 4u);
  for (const RecordedCall& call : caller.recorder.calls) {
    for (const auto& header : call.request_headers) EXPECT_THAT(header.second, testing::Not(HasSubstr("Bearer")));
  }
}

// Of a connection whose token endpoint is away for a while.
struct LateToken final : auth::CredentialSource {
  void apply(Fiber&, ClientRequest& request) override {
    if (--away > 0)
      throw Failure(FailureKind::unavailable, "the token endpoint answered 503").retry_after(std::chrono::milliseconds(5));
    if (away == 0 && refuses)
      throw vault::ConnectionFailure(vault::ConnectionError::provider_error, "the client is unknown");
    request.header("Authorization", Secret("Bearer t"));
  }
  auth::AfterRefusal after_refusal(Fiber&, const ClientRequest&, const ClientResponse&) override {
    return auth::AfterRefusal::give_up;
  }
  Redactions redactions() const override { return {}; }
  void each_secret(const std::function<void(std::string_view)>&) const override {}
  int away = 0;
  bool refuses = false;
};

TEST(Executor, tries_again_when_there_is_no_token_for_a_while) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::json(200, JsonObject()); });
  LateToken token;
  Caller caller(api.url(), "    params: {a: {}}\n    api: {method: POST, path: /x}\n");
  caller.scope.credentials = &token;
  token.away = 3;
  EXPECT_NO_THROW(caller.call(JsonObject{{"a", 1}})) << "although it is a POST: nothing had been sent";
  EXPECT_EQ(api.seen().size(), 1u);
  token.away = 100;
  const Failure failure = caller.silence(JsonObject{{"a", 1}});
  EXPECT_EQ(failure.kind(), FailureKind::unavailable);
  EXPECT_EQ(failure.retry_after(), std::chrono::milliseconds(5));
  EXPECT_EQ(token.away, 96) << "as often as declared";
  token.away = 2;
  token.refuses = true;
  EXPECT_THROW(caller.call(JsonObject{{"a", 1}}), vault::ConnectionFailure);
  EXPECT_EQ(token.away, 0) << "the second try ended with what no further one mends";
  EXPECT_EQ(api.seen().size(), 1u);
}

struct BasicToken final : auth::CredentialSource {
  void apply(Fiber&, ClientRequest& request) override {
    request.header("Authorization", Secret("Basic " + crypto::to_base64("ann:canary-password")));
    request.header("X-Own", Secret("canary/own key"));
    request.url += "?key=canary-query";
  }
  auth::AfterRefusal after_refusal(Fiber&, const ClientRequest&, const ClientResponse&) override {
    return auth::AfterRefusal::give_up;
  }
  Redactions redactions() const override { return {{}, {"key"}}; }
  void each_secret(const std::function<void(std::string_view)>&) const override {}
};

TEST(Executor, cuts_out_what_a_provider_repeats_of_the_credentials) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    const std::string basic(*request.headers.get("Authorization"));
    const std::string said = basic + " canary-password " + request.target + " " +
                             std::string(*request.headers.get("X-Own")) + " canary%2Fown%20key";
    HttpResponse out = HttpResponse::json(401, JsonObject{{"message", said}, {"code", "no"}});
    out.headers.set("X-Echo", said);
    return out;
  });
  BasicToken token;
  Caller caller(api.url(), "    api: {path: /x}\n");
  caller.scope.credentials = &token;
  const ProviderFailure failure = caller.failure();
  const RecordedCall& call = caller.recorder.calls.at(0);
  std::string kept = failure.message() + failure.answer().message + failure.answer().body +
                     call.response_body + call.failure + call.url;
  for (const auto& header : call.response_headers) kept += header.second;
  EXPECT_THAT(kept, testing::Not(HasSubstr("canary")));
  EXPECT_THAT(kept, testing::Not(HasSubstr(crypto::to_base64("ann:canary-password"))));
  EXPECT_THAT(failure.message(), HasSubstr("demo answered 401 (no): [redacted]"));
}

// A secret of the connection that this request did not carry.
TEST(Executor, cuts_out_what_a_provider_knows_of_the_connection_besides) {
  TestApi api([](const HttpRequest&, std::size_t) {
    HttpResponse out = HttpResponse::json(400, JsonObject{{"message", "not canary/1"}, {"code", "canary/1"}, {"all", JsonArray{"canary/1"}},
                                                          {"long", std::string(5000, 'a') + "canary/1"}});
    out.headers.set("X-Echo", "canary/1");
    return out;
  });
  SecretValues secrets;
  secrets.add("canary/1");
  Caller caller(api.url(), "    api: {path: /x}\n");
  caller.scope.secrets = &secrets;
  const ProviderFailure failure = caller.failure();
  std::string told = failure.message() + failure.answer().code + failure.answer().message + failure.answer().body +
                     caller.recorder.calls.at(0).response_body + caller.recorder.calls.at(0).failure;
  run_in_fiber([&](Fiber& fiber) {
    const auto answer = caller.executor().plain_call(fiber, caller.integration(), caller.scope, {"GET", "/y", {}, ""});
    told += answer.body + std::string(answer.headers.get("X-Echo").value_or(""));
  });
  EXPECT_THAT(told, testing::Not(HasSubstr("canary")));
  EXPECT_EQ(failure.message(), "demo answered 400 ([redacted]): not [redacted]");
}

TEST(Executor, cuts_out_a_credential_however_the_provider_spells_it) {
  std::string said;
  TestApi api([&](const HttpRequest&, std::size_t) {
    HttpResponse out;
    out.status = 418;
    out.headers.set("Content-Type", said.starts_with('{') ? "application/json" : "application/x-www-form-urlencoded");
    out.body = said;
    return out;
  });
  BasicToken token;
  for (const char* spelling : {R"({"message":"not canary\/own key"})", R"({"message":"not \u0063anary\/own\u0020key"})",
                               R"({"message":"not canary%2fown%20key"})", R"({"message":"x","seen":["\u0063anary-password"]})",
                               R"({"canary\u002fown key":1})", "password=x&seen=%63anary-passwor%64&a=1"}) {
    said = spelling;
    Caller caller(api.url(), "    api: {path: /x}\n");
    caller.scope.credentials = &token;
    const ProviderFailure failure = caller.failure();
    const RecordedCall& call = caller.recorder.calls.at(0);
    std::string kept = failure.message() + failure.answer().message + failure.answer().body + call.response_body;
    run_in_fiber([&](Fiber& fiber) { kept += caller.executor().plain_call(fiber, caller.integration(), caller.scope, {"GET", "/y", {}, ""}).body; });
    for (const char* part : {"own", "canary", "-password"}) EXPECT_THAT(kept, testing::Not(HasSubstr(part))) << spelling;
    EXPECT_THAT(kept, HasSubstr("[redacted]")) << spelling;
  }
}

TEST(Executor, lets_no_value_become_a_second_cookie) {
  TestApi api([](const HttpRequest&, std::size_t) { return ok(JsonObject()); });
  Caller caller(api.url(), "    params: {session: {to: cookie}, lang: {to: cookie}}\n    api: {path: /x, cookies: {fixed: \"1\"}}\n");
  caller.call(parsed(R"({"session":"a b=c","lang":"de"})"));
  EXPECT_EQ(api.seen().at(0).headers.get("Cookie"), "session=a b=c; lang=de; fixed=1");
  for (const char* value : {"a; admin=1", "a\r\nX-Admin: 1", "a\x7F"}) {
    EXPECT_THROW(caller.call(JsonObject{{"session", value}}), Failure) << value;
  }
  EXPECT_EQ(api.seen().size(), 1u);
}

TEST(Executor, lets_no_media_type_begin_further_lines) {
  TestApi api([](const HttpRequest&, std::size_t) { return ok(JsonObject()); });
  Caller up(api.url(), "    params: {doc: {ui_type: file}}\n    api: {method: POST, path: /x, body_kind: multipart, multipart: {upload: {file: doc}}}\n");
  up.scope.uploads["doc"] = {"a\"\r\nX: 1.txt", "text/plain\r\nContent-Disposition: form-data; name=\"admin\"", 0, [](Fiber&, std::span<char>) { return std::size_t{0}; }, {}};
  EXPECT_THROW(up.call(), Failure);
  up.scope.uploads["doc"].content_type = "text/plain";
  up.call();
  EXPECT_THAT(api.seen().back().body, HasSubstr("filename=\"a%22%0D%0AX: 1.txt\"\r\nContent-Type: text/plain\r\n\r\n"));
}

TEST(Executor, answers_from_its_cache_per_connection) {
  TestApi api([](const HttpRequest&, std::size_t call) { return ok(JsonObject{{"n", call}}); });
  Caller caller(api.url(), "    params: {a: {}}\n    api: {path: /x, cache: 1m}\n");
  const Json first = caller.call(JsonObject{{"a", 1}}).output;
  EXPECT_EQ(caller.call(JsonObject{{"a", 1}}).output, first);
  EXPECT_EQ(api.seen().size(), 1u);
  caller.scope.connection = "another";
  EXPECT_NE(caller.call(JsonObject{{"a", 1}}).output, first);
  caller.executor().caches().forget(default_tenant(), "another");
  EXPECT_FALSE(caller.call(JsonObject{{"a", 1}}).from_cache);
}

TEST(Executor, gives_no_call_the_kept_answer_of_another) {
  TestApi api([](const HttpRequest&, std::size_t call) { return ok(JsonObject{{"n", call}, {"x", "X"}, {"y", "Y"}}); });
  const auto asks_twice = [&](const std::string& block) {
    Caller caller(api.url(), block);
    EXPECT_FALSE(caller.call(JsonObject{{"a", "x"}}).from_cache) << block;
    EXPECT_FALSE(caller.call(JsonObject{{"a", "y"}}).from_cache) << block;
    // Neither the key of the work nor the order of the input asks for something else.
    caller.scope.idempotency_key = "another";
    EXPECT_TRUE(caller.call(JsonObject{{"a", "x"}}).from_cache) << block;
  };
  asks_twice("    params: {a: {to: header, as: Accept-Language}}\n    api: {path: /x, cache: 1m}\n");
  asks_twice("    params: {a: {to: cookie}}\n    api: {path: /x, cache: 1m}\n");
  asks_twice("    params: {a: {to: none}}\n    api: {path: /x, cache: 1m, response: {map: '$lookup($, $input.a)'}}\n");
  asks_twice("    params: {a: {}}\n    api: {method: POST, path: /x, cache: 1m, idempotency: {}}\n");
}

TEST(Executor, forgets_answers_with_the_definition_they_were_kept_under) {
  TestApi api([](const HttpRequest&, std::size_t call) { return ok(JsonObject{{"n", call}}); });
  const Integration before = one_action(api.url(), "    api: {path: /x, cache: 1m, response: {map: '{\"old\": n}'}}\n");
  const Integration after = one_action(api.url(), "    api: {path: /x, cache: 1m, response: {map: '{\"new\": n}'}}\n");
  HttpClient client(open_door());
  Executor executor(client);
  const auto call = [&](const Integration& integration) {
    CallResult out;
    const auto compiled = CompiledCall::compile(integration, *integration.find_action("go")).value_or_throw();
    run_in_fiber([&](Fiber& fiber) { out = executor.call(fiber, *compiled, CallScope(), JsonObject()); });
    return out;
  };
  EXPECT_EQ(call(before).output, parsed(R"({"old":0})"));
  EXPECT_TRUE(call(before).from_cache);
  EXPECT_EQ(call(after).output, parsed(R"({"new":1})"));
}

TEST(Executor, keeps_no_answer_of_a_call_with_files) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::text(200, "bytes", "text/plain"); });
  Caller caller(api.url(), "    api: {path: /x, cache: 1m, response: {kind: file}}\n");
  std::string arrived;
  caller.scope.download.take = [&](Fiber&, std::string_view piece) { arrived += piece; };
  caller.call();
  caller.call();
  EXPECT_EQ(arrived, "bytesbytes");
}

TEST(Executor, cuts_out_what_a_called_path_repeats_of_the_credentials) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    HttpResponse out = HttpResponse::text(418, "sent: " + std::string(request.headers.get("Authorization").value_or("")) + request.target);
    out.headers.set("X-Echo", std::string(request.headers.get("X-Own").value_or("")));
    return out;
  });
  BasicToken token;
  Caller caller(api.url(), "    api: {path: /x}\n");
  caller.scope.credentials = &token;
  run_in_fiber([&](Fiber& fiber) {
    const auto answer = caller.executor().plain_call(fiber, caller.integration(), caller.scope, {"GET", "/y", {}, ""});
    EXPECT_EQ(answer.status, 418);
    EXPECT_THAT(answer.body, HasSubstr("sent: "));
    EXPECT_THAT(answer.body + std::string(answer.headers.get("X-Echo").value_or("")), testing::Not(HasSubstr("canary")));
  });
}

TEST(Executor, says_when_an_answer_is_no_json) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::text(200, "<html>", "application/json"); });
  Caller caller(api.url(), "    api: {path: /x, retry: {attempts: 2, wait: 1ms}}\n");
  EXPECT_THAT(caller.failure().message(), HasSubstr("no JSON"));
  EXPECT_EQ(api.seen().size(), 2u);
}

TEST(Executor, refuses_a_path_that_climbs_or_lacks_a_value) {
  Caller caller("http://127.0.0.1:1", "    params: {id: {}}\n    api: {path: '/x/{id}'}\n");
  EXPECT_THROW(caller.call(), Failure);
  EXPECT_THROW(caller.call(JsonObject{{"id", ".."}}), Failure);
}

}  // namespace
}  // namespace junctor::connector
