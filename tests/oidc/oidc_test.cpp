// The auth room against a provider that others wrote.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "auth/test_world.h"
#include "provider_process.h"
#include "support/test_store.h"

namespace junctor::auth {
namespace {

using namespace std::chrono_literals;
using test::error_of;

constexpr const char* callback = "http://127.0.0.1/oauth/callback";

class OidcProviderTest : public testing::Test {
 protected:
  void SetUp() override { begin(2); }

  void begin(int token_seconds) {
    const std::string why_not = junctor::test::ProviderProcess::why_not();
    if (!why_not.empty()) GTEST_SKIP() << why_not;
    provider_ = junctor::test::ProviderProcess::start(token_seconds);
    ASSERT_TRUE(provider_) << "oidc-provider did not start";
  }

  std::shared_ptr<AuthDefinition> definition(AuthType type, const std::string& issuer,
                                             Grant grant) {
    auto out = std::make_shared<AuthDefinition>();
    out->methods.emplace_back().type = type;
    OAuth2Auth& oauth = out->methods.back().oauth2.emplace();
    oauth.grant = grant;
    out->endpoints.issuer = issuer;
    out->endpoints.base_url = issuer;
    if (grant == Grant::authorization_code) {
      oauth.scopes = {"openid", "offline_access"};
      oauth.authorize_params = Json(JsonObject{{"prompt", "consent"}});
      oauth.refresh_before = 0ms;
    }
    return out;
  }

  // A connection that ann has consented to.
  ConnectionKey consented(Fiber& fiber, test::Engine& engine, const std::string& name = "default") {
    const auto made = engine.connections().create(
        fiber, default_tenant(),
        {"demo", name, "", {{"client_id", "web"}, {"client_secret", "web-secret-7f31"}}});
    const ConnectionKey key{default_tenant(), made.id};
    consent(fiber, engine, key);
    return key;
  }

  void consent(Fiber& fiber, test::Engine& engine, const ConnectionKey& key) {
    Authorization& authorization = engine.authorization();
    const ConsentPage page = authorization.begin(fiber, authorization.invite(fiber, key, callback, "").text);
    const std::string back = junctor::test::browse(fiber, engine.client(), page.url, callback);
    EXPECT_TRUE(back.starts_with(callback)) << back;
    const auto answer = parse_query(back.substr(back.find('?') + 1));
    EXPECT_TRUE(std::any_of(answer.begin(), answer.end(), [](const Parameter& one) { return one.name == "iss"; }));
    authorization.complete(fiber, answer, page.proof.reveal());
  }

  JsonObject stats(Fiber& fiber, HttpClient& client) {
    ClientRequest request;
    request.url = provider_->plain() + "/_test/stats";
    return boost::json::parse(client.send(fiber, request).body).as_object();
  }
  void revoke_everything(Fiber& fiber, HttpClient& client) {
    ClientRequest request;
    request.url = provider_->plain() + "/_test/revoke";
    EXPECT_EQ(client.send(fiber, request).status, 204);
  }

  std::unique_ptr<junctor::test::ProviderProcess> provider_;
};

TEST_F(OidcProviderTest, code_with_pkce_refresh_with_rotation_and_a_revoked_grant) {
  test::World world;
  world.catalogue.definition =
      definition(AuthType::oidc, provider_->plain(), Grant::authorization_code);
  run_in_fiber([&](Fiber& fiber) {
    test::Engine& engine = world.engine();
    const ConnectionKey key = consented(fiber, engine);
    const std::string me = provider_->plain() + "/me";
    EXPECT_NE(engine.call(fiber, key.tenant, key.id, me).body.find("ann"), std::string::npos);
    for (int round = 1; round <= 3; ++round) {
      fiber.sleep_for(2200ms);
      EXPECT_EQ(engine.call(fiber, key.tenant, key.id, me).status, 200);
      EXPECT_EQ(stats(fiber, engine.client()).at("refresh_token"), round)
          << "the rotated refresh token was the one used";
    }
    revoke_everything(fiber, engine.client());
    EXPECT_EQ(error_of([&] { engine.call(fiber, key.tenant, key.id, me); }), "grant_expired");
    EXPECT_EQ(engine.connections().get(fiber, key.tenant, key.id).status,
              vault::ConnectionStatus::grant_expired);
    consent(fiber, engine, key);
    EXPECT_EQ(engine.call(fiber, key.tenant, key.id, me).status, 200) << "authorised again";
  });
}

TEST_F(OidcProviderTest, revoking_a_connection_ends_its_grant_at_the_provider) {
  test::World world;
  world.catalogue.definition =
      definition(AuthType::oidc, provider_->plain(), Grant::authorization_code);
  run_in_fiber([&](Fiber& fiber) {
    test::Engine& engine = world.engine();
    const ConnectionKey key = consented(fiber, engine);
    ClientRequest request;
    request.url = provider_->plain() + "/me";
    request.header("Authorization", "Bearer " + std::string(engine.tokens().current(fiber, key).access->reveal()));
    EXPECT_EQ(engine.client().send(fiber, request).status, 200);
    engine.authorization().revoke(fiber, key);
    EXPECT_EQ(engine.client().send(fiber, request).status, 401) << "whoever kept the token";
    EXPECT_EQ(error_of([&] { engine.call(fiber, key.tenant, key.id, request.url); }), "not_authorised");
  });
}

TEST_F(OidcProviderTest, client_credentials_as_basic_and_in_the_body) {
  test::World world;
  run_in_fiber([&](Fiber& fiber) {
    auto plain = definition(AuthType::oauth2, provider_->plain(), Grant::client_credentials);
    world.catalogue.definition = plain;
    const auto robot = world.connect(
        fiber, {{"client_id", "robot"}, {"client_secret", "robot-secret-a9"}}, "basic");
    const std::string resource = provider_->plain() + "/_test/resource";
    EXPECT_EQ(world.engine().call(fiber, robot.tenant, robot.id, resource).status, 200);
    const auto wrong =
        world.connect(fiber, {{"client_id", "robot"}, {"client_secret", "wrong"}}, "wrong");
    EXPECT_EQ(error_of([&] { world.engine().call(fiber, wrong.tenant, wrong.id, resource); }),
              "provider_error");
    auto in_body = definition(AuthType::oauth2, provider_->plain(), Grant::client_credentials);
    in_body->methods[0].oauth2->client_auth = ClientAuth::body;
    world.catalogue.definition = in_body;
    const auto post = world.connect(
        fiber, {{"client_id", "robot-post"}, {"client_secret", "post secret:&="}}, "post");
    EXPECT_EQ(world.engine().call(fiber, post.tenant, post.id, resource).status, 200);
  });
}

TEST_F(OidcProviderTest, clients_that_sign_assertions_with_their_key_or_their_secret) {
  test::World world;
  run_in_fiber([&](Fiber& fiber) {
    const std::string resource = provider_->plain() + "/_test/resource";
    const auto call = [&](const ConnectionKey& key) {
      return world.engine().call(fiber, key.tenant, key.id, resource).status;
    };
    auto signing = definition(AuthType::oauth2, provider_->plain(), Grant::client_credentials);
    OAuth2Auth& oauth = *signing->methods[0].oauth2;
    oauth.client_auth = ClientAuth::private_key_jwt;
    oauth.private_key = "=vars.password";
    oauth.key_id = "signer-1";
    oauth.algorithm = "ES256";
    world.catalogue.definition = signing;
    EXPECT_EQ(call(world.connect(
                  fiber, {{"client_id", "signer"}, {"password", provider_->file("signer.key")}},
                  "signer")),
              200);
    const auto stranger = world.connect(
        fiber, {{"client_id", "signer"}, {"password", provider_->file("client.key")}}, "stranger");
    EXPECT_NE(error_of([&] { call(stranger); }), "none");

    auto sharing = definition(AuthType::oauth2, provider_->plain(), Grant::client_credentials);
    sharing->methods[0].oauth2->client_auth = ClientAuth::client_secret_jwt;
    world.catalogue.definition = sharing;
    EXPECT_EQ(call(world.connect(
                  fiber,
                  {{"client_id", "sharer"},
                   {"client_secret", "a secret of thirty-two characters and more"}},
                  "sharer")),
              200);
    const auto wrong = world.connect(
        fiber, {{"client_id", "sharer"}, {"client_secret", "another secret of thirty-two chars"}},
        "wrong");
    EXPECT_EQ(error_of([&] { call(wrong); }), "provider_error");
  });
}

TEST_F(OidcProviderTest, tokens_bound_to_a_certificate_are_good_only_with_it) {
  test::World world;
  HttpClientOptions options = test::loopback_client();
  options.certificate_authorities = provider_->file("ca.pem");
  test::Engine engine(world.store(), world.vault().key_path(), world.catalogue, system_clock(),
                      options);
  auto bound = definition(AuthType::oauth2, provider_->secure(), Grant::client_credentials);
  bound->methods[0].oauth2->client_auth = ClientAuth::mtls;
  bound->methods[0].mtls.emplace();
  world.catalogue.definition = bound;
  run_in_fiber([&](Fiber& fiber) {
    const auto connect = [&](const char* name) {
      const std::string file(name);
      return engine.connections()
          .create(fiber, default_tenant(),
                  {"demo",
                   file,
                   "",
                   {{"client_id", "bound"},
                    {"certificate", provider_->file(file + ".pem")},
                    {"private_key", provider_->file(file + ".key")}}})
          .id;
    };
    const ConnectionId good = connect("client"), other = connect("other");
    const std::string resource = provider_->secure() + "/_test/resource";
    const ClientResponse answer = engine.call(fiber, default_tenant(), good, resource);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"({"bound":true})");
    EXPECT_EQ(error_of([&] { engine.call(fiber, default_tenant(), other, resource); }),
              "provider_error")
        << "another certificate is another client";
    ClientRequest stolen;
    stolen.url = resource;
    const auto token = engine.tokens().current(fiber, {default_tenant(), good});
    stolen.header("Authorization", "Bearer " + std::string(token.access->reveal()));
    EXPECT_EQ(engine.client().send(fiber, stolen).status, 401)
        << "the token without its certificate";
  });
}

TEST_F(OidcProviderTest, clocks_that_differ_are_tolerated_within_the_skew) {
  const auto outcome = [&](std::chrono::seconds offset) {
    VirtualClock clock(system_clock().now() + offset);
    test::World world(clock);
    world.catalogue.definition =
        definition(AuthType::oidc, provider_->plain(), Grant::authorization_code);
    std::string out;
    run_in_fiber([&](Fiber& fiber) {
      out = error_of([&] {
        const ConnectionKey key = consented(fiber, world.engine());
        clock.advance(3s);
        EXPECT_EQ(world.engine().call(fiber, key.tenant, key.id, provider_->plain() + "/me").status,
                  200);
      });
    });
    return out;
  };
  EXPECT_EQ(outcome(-50s), "none");
  EXPECT_EQ(outcome(50s), "none");
  EXPECT_EQ(outcome(-300s), "not_authorised") << "an id_token from the future";
  EXPECT_EQ(outcome(900s), "not_authorised") << "an id_token that has expired";
}

TEST_F(OidcProviderTest, sixty_four_threads_and_two_engines_need_a_refresh_at_once_and_cause_one) {
  for (const auto backend : {junctor::test::Backend::sqlite, junctor::test::Backend::postgres}) {
    if (backend == junctor::test::Backend::postgres &&
        junctor::test::shared_postgres() == nullptr) {
      std::printf("skipped: PostgreSQL cannot run here\n");
      continue;
    }
    const MigrationSet sets[] = {vault::Vault::migrations(), migrations()};
    junctor::test::TestStore store(backend, sets);
    std::string pattern = testing::TempDir() + "junctor-keys-XXXXXX";
    const std::string folder = mkdtemp(pattern.data());
    test::TestCatalogue catalogue;
    catalogue.definition =
        definition(AuthType::oidc, provider_->plain(), Grant::authorization_code);
    const auto second_store = Store::open(store.options());
    test::Engine first(*store, folder + "/root.key", catalogue, system_clock());
    test::Engine second(*second_store, folder + "/root.key", catalogue, system_clock());
    ConnectionKey key;
    std::int64_t before = 0;
    run_in_fiber([&](Fiber& fiber) {
      key = consented(fiber, first);
      before = stats(fiber, first.client()).at("refresh_token").as_int64();
    });
    std::this_thread::sleep_for(2200ms);
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 64; ++i)
      threads.emplace_back([&, i] {
        run_in_fiber([&](Fiber& fiber) {
          good += (i % 2 == 0 ? first : second).tokens().current(fiber, key).generation == 2;
        });
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(good, 64) << junctor::test::to_string(backend);
    run_in_fiber([&](Fiber& fiber) {
      EXPECT_EQ(stats(fiber, first.client()).at("refresh_token").as_int64() - before, 1)
          << junctor::test::to_string(backend);
    });
  }
}

}  // namespace
}  // namespace junctor::auth
