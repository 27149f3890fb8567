#include "engine/late_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/call_trace.h"
#include "engine/run_calls.h"
#include "engine/test_engine.h"
#include "json/parse.h"

namespace junctor {
namespace {

using connector::TestApi;
using testing::HasSubstr;
using testing::Not;

constexpr const char* client_secret = "canary-client-secret";

// A provider whose tokens are access-canary-N and refresh-canary-N, and its API in one.
class TokenCalls : public testing::Test {
 protected:
  TokenCalls() { engine_.tokens.keep_late_exchanges(late_calls_); }
  ~TokenCalls() override { engine_.tokens.stop(); }

  HttpResponse answer(const HttpRequest& request) {
    if (request.path == "/me") return HttpResponse::json(200, JsonObject{{"name", "ann"}});
    if (refuses_) return HttpResponse::json(401, JsonObject{{"error", "invalid_client"}, {"error_description", "canary-client-secret is wrong"}});
    const std::string number = std::to_string(++tokens_);
    return HttpResponse::json(200, JsonObject{{"access_token", "access-canary-" + number},
                                              {"refresh_token", "refresh-canary-" + number},
                                              {"token_type", "Bearer"},
                                              {"scope", "read access-canary-" + number},
                                              {"expires_in", 3600}});
  }
  static std::string definition(const std::string& url, const std::string& oauth) {
    return "slug: mail\nendpoints: {base_url: \"" + url + "\", authorization: \"" + url + "/authorize\", token: \"" + url +
           "/token?key=canary-query\"}\nauth: {type: oauth2, oauth2: " + oauth +
           "}\nvars: {client_id: {}, client_secret: {type: password}}\nactions: {me: {api: {path: /me}}}\n";
  }
  CallScope scope_of(RunId run) const {
    CallScope scope;
    scope.tenant = default_tenant();
    scope.run = run;
    return scope;
  }
  void store_run(RunId run, const CallTrace& trace) {
    engine_.store->write_blocking([&](Transaction& tx) {
      RunStart start;
      start.tenant = default_tenant();
      start.id = run;
      RunEnd end;
      runs::record(tx, start, end);
      store_trace(tx, default_tenant(), run, trace);
    });
  }
  std::vector<RunCall> calls_of(RunId run) {
    return engine_.store->read_blocking([&](Snapshot& view) {
      return runs::calls(view, default_tenant(), run, runs::CallDetails::with).calls;
    });
  }
  static void expect_no_secret(const RunCall& call) {
    EXPECT_THAT(call.url + call.failure + call.detail, Not(HasSubstr("canary"))) << call.detail;
  }

  std::atomic<int> tokens_{0};
  std::atomic<bool> refuses_{false};
  TestApi api_{[this](const HttpRequest& request, std::size_t) { return answer(request); }};
  VirtualClock clock_{system_clock().now()};
  TestEngine engine_{{definition(api_.url(), "{grant: client_credentials, scopes: [read]}")}, clock_};
  LateCalls late_calls_{*engine_.store};
};

TEST_F(TokenCalls, stand_before_the_call_that_needed_the_token_and_hold_nothing_secret) {
  run_in_fiber([&](Fiber& fiber) {
    engine_.connect(fiber, "mail", {{"client_id", "me"}, {"client_secret", client_secret}});
    const RunId run = RunId::generate();
    CallTrace trace;
    engine_.actions.call(fiber, scope_of(run), "mail", "me", JsonObject(), trace);
    store_run(run, trace);
    const auto calls = calls_of(run);
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].method, "POST");
    EXPECT_EQ(calls[0].url, api_.url() + "/token");
    EXPECT_EQ(calls[0].status, 200);
    EXPECT_EQ(calls[1].url, api_.url() + "/me");
    for (const RunCall& call : calls) expect_no_secret(call);
    const Json detail = json::parse(calls[0].detail).value();
    const auto body = [&](const char* side) {
      return json::parse(std::string_view(detail.at(side).at("body").as_string())).value();
    };
    EXPECT_EQ(body("request"), (Json(JsonObject{{"grant_type", "client_credentials"}, {"scope", "read"}})));
    EXPECT_EQ(body("response"), (Json(JsonObject{{"access_token", "[redacted]"},
                                                 {"refresh_token", "[redacted]"},
                                                 {"token_type", "Bearer"},
                                                 {"scope", "read [secret]"},
                                                 {"expires_in", 3600}})));
    EXPECT_EQ(detail.at("integration"), Json("mail"));
    EXPECT_THAT(calls[0].detail, HasSubstr(R"(["Authorization","[redacted]"])"));

    CallTrace second;
    engine_.actions.call(fiber, scope_of(RunId::generate()), "mail", "me", JsonObject(), second);
    EXPECT_EQ(second.calls.size(), 1u) << "the token is still good";
  });
}

TEST_F(TokenCalls, say_what_the_provider_refused) {
  refuses_ = true;
  run_in_fiber([&](Fiber& fiber) {
    engine_.connect(fiber, "mail", {{"client_id", "me"}, {"client_secret", client_secret}});
    const RunId run = RunId::generate();
    CallTrace trace;
    EXPECT_THROW(engine_.actions.call(fiber, scope_of(run), "mail", "me", JsonObject(), trace), vault::ConnectionFailure);
    store_run(run, trace);
    const auto calls = calls_of(run);
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0].status, 401);
    EXPECT_THAT(calls[0].failure, HasSubstr("refused"));
    EXPECT_THAT(calls[0].detail, HasSubstr("invalid_client"));
    expect_no_secret(calls[0]);
  });
}

TEST_F(TokenCalls, of_a_refresh_ahead_of_expiry_come_to_their_run_when_it_is_there) {
  run_in_fiber([&](Fiber& fiber) {
    engine_.connect(fiber, "mail", {{"client_id", "me"}, {"client_secret", client_secret}});
    CallTrace first;
    engine_.actions.call(fiber, scope_of(RunId::generate()), "mail", "me", JsonObject(), first);
    clock_.advance(std::chrono::seconds(3'570));
    const RunId run = RunId::generate();
    CallTrace trace;
    engine_.actions.call(fiber, scope_of(run), "mail", "me", JsonObject(), trace);
    for (int i = 0; i < 200 && tokens_ < 2; ++i) fiber.sleep_for(std::chrono::milliseconds(5));
    store_run(run, trace);
    for (int i = 0; i < 400 && calls_of(run).size() < 2; ++i) fiber.sleep_for(std::chrono::milliseconds(10));
    const auto calls = calls_of(run);
    ASSERT_EQ(calls.size(), 2u);
    int asked = 0;
    for (const RunCall& call : calls) {
      expect_no_secret(call);
      asked += call.url == api_.url() + "/token";
    }
    EXPECT_EQ(asked, 1);
  });
}

}  // namespace
}  // namespace junctor
