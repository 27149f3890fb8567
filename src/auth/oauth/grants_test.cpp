#include "auth/oauth/token_service.h"
#include <boost/json/parse.hpp>

#include "auth/test_world.h"

namespace junctor::auth {
namespace {

using test::World;

std::string text(const LiveToken& token) { return std::string(token.access->reveal()); }

TEST(JwtBearer, sends_a_signed_assertion_with_the_declared_claims) {
  World world;
  const Secret pem = test::fresh_pem(JwsAlgorithm::rs256);
  world.definition(AuthType::oauth2, [](Auth& auth) {
    OAuth2Auth& oauth = auth.oauth2.emplace();
    oauth.grant = Grant::jwt_bearer;
    oauth.client_auth = ClientAuth::none;
    oauth.private_key = "=vars.password";
    oauth.key_id = "k1";
    oauth.claims = Json(JsonObject{{"scope", "mail.read"}, {"sub", "ann@example.com"}});
  });
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.connect(
        fiber, {{"client_id", "robot@example.com"}, {"password", std::string(pem.reveal())}});
    EXPECT_EQ(text(world.engine().tokens().current(fiber, key)), "access-1");
    const auto call = world.provider.calls().at(0);
    EXPECT_EQ(call.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    EXPECT_EQ(call.authorization, "");
    JsonObject jwk = SignKey::from_pem(pem).value().public_jwk();
    jwk["kid"] = "k1";
    const auto keys = Jwks::parse(
        boost::json::serialize(JsonObject{{"keys", JsonArray{Json(std::move(jwk))}}}));
    const JwtVerdict verdict =
        verify_jwt(call.get("assertion"), keys.value(),
                   {.issuer = "robot@example.com", .audiences = {world.provider.url("/token")}},
                   system_clock().now());
    ASSERT_TRUE(std::holds_alternative<VerifiedJwt>(verdict));
    const JsonObject& claims = std::get<VerifiedJwt>(verdict).claims;
    EXPECT_EQ(claims.at("sub"), Json("ann@example.com"));
    EXPECT_EQ(claims.at("scope"), Json("mail.read"));
  });
}

TEST(JwtBearer, sends_the_clients_own_assertion_beside_the_grants) {
  World world;
  const Secret pem = test::fresh_pem(JwsAlgorithm::rs256);
  for (const ClientAuth how : {ClientAuth::private_key_jwt, ClientAuth::client_secret_jwt}) {
    world.definition(AuthType::oauth2, [&](Auth& auth) {
      OAuth2Auth& oauth = auth.oauth2.emplace();
      oauth.grant = Grant::jwt_bearer;
      oauth.client_auth = how;
      oauth.private_key = "=vars.password";
      oauth.claims = Json(JsonObject{{"sub", "ann@example.com"}});
    });
    run_in_fiber([&](Fiber& fiber) {
      const auto key = world.connect(
          fiber,
          {{"client_id", "robot"}, {"client_secret", "s"}, {"password", std::string(pem.reveal())}},
          how == ClientAuth::private_key_jwt ? "key" : "secret");
      world.engine().tokens().current(fiber, key);
    });
    const auto call = world.provider.calls().back();
    EXPECT_EQ(call.get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const auto subject = [&](const std::string& token) {
      const std::string part = token.substr(token.find('.') + 1);
      const auto claims = crypto::from_base64url(part.substr(0, part.find('.')));
      return std::string(boost::json::parse(claims.value_or("{}")).at("sub").as_string());
    };
    EXPECT_EQ(subject(call.get("client_assertion")), "robot");
    EXPECT_EQ(subject(call.get("assertion")), "ann@example.com");
  }
}

TEST(ClientAuthentication, is_not_left_out_for_want_of_an_id) {
  World world;
  for (const ClientAuth how : {ClientAuth::basic, ClientAuth::body}) {
    world.definition(AuthType::oauth2, [&](Auth& auth) {
      auth.oauth2.emplace().grant = Grant::client_credentials;
      auth.oauth2->client_auth = how;
    });
    run_in_fiber([&](Fiber& fiber) {
      const auto key = world.connect(fiber, {{"client_secret", "s"}},
                                     how == ClientAuth::basic ? "basic" : "body");
      EXPECT_EQ(test::error_of([&] { world.engine().tokens().current(fiber, key); }),
                "credentials_invalid");
    });
  }
  EXPECT_TRUE(world.provider.calls().empty());
}

TEST(TokenExchange, sends_the_declared_request_and_reads_the_declared_answer) {
  World world;
  std::vector<std::string> bodies;
  world.provider.api = [&](Fiber&, HttpRequest& request) {
    bodies.push_back(request.method + " " + request.path + " " + request.body + " " +
                     std::string(request.headers.get("X-Tenant").value_or("")));
    return HttpResponse::json(
        200, JsonObject{{"result", JsonObject{{"session", "s-" + std::to_string(bodies.size())},
                                              {"ttl", 3600},
                                              {"again", "r-1"}}}});
  };
  world.definition(AuthType::oauth2, [&](Auth& auth) {
    OAuth2Auth& oauth = auth.oauth2.emplace();
    oauth.grant = Grant::token_exchange;
    TokenRequest& login = oauth.exchange.emplace();
    login.url = world.provider.url("/login");
    login.headers = Json(JsonObject{{"X-Tenant", "acme"}});
    login.body = Json(JsonObject{{"user", "=vars.client_id"}, {"secret", "=vars.client_secret"}});
    login.token =
        "{'access_token': result.session, 'expires_in': result.ttl, 'refresh_token': result.again}";
    TokenRequest& again = oauth.refresh.emplace(login);
    again.url = world.provider.url("/again");
    again.body = Json();
    again.form = Json(JsonObject{{"token", "=refresh_token"}});
  });
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.connect(fiber);
    const LiveToken first = world.engine().tokens().current(fiber, key);
    EXPECT_EQ(text(first), "s-1");
    ASSERT_TRUE(first.expires_at);
    EXPECT_EQ(text(*world.engine().tokens().newer_than(fiber, key, first.generation)), "s-2");
  });
  ASSERT_EQ(bodies.size(), 2u);
  EXPECT_EQ(bodies[0], R"(POST /login {"user":"me","secret":"client-secret"} acme)");
  EXPECT_EQ(bodies[1], "POST /again token=r-1 acme");
}

TEST(TokenExchange, an_answer_in_which_nothing_declared_is_found_gives_no_token) {
  World world;
  world.provider.api = [](Fiber&, HttpRequest&) {
    return HttpResponse::json(200, JsonObject{{"result", JsonObject{{"other", "canary-session"}}}});
  };
  world.definition(AuthType::oauth2, [&](Auth& auth) {
    OAuth2Auth& oauth = auth.oauth2.emplace();
    oauth.grant = Grant::token_exchange;
    TokenRequest& login = oauth.exchange.emplace();
    login.url = world.provider.url("/login");
    login.token = "{'access_token': result.session}";
  });
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.connect(fiber);
    try {
      world.engine().tokens().current(fiber, key);
      ADD_FAILURE() << "there is no token";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.message().find("canary"), std::string::npos) << failure.message();
      EXPECT_NE(failure.message().find("access_token"), std::string::npos) << failure.message();
    }
  });
}

TEST(TokenExchange, cuts_out_what_the_provider_repeats_of_its_request) {
  World world;
  world.provider.api = [&](Fiber&, HttpRequest& request) {
    const std::string said = request.body + std::string(request.headers.get("X-Key").value_or(""));
    return HttpResponse::json(403, JsonObject{{"error", "denied"}, {"message", said}});
  };
  world.definition(AuthType::oauth2, [&](Auth& auth) {
    OAuth2Auth& oauth = auth.oauth2.emplace();
    oauth.grant = Grant::token_exchange;
    TokenRequest& login = oauth.exchange.emplace();
    login.url = world.provider.url("/login");
    login.headers = Json(JsonObject{{"X-Key", "=vars.password"}});
    login.body = Json(JsonObject{{"user", JsonObject{{"secret", "canary-body"}}}});
    login.token = "{'access_token': session}";
  });
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.connect(
        fiber, {{"client_id", "me"}, {"client_secret", "s"}, {"password", "canary-header"}});
    try {
      world.engine().tokens().current(fiber, key);
      ADD_FAILURE() << "the provider refused";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.message().find("canary"), std::string::npos) << failure.message();
      EXPECT_NE(failure.message().find("[secret]"), std::string::npos) << failure.message();
    }
  });
}

}  // namespace
}  // namespace junctor::auth
