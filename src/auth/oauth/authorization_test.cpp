#include "auth/oauth/authorization.h"

#include "auth/test_world.h"

namespace junctor::auth {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::FakeProvider;
using test::World;

class AuthorizationTest : public testing::Test {
 protected:
  AuthorizationTest() { oauth({}); }

  void oauth(const std::function<void(Auth&)>& change, const std::function<void(AuthDefinition&)>& more = {}) {
    world_.definition(
        AuthType::oauth2,
        [&](Auth& auth) {
          auth.oauth2.emplace().grant = Grant::authorization_code;
          auth.oauth2->scopes = {"a", "b"};
          if (change) change(auth);
        },
        more);
  }

  // The parameters of a consent page's URL.
  static std::vector<Parameter> parameters(const std::string& url) { return parse_query(url.substr(url.find('?') + 1)); }
  static std::string get(const std::vector<Parameter>& list, std::string_view name) {
    for (const Parameter& parameter : list)
      if (parameter.name == name) return parameter.value;
    return {};
  }
  Authorization& authorization() { return world_.engine().authorization(); }

  VirtualClock clock_{system_clock().now()};
  World world_{clock_};
};

TEST_F(AuthorizationTest, proves_with_pkce_that_the_code_comes_back_to_who_asked) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const auto page = parameters(authorization().begin(fiber, key, "http://127.0.0.1/oauth/callback", "/hub").url);
    EXPECT_EQ(get(page, "response_type"), "code");
    EXPECT_EQ(get(page, "client_id"), "me");
    EXPECT_EQ(get(page, "scope"), "a b");
    EXPECT_EQ(get(page, "code_challenge_method"), "S256");
    const Authorised done = authorization().complete(fiber, {{"code", "c0de"}, {"state", get(page, "state")}});
    EXPECT_EQ(done.return_to, "/hub");
    EXPECT_EQ(done.connection.status, vault::ConnectionStatus::ready);
    const auto call = world_.provider.calls().at(0);
    EXPECT_EQ(call.get("code"), "c0de");
    EXPECT_EQ(call.get("redirect_uri"), "http://127.0.0.1/oauth/callback");
    EXPECT_EQ(code_challenge(Secret(call.get("code_verifier"))), get(page, "code_challenge"));
    EXPECT_EQ(world_.engine().call(fiber, key.tenant, key.id, world_.provider.url("/x")).status, 200);
  });
}

TEST_F(AuthorizationTest, a_state_works_once_and_not_for_long_and_not_when_invented) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const auto state = [&] { return get(parameters(authorization().begin(fiber, key, "http://r", "").url), "state"); };
    const std::string once = state();
    authorization().complete(fiber, {{"code", "c"}, {"state", once}});
    EXPECT_EQ(error_of([&] { authorization().complete(fiber, {{"code", "c"}, {"state", once}}); }), "denied");
    const std::string late = state();
    clock_.advance(16min);
    EXPECT_EQ(error_of([&] { authorization().complete(fiber, {{"code", "c"}, {"state", late}}); }), "denied");
    EXPECT_EQ(error_of([&] { authorization().complete(fiber, {{"code", "c"}, {"state", "invented"}}); }), "denied");
    EXPECT_EQ(error_of([&] { authorization().complete(fiber, {{"code", "c"}}); }), "denied");
    EXPECT_EQ(world_.provider.calls().size(), 1u);
  });
}

TEST_F(AuthorizationTest, many_callbacks_with_one_state_at_once_exchange_one_code) {
  std::string state;
  run_in_fiber([&](Fiber& fiber) { state = get(parameters(authorization().begin(fiber, world_.connect(fiber), "http://r", "").url), "state"); });
  std::atomic<int> good{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&] {
      run_in_fiber([&](Fiber& fiber) {
        const auto error = error_of([&] { authorization().complete(fiber, {{"code", "c"}, {"state", state}}); });
        good += error == "none";
        refused += error == "denied";
      });
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 1);
  EXPECT_EQ(refused, 15);
  EXPECT_EQ(world_.provider.calls().size(), 1u);
}

TEST_F(AuthorizationTest, a_refusal_is_told_and_ends_the_attempt) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const std::string state = get(parameters(authorization().begin(fiber, key, "http://r", "").url), "state");
    EXPECT_EQ(error_of([&] { authorization().complete(fiber, {{"error", "access_denied"}, {"state", state}}); }), "not_authorised");
    EXPECT_EQ(error_of([&] { authorization().complete(fiber, {{"code", "c"}, {"state", state}}); }), "denied");
    EXPECT_EQ(world_.engine().connections().get(fiber, key.tenant, key.id).status, vault::ConnectionStatus::needs_authorisation);
  });
}

TEST_F(AuthorizationTest, authorising_again_heals_an_ended_grant) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.authorised(fiber);
    const auto good = world_.provider.token;
    world_.provider.token = [](Fiber&, const FakeProvider::Call&) { return FakeProvider::error("invalid_grant"); };
    EXPECT_EQ(error_of([&] { world_.engine().tokens().newer_than(fiber, key, 1); }), "grant_expired");
    world_.provider.token = good;
    const std::string state = get(parameters(authorization().begin(fiber, key, "http://r", "").url), "state");
    EXPECT_EQ(authorization().complete(fiber, {{"code", "c"}, {"state", state}}).connection.status, vault::ConnectionStatus::ready);
    EXPECT_EQ(world_.engine().call(fiber, key.tenant, key.id, world_.provider.url("/x")).status, 200);
  });
}

TEST_F(AuthorizationTest, the_device_flow_waits_slows_down_and_ends) {
  oauth([](Auth& auth) { auth.oauth2->grant = Grant::device_code; },
        [&](AuthDefinition& definition) { definition.endpoints.device_authorization = world_.provider.url("/device"); });
  world_.provider.api = [](Fiber&, HttpRequest& request) {
    EXPECT_EQ(request.path, "/device");
    return HttpResponse::json(200, JsonObject{{"device_code", "dev"}, {"user_code", "ABCD"}, {"verification_uri", "http://v"}, {"interval", 5}, {"expires_in", 600}});
  };
  std::vector<std::string> errors = {"authorization_pending", "slow_down"};
  world_.provider.token = [&](Fiber&, const FakeProvider::Call& call) {
    EXPECT_EQ(call.get("device_code"), "dev");
    if (errors.empty()) return world_.provider.grant();
    const std::string error = errors.front();
    errors.erase(errors.begin());
    return FakeProvider::error(error);
  };
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const DeviceCode code = authorization().begin_device(fiber, key);
    EXPECT_EQ(code.user_code, "ABCD");
    const auto poll = [&] { return authorization().poll_device(fiber, key.tenant, code.handle); };
    EXPECT_EQ(error_of([&] { poll(); }), "overloaded") << "too early";
    clock_.advance(5s);
    EXPECT_FALSE(poll());
    clock_.advance(5s);
    EXPECT_FALSE(poll()) << "slow_down";
    clock_.advance(5s);
    EXPECT_EQ(error_of([&] { poll(); }), "overloaded") << "the interval has grown";
    clock_.advance(5s);
    EXPECT_EQ(poll()->connection.status, vault::ConnectionStatus::ready);
    EXPECT_EQ(error_of([&] { poll(); }), "denied");
  });
}

class OidcTest : public AuthorizationTest {
 protected:
  OidcTest() {
    oauth({}, [&](AuthDefinition& definition) {
      definition.methods.front().type = AuthType::oidc;
      definition.endpoints.issuer = world_.provider.url();
      definition.endpoints.token = "";
      definition.endpoints.authorization = "";
    });
    world_.provider.api = [this](Fiber&, HttpRequest& request) {
      if (request.path == "/jwks") {
        JsonObject jwk = keys_.back().public_jwk();
        jwk["kid"] = std::to_string(keys_.size());
        return HttpResponse::json(200, JsonObject{{"keys", JsonArray{jwk}}});
      }
      return HttpResponse::json(200, JsonObject{{"issuer", world_.provider.url()},
                                                {"authorization_endpoint", world_.provider.url("/authorize")},
                                                {"token_endpoint", world_.provider.url("/token")},
                                                {"jwks_uri", world_.provider.url("/jwks")}});
    };
    world_.provider.token = [this](Fiber&, const FakeProvider::Call&) {
      return HttpResponse::json(200, JsonObject{{"access_token", "x"}, {"id_token", sign_jwt(claims_, keys_.back(), std::to_string(keys_.size()))}});
    };
  }

  std::string attempt(Fiber& fiber, const std::function<void()>& change = {}) {
    const auto key = world_.connect(fiber, {{"client_id", "me"}, {"client_secret", "s"}}, "n" + std::to_string(++number_));
    const auto page = parameters(authorization().begin(fiber, key, "http://r", "").url);
    const std::int64_t seconds = clock_.now().time_since_epoch().count() / 1000;
    claims_ = {{"iss", world_.provider.url()}, {"aud", "me"}, {"sub", "u"}, {"iat", seconds}, {"exp", seconds + 300}, {"nonce", get(page, "nonce")}};
    if (change) change();
    return error_of([&] { authorization().complete(fiber, {{"code", "c"}, {"state", get(page, "state")}}); });
  }

  int number_ = 0;
  JsonObject claims_;
  std::vector<SignKey> keys_ = {test::fresh_key(JwsAlgorithm::es256)};
};

TEST_F(OidcTest, accepts_only_an_id_token_that_answers_its_own_request) {
  run_in_fiber([&](Fiber& fiber) {
    EXPECT_EQ(attempt(fiber), "none");
    EXPECT_EQ(attempt(fiber, [&] { claims_["nonce"] = "other"; }), "not_authorised");
    EXPECT_EQ(attempt(fiber, [&] { claims_.erase("nonce"); }), "not_authorised");
    EXPECT_EQ(attempt(fiber, [&] { claims_["aud"] = "another"; }), "not_authorised");
    EXPECT_EQ(attempt(fiber, [&] { claims_["aud"] = JsonArray{"me", "another"}; }), "not_authorised") << "several audiences need azp";
    EXPECT_EQ(attempt(fiber, [&] { claims_["azp"] = "another"; }), "not_authorised");
    EXPECT_EQ(attempt(fiber, [&] { claims_["iss"] = "https://evil.test"; }), "not_authorised");
    EXPECT_EQ(attempt(fiber, [&] { claims_["exp"] = 1; }), "not_authorised");
  });
}

TEST_F(OidcTest, follows_the_issuers_key_rollover_without_asking_for_keys_all_the_time) {
  run_in_fiber([&](Fiber& fiber) {
    EXPECT_EQ(attempt(fiber), "none");
    const auto before = world_.engine().discovery().fetches();
    keys_.push_back(test::fresh_key(JwsAlgorithm::es256));
    clock_.advance(31s);
    EXPECT_EQ(attempt(fiber), "none");
    EXPECT_EQ(world_.engine().discovery().fetches(), before + 1);
    keys_.push_back(test::fresh_key(JwsAlgorithm::es256));
    EXPECT_EQ(attempt(fiber), "not_authorised") << "within the pause the old keys stay";
    EXPECT_EQ(world_.engine().discovery().fetches(), before + 1);
  });
}

}  // namespace
}  // namespace junctor::auth
