#include "auth/oauth/discovery.h"

#include "auth/authenticator.h"
#include "auth/test_world.h"

namespace junctor::auth {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::World;

class DiscoveryTest : public testing::Test {
 protected:
  DiscoveryTest() {
    world_.provider.api = [this](Fiber& fiber, HttpRequest&) {
      fiber.sleep_for(delay_);
      return answer_();
    };
  }

  static HttpResponse page() { return HttpResponse::text(200, "<html>back soon</html>"); }
  HttpResponse key_set() const {
    JsonObject jwk = key_.public_jwk();
    jwk["kid"] = "k1";
    return HttpResponse::json(200, JsonObject{{"keys", JsonArray{jwk}}});
  }
  HttpResponse metadata(const std::string& issuer) const {
    return HttpResponse::json(200, JsonObject{{"issuer", issuer}, {"token_endpoint", issuer + "/t"}});
  }
  Discovery& discovery() { return world_.engine().discovery(); }
  std::size_t key_count(Fiber& fiber, Discovery::Keys wish = Discovery::Keys::cached) {
    return discovery().keys(fiber, world_.provider.url("/jwks"), wish)->keys().size();
  }

  VirtualClock clock_{system_clock().now()};
  World world_{clock_};
  SignKey key_ = test::fresh_key(JwsAlgorithm::es256);
  std::chrono::milliseconds delay_{0};
  std::function<HttpResponse()> answer_ = [this] { return key_set(); };
};

TEST_F(DiscoveryTest, a_page_that_is_no_key_set_does_not_replace_good_keys) {
  run_in_fiber([&](Fiber& fiber) {
    EXPECT_EQ(key_count(fiber), 1u);
    answer_ = page;
    EXPECT_EQ(key_count(fiber, Discovery::Keys::fetch_again), 1u);
    clock_.advance(11min);
    EXPECT_EQ(key_count(fiber), 1u) << "stale, and better than none";
    EXPECT_EQ(key_count(fiber), 1u);
    EXPECT_EQ(discovery().fetches(), 3u) << "a failed fetch has its pause";
    clock_.advance(31s);
    answer_ = [this] { return key_set(); };
    EXPECT_EQ(key_count(fiber), 1u);
    EXPECT_EQ(discovery().fetches(), 4u);
  });
}

TEST_F(DiscoveryTest, metadata_of_another_issuer_does_not_replace_good_metadata) {
  const std::string issuer = world_.provider.url();
  answer_ = [&] { return metadata(issuer); };
  run_in_fiber([&](Fiber& fiber) {
    EXPECT_EQ(discovery().metadata(fiber, issuer).token, issuer + "/t");
    clock_.advance(11min);
    answer_ = [&] { return metadata("https://evil.test"); };
    EXPECT_EQ(discovery().metadata(fiber, issuer).token, issuer + "/t");
    clock_.advance(11min);
    answer_ = page;
    EXPECT_EQ(discovery().metadata(fiber, issuer).token, issuer + "/t");
    clock_.advance(11min);
    answer_ = [&] { return HttpResponse::json(200, JsonObject{{"issuer", issuer}}); };
    EXPECT_EQ(discovery().metadata(fiber, issuer).token, issuer + "/t") << "it names no endpoint";
    clock_.advance(25h);
    EXPECT_EQ(error_of([&] { discovery().metadata(fiber, issuer); }), "unavailable") << "too old";
  });
}

TEST_F(DiscoveryTest, an_issuer_spelt_with_and_without_a_slash_are_told_apart) {
  const std::string without = world_.provider.url(), with = without + "/";
  for (const std::string& named : {without, with}) {
    const std::string& other = named == with ? without : with;
    answer_ = [&] { return metadata(named); };
    clock_.advance(11min);
    run_in_fiber([&](Fiber& fiber) {
      const auto before = discovery().fetches();
      for (int i = 0; i < 2; ++i) {
        try {
          discovery().metadata(fiber, other);
          ADD_FAILURE() << other << " is not what the document names";
        } catch (const Failure& failure) {
          EXPECT_EQ(failure.kind(), FailureKind::invalid);
          EXPECT_FALSE(failure.retry_after()) << "asking again does not mend it";
          EXPECT_NE(failure.message().find("names the issuer " + named + ";"), std::string::npos)
              << failure.message();
        }
        EXPECT_EQ(discovery().metadata(fiber, named).issuer, named);
      }
      EXPECT_EQ(discovery().fetches(), before + 1) << "one document serves both";
    });
  }
}

TEST_F(DiscoveryTest, a_failure_is_not_asked_for_again_at_once_although_there_is_no_document) {
  answer_ = [] { return HttpResponse::text(503, "down"); };
  run_in_fiber([&](Fiber& fiber) {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(error_of([&] { key_count(fiber); }), "unavailable");
    EXPECT_EQ(discovery().fetches(), 1u);
    try {
      key_count(fiber);
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.retry_after(), 5s);
      EXPECT_NE(failure.message().find("answered 503"), std::string::npos) << failure.message();
    }
    clock_.advance(5s);
    answer_ = [this] { return key_set(); };
    EXPECT_EQ(key_count(fiber), 1u);
  });
}

TEST_F(DiscoveryTest, all_who_wait_share_one_fetch_and_its_error) {
  delay_ = 100ms;
  answer_ = page;
  run_in_fiber([&](Fiber& fiber) {
    Scope scope(fiber.loop(), "callers");
    int failed = 0, gave_up = 0;
    scope.spawn([&](Fiber& own) {
      const DeadlineScope limit(own, 20ms);
      gave_up += error_of([&] { key_count(own); }) == "timeout";
    });
    for (int i = 0; i < 12; ++i)
      scope.spawn([&](Fiber& own) { failed += error_of([&] { key_count(own); }) == "unavailable"; });
    scope.join(fiber);
    EXPECT_EQ(gave_up, 1) << "and takes nobody along";
    EXPECT_EQ(failed, 12);
    EXPECT_EQ(discovery().fetches(), 1u);
  });
}

TEST_F(DiscoveryTest, a_token_that_no_key_could_make_good_causes_no_fetch) {
  ApiTokens tokens(world_.store(), clock_);
  JwtTrust trust;
  trust.policy = {.issuer = "https://id.example", .audiences = {"junctor"}};
  trust.jwks_url = world_.provider.url("/jwks");
  Authenticator authenticator(tokens, discovery(), clock_, {.jwt = trust});
  const auto header = [](const char* text) { return crypto::to_base64url(text); };
  run_in_fiber([&](Fiber& fiber) {
    const auto outcome = [&](const std::string& token) {
      HttpRequest request;
      request.headers.add("Authorization", "Bearer " + token);
      try {
        authenticator.authenticate(fiber, request);
      } catch (const NotAuthenticated&) {
        return "refused";
      }
      return "accepted";
    };
    EXPECT_STREQ(outcome(header(R"({"alg":"none"})") + "." + header("{}") + "."), "refused");
    EXPECT_STREQ(outcome(header(R"({"alg":"HS256"})") + "." + header("{}") + ".AAAA"), "refused");
    EXPECT_STREQ(outcome(header(R"({"alg":"ES256","crit":["x"]})") + "." + header("{}") + ".AAAA"), "refused");
    EXPECT_STREQ(outcome(header(R"({"alg":)") + ".e30.AAAA"), "refused");
    EXPECT_EQ(discovery().fetches(), 0u);
    EXPECT_STREQ(outcome(header(R"({"alg":"ES256"})") + "." + header("{}") + ".AAAA"), "refused");
    EXPECT_EQ(discovery().fetches(), 1u);
  });
}

}  // namespace
}  // namespace junctor::auth
