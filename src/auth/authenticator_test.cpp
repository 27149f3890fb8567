#include "auth/authenticator.h"

#include "auth/test_world.h"

namespace junctor::auth {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::World;

HttpRequest with(std::string authorization) {
  HttpRequest request;
  request.headers.add("Authorization", std::move(authorization));
  return request;
}

class AuthenticatorTest : public testing::Test {
 protected:
  std::string bearer(const ApiTokens::Made& made) { return "Bearer " + std::string(made.text.reveal()); }
  std::string outcome(Fiber& fiber, Authenticator& authenticator, const HttpRequest& request) {
    try {
      return authenticator.authenticate(fiber, request).subject;
    } catch (const NotAuthenticated& failure) {
      return failure.reason() == NotAuthenticated::Reason::missing ? "missing" : "invalid";
    } catch (const Failure& failure) {
      return std::string(to_string(failure.kind()));
    }
  }

  VirtualClock clock_{system_clock().now()};
  World world_{clock_};
  ApiTokens tokens_{world_.store(), clock_};
};

TEST_F(AuthenticatorTest, knows_its_tokens_until_they_end) {
  Authenticator authenticator(tokens_, world_.engine().discovery(), clock_, {});
  run_in_fiber([&](Fiber& fiber) {
    const auto made = tokens_.create(fiber, TenantId("acme"), "ci", Scopes::parse("runs:read connections:*"), clock_.now() + 1h);
    EXPECT_TRUE(std::string(made.text.reveal()).starts_with("jct_"));
    const Principal principal = authenticator.authenticate(fiber, with(bearer(made)));
    EXPECT_EQ(principal.tenant, TenantId("acme"));
    EXPECT_NO_THROW(principal.require("runs:read"));
    EXPECT_NO_THROW(principal.require("connections:write"));
    EXPECT_EQ(error_of([&] { principal.require("runs:write"); }), "denied");
    tokens_.flush(fiber);
    EXPECT_EQ(tokens_.list(fiber, TenantId("acme")).at(0).last_used_at, clock_.now());
    EXPECT_TRUE(tokens_.list(fiber, default_tenant()).empty());
    clock_.advance(2h);
    EXPECT_EQ(outcome(fiber, authenticator, with(bearer(made))), "invalid") << "expired";
    const auto other = tokens_.create(fiber, default_tenant(), "x", Scopes::parse("*"), {});
    EXPECT_EQ(outcome(fiber, authenticator, with(bearer(other))), "token/" + other.token.id.to_string());
    EXPECT_EQ(error_of([&] { tokens_.revoke(fiber, TenantId("acme"), other.token.id); }), "not_found") << "another tenant's";
    tokens_.revoke(fiber, default_tenant(), other.token.id);
    EXPECT_EQ(outcome(fiber, authenticator, with(bearer(other))), "invalid") << "revoked";
  });
}

TEST_F(AuthenticatorTest, keeps_no_token_that_could_be_read) {
  run_in_fiber([&](Fiber& fiber) {
    const auto made = tokens_.create(fiber, default_tenant(), "ci", Scopes::parse("*"), {});
    const std::string bytes = world_.vault().dump();
    EXPECT_EQ(bytes.find(made.text.reveal().substr(8)), std::string::npos);
  });
}

TEST(Scopes, grant_by_name_by_group_and_everything) {
  const Scopes some = Scopes::parse("runs:read connections:*");
  EXPECT_TRUE(some.allow("runs:read"));
  EXPECT_TRUE(some.allow("connections:write"));
  EXPECT_FALSE(some.allow("runs:write"));
  EXPECT_FALSE(some.allow("connections:read,*")) << "two words are no scope";
  EXPECT_FALSE(some.allow("connections:read+write"));
  EXPECT_TRUE(Scopes::parse("*").allow("read+write")) << "what an action declares is its own";
}

TEST_F(AuthenticatorTest, refuses_every_other_form) {
  Authenticator authenticator(tokens_, world_.engine().discovery(), clock_, {});
  run_in_fiber([&](Fiber& fiber) {
    EXPECT_EQ(outcome(fiber, authenticator, HttpRequest()), "missing");
    for (const char* value : {"", "Bearer", "Bearer ", "Basic eDp5", "Bearer jct_", "Bearer jct_0000000000000000000000000000000000000000000",
                              "Bearer eyJhbGciOiJub25lIn0.e30.", "jct_x"})
      EXPECT_EQ(outcome(fiber, authenticator, with(value)), "invalid") << value;
    HttpRequest twice = with("Bearer a");
    twice.headers.add("Authorization", "Bearer b");
    EXPECT_EQ(outcome(fiber, authenticator, twice), "invalid");
    HttpRequest query;
    query.query = {{"access_token", "jct_x"}};
    EXPECT_EQ(outcome(fiber, authenticator, query), "missing");
  });
}

TEST_F(AuthenticatorTest, trusts_jwts_of_its_issuer_only) {
  std::vector<SignKey> keys;
  keys.push_back(test::fresh_key(JwsAlgorithm::rs256));
  std::atomic<int> fetches{0};
  world_.provider.api = [&](Fiber&, HttpRequest&) {
    ++fetches;
    JsonObject jwk = keys.back().public_jwk();
    jwk["kid"] = "k" + std::to_string(keys.size());
    return HttpResponse::json(200, JsonObject{{"keys", JsonArray{jwk}}});
  };
  JwtTrust trust;
  trust.policy = {.issuer = "https://id.example", .audiences = {"junctor"}};
  trust.jwks_url = world_.provider.url("/jwks");
  trust.tenant_claim = "org";
  Authenticator authenticator(tokens_, world_.engine().discovery(), clock_, {.jwt = trust});
  run_in_fiber([&](Fiber& fiber) {
    const auto token = [&](const std::function<void(JsonObject&)>& change = {}) {
      const std::int64_t seconds = clock_.now().time_since_epoch().count() / 1000;
      JsonObject claims{{"iss", "https://id.example"}, {"aud", "junctor"}, {"sub", "ann"}, {"exp", seconds + 300}, {"org", "acme"}, {"scope", "runs:read ?? admin*"}};
      if (change) change(claims);
      return "Bearer " + sign_jwt(claims, keys.back(), "k" + std::to_string(keys.size()));
    };
    JsonObject live;
    const Principal principal = authenticator.authenticate(fiber, with(token([&](const JsonObject& claims) { live = claims; })));
    EXPECT_EQ(principal.tenant, TenantId("acme"));
    EXPECT_EQ(principal.scopes, Scopes::parse("runs:read"));
    EXPECT_EQ(outcome(fiber, authenticator, with(token([](JsonObject& claims) { claims["iss"] = "https://evil.test"; }))), "invalid");
    EXPECT_EQ(outcome(fiber, authenticator, with(token([](JsonObject& claims) { claims.erase("org"); }))), "invalid");
    EXPECT_EQ(fetches, 1);
    keys.push_back(test::fresh_key(JwsAlgorithm::eddsa));
    EXPECT_EQ(outcome(fiber, authenticator, with(token())), "ann") << "the first rollover waits for nothing";
    EXPECT_EQ(fetches, 2);
    keys.push_back(test::fresh_key(JwsAlgorithm::eddsa));
    EXPECT_EQ(outcome(fiber, authenticator, with(token())), "invalid") << "within the pause";
    clock_.advance(31s);
    EXPECT_EQ(outcome(fiber, authenticator, with(token())), "ann") << "after the rollover";
    EXPECT_EQ(outcome(fiber, authenticator, with("Bearer " + sign_jwt(live, keys.front(), "k1"))), "invalid")
        << "of a key that the issuer has withdrawn";
    for (int i = 0; i < 50; ++i) outcome(fiber, authenticator, with("Bearer " + sign_jwt({{"a", i}}, keys.back(), "x" + std::to_string(i))));
    EXPECT_EQ(fetches, 3) << "invented key ids are no load on the issuer";
  });
}

TEST_F(AuthenticatorTest, without_authentication_other_web_pages_are_refused) {
  run_in_fiber([&](Fiber& fiber) {
    Authenticator authenticator(tokens_, world_.engine().discovery(), clock_,
                                {.jwt = {}, .access = Access::development_without_authentication});
    const auto from = [&](const char* host, const char* origin) {
      HttpRequest request;
      if (host != nullptr) request.headers.set("Host", host);
      if (origin != nullptr) request.headers.set("Origin", origin);
      return outcome(fiber, authenticator, request);
    };
    EXPECT_EQ(from(nullptr, nullptr), "development");
    EXPECT_EQ(from("127.0.0.1:8400", nullptr), "development");
    EXPECT_EQ(from("[::1]:8400", "http://[::1]:8400"), "development");
    EXPECT_EQ(from("LOCALHOST:8400", "http://localhost:8400"), "development");
    EXPECT_EQ(from("127.0.0.1:8400", "https://shop.example"), "denied");
    EXPECT_EQ(from("127.0.0.1:8400", "null"), "denied") << "a page in a sandbox";
    EXPECT_EQ(from("127.0.0.1:8400", "http://127.0.0.1:9000"), "denied") << "another server on this machine";
    EXPECT_EQ(from("rebound.example:8400", "http://rebound.example:8400"), "denied") << "a name that was made to point here";
    EXPECT_EQ(from("rebound.example", nullptr), "denied");
  });
}

TEST(Access, without_authentication_only_on_loopback) {
  const auto listen = [](const char* address) {
    return error_of([&] { require_loopback_without_authentication(Access::development_without_authentication, address); });
  };
  EXPECT_EQ(listen("127.0.0.1"), "none");
  EXPECT_EQ(listen("::1"), "none");
  EXPECT_EQ(listen("localhost"), "none");
  for (const char* address : {"0.0.0.0", "::", "192.168.1.2", "example.com", "", "localhost.example.com"}) EXPECT_EQ(listen(address), "denied") << address;
  EXPECT_NO_THROW(require_loopback_without_authentication(Access::authenticated, "0.0.0.0"));
}

}  // namespace
}  // namespace junctor::auth
