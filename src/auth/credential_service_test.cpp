#include "auth/credential_service.h"

#include <boost/json/parse.hpp>
#include <boost/json/static_resource.hpp>

#include "auth/allowed_hosts.h"
#include "auth/signing/aws_sigv4.h"
#include "auth/test_world.h"

namespace junctor::auth {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::World;

HttpResponse echo(Fiber&, HttpRequest& request) {
  HttpResponse out = HttpResponse::text(200, request.method + " " + request.target + "\n");
  for (const Header& header : request.headers) out.body += header.name + ": " + header.value + "\n";
  return out;
}

TEST(AllowedHosts, match_host_port_and_scheme) {
  AllowedHosts hosts;
  hosts.add_url("https://api.example.com/v1");
  hosts.add_host("*.files.example.com");
  hosts.add_url("http://127.0.0.1:8080");
  EXPECT_TRUE(hosts.allows("https://API.example.com/x?y"));
  EXPECT_TRUE(hosts.allows("https://api.example.com:443/x"));
  EXPECT_TRUE(hosts.allows("https://api.example.com./x"));
  EXPECT_TRUE(hosts.allows("https://eu.files.example.com/"));
  EXPECT_TRUE(hosts.allows("http://127.0.0.1:8080/"));
  for (const char* url :
       {"http://api.example.com/", "https://api.example.com:8443/", "https://files.example.com/",
        "https://api.example.com.evil.test/", "https://evil.test/api.example.com",
        "https://evilfiles.example.com/", "https://user@api.example.com/",
        "https://api.example.com@evil.test/", "http://127.0.0.1:8081/", "https://127.0.0.1:8080/",
        "ftp://api.example.com/", "//api.example.com/", "", "https:///x"})
    EXPECT_FALSE(hosts.allows(url)) << url;
}

TEST(Credentials, go_where_the_declaration_says) {
  World world;
  world.provider.api = echo;
  run_in_fiber([&](Fiber& fiber) {
    int number = 0;
    const auto sent = [&](AuthType type, const std::function<void(Auth&)>& change,
                          JsonObject vars) {
      world.definition(type, change);
      const auto key = world.connect(fiber, std::move(vars), "n" + std::to_string(++number));
      return world.engine().call(fiber, key.tenant, key.id, world.provider.url("/x?a=1")).body;
    };
    const auto has = [](const std::string& body, const std::string& line) {
      return body.find(line + "\n") != std::string::npos;
    };
    EXPECT_TRUE(has(sent(AuthType::api_key, {}, {{"api_key", "k"}}), "X-API-Key: k"));
    EXPECT_TRUE(has(sent(AuthType::api_key,
                         [](Auth& auth) {
                           auth.api_key = ApiKeyAuth{AuthPlace::header, "Authorization", "Token",
                                                     "=vars.api_key"};
                         },
                         {{"api_key", "k"}}),
                    "Authorization: Token k"));
    EXPECT_TRUE(has(sent(AuthType::api_key,
                         [](Auth& auth) {
                           auth.api_key = ApiKeyAuth{AuthPlace::query, "key", "", "=vars.api_key"};
                         },
                         {{"api_key", "k&=é"}}),
                    "GET /x?a=1&key=k%26%3D%C3%A9"));
    EXPECT_TRUE(has(sent(AuthType::api_key,
                         [](Auth& auth) {
                           auth.api_key = ApiKeyAuth{AuthPlace::cookie, "sid", "", "=vars.api_key"};
                         },
                         {{"api_key", "k"}}),
                    "Cookie: sid=k"));
    EXPECT_TRUE(has(sent(AuthType::bearer, {}, {{"token", "t"}}), "Authorization: Bearer t"));
    EXPECT_TRUE(has(sent(AuthType::basic, {}, {{"username", "u"}, {"password", "p:w"}}),
                    "Authorization: Basic " + crypto::to_base64("u:p:w")));
    EXPECT_TRUE(has(sent(AuthType::basic, {}, {{"username", "key-only"}}),
                    "Authorization: Basic " + crypto::to_base64("key-only:")));
    EXPECT_NE(sent(AuthType::aws_sigv4,
                   [](Auth& auth) { auth.aws_sigv4.emplace().service = "execute-api"; },
                   {{"access_key_id", "AKID"}, {"secret_access_key", "s"}, {"region", "eu-west-1"}})
                  .find("Authorization: AWS4-HMAC-SHA256 Credential=AKID/"),
              std::string::npos);
  });
}

TEST(Credentials, sign_every_header_of_aws_that_a_definition_sets) {
  VirtualClock clock(system_clock().now());
  World world(clock);
  run_in_fiber([&](Fiber& fiber) {
    world.definition(AuthType::aws_sigv4, [](Auth& auth) { auth.aws_sigv4.emplace().service = "dynamodb"; });
    const auto key = world.connect(
        fiber, {{"access_key_id", "AKID"}, {"secret_access_key", "s"}, {"region", "eu-west-1"}});
    const auto source = world.engine().credentials().source(fiber, key.tenant, key.id);
    const auto authorization = [&](std::string target) {
      ClientRequest request;
      request.method = "POST";
      request.url = world.provider.url("/");
      request.header("X-Amz-Target", std::move(target));
      request.header("x-amz-date", "19700101T000000Z");
      request.header("X-Other", "1");
      source->apply(fiber, request);
      EXPECT_EQ(std::count_if(request.headers.begin(), request.headers.end(), [](const ClientHeader& header) {
        return equal_ignoring_case(header.name, "X-Amz-Date");
      }), 1);
      for (const ClientHeader& header : request.headers)
        if (header.name == "Authorization") return std::string(std::get<Secret>(header.value).reveal());
      return std::string();
    };
    const std::string first = authorization("DynamoDB_20120810.GetItem");
    EXPECT_NE(first.find("SignedHeaders=host;x-amz-date;x-amz-target,"), std::string::npos) << first;
    EXPECT_NE(first, authorization("DynamoDB_20120810.DeleteItem"));
    const AwsRequest expected{.method = "POST", .path = "/", .query = "",
                              .headers = {{"Host", world.provider.url().substr(7)},
                                          {"X-Amz-Target", "DynamoDB_20120810.GetItem"}},
                              .body = ""};
    EXPECT_EQ(first, sign_aws_v4(expected, {"eu-west-1", "dynamodb"}, {"AKID", Secret("s"), {}}, clock.now()).back().second);
  });
}

TEST(Credentials, never_leave_the_integrations_hosts) {
  World world;
  run_in_fiber([&](Fiber& fiber) {
    world.definition(AuthType::bearer);
    const auto key = world.connect(fiber, {{"token", "t"}});
    const auto source = world.engine().credentials().source(fiber, key.tenant, key.id);
    ClientRequest request;
    request.url = "https://evil.test/";
    EXPECT_EQ(error_of([&] { source->apply(fiber, request); }), "host_not_allowed");
    EXPECT_TRUE(request.headers.empty());
  });
}

TEST(Credentials, a_var_cannot_move_the_host) {
  World world;
  run_in_fiber([&](Fiber& fiber) {
    world.definition(AuthType::bearer, {}, [](AuthDefinition& definition) {
      definition.endpoints.base_url = "https://{vars.subdomain}.example.com/api";
    });
    for (const char* name : {"evil.test/", "evil.test#", "a@evil.test:443", "evil.test?", "x\\y"}) {
      const auto key = world.connect(fiber, {{"token", "t"}, {"subdomain", name}},
                                     std::string("s") + std::to_string(name[0]) +
                                         std::to_string(std::string_view(name).size()) +
                                         std::to_string(name[9 % std::string_view(name).size()]));
      EXPECT_EQ(error_of([&] { world.engine().credentials().source(fiber, key.tenant, key.id); }),
                "credentials_invalid")
          << name;
    }
  });
}

TEST(Credentials, a_401_causes_one_refresh_and_one_retry) {
  World world;
  world.definition(AuthType::oauth2,
                   [](Auth& auth) { auth.oauth2.emplace().grant = Grant::authorization_code; });
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.authorised(fiber);
    EXPECT_EQ(world.engine().call(fiber, key.tenant, key.id, world.provider.url("/x")).status, 200)
        << "access-0 is valid";
    world.provider.valid_token = 5;
    EXPECT_EQ(world.engine().call(fiber, key.tenant, key.id, world.provider.url("/x")).status, 200);
    EXPECT_EQ(world.provider.calls().size(), 1u);
    world.provider.api = [](Fiber&, HttpRequest&) { return HttpResponse::text(401, "never"); };
    world.provider.api_calls = 0;
    EXPECT_EQ(world.engine().call(fiber, key.tenant, key.id, world.provider.url("/x")).status, 401);
    EXPECT_EQ(world.provider.calls().size(), 2u);
    EXPECT_EQ(world.provider.api_calls, 2);
  });
}

TEST(Credentials, the_record_of_a_token_request_has_no_client_id_that_is_declared_secret) {
  World world;
  world.definition(AuthType::oauth2, [](Auth& auth) {
    auth.oauth2.emplace().grant = Grant::client_credentials;
    auth.oauth2->client_auth = ClientAuth::body;
    auth.oauth2->client_id = Json("=vars.api_key");
  });
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.connect(fiber, {{"api_key", "hidden-client"}, {"client_secret", "s"}});
    const auto source = world.engine().credentials().source(fiber, key.tenant, key.id);
    ClientRequest request;
    request.url = world.provider.url("/x");
    source->apply(fiber, request);
    const auto exchanges = source->take_exchanges();
    ASSERT_EQ(exchanges.size(), 1u);
    EXPECT_EQ(exchanges[0].request.at("client_id").as_string(), "[secret]");
    EXPECT_EQ(exchanges[0].request.at("grant_type").as_string(), "client_credentials");
  });
}

TEST(Credentials, a_401_stands_where_nothing_renews_the_token) {
  World world;
  world.definition(AuthType::oauth2,
                   [](Auth& auth) { auth.oauth2.emplace().grant = Grant::authorization_code; });
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.authorised(fiber, 3600, "");
    world.provider.api = [](Fiber&, HttpRequest&) { return HttpResponse::text(401, "blocked: pay first"); };
    const auto answer = world.engine().call(fiber, key.tenant, key.id, world.provider.url("/x"));
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.body, "blocked: pay first");
    EXPECT_EQ(world.provider.api_calls, 1);
    const auto connection = world.engine().connections().get(fiber, key.tenant, key.id);
    EXPECT_EQ(connection.status, vault::ConnectionStatus::ready);
  });
}

TEST(Credentials, many_401s_at_once_cause_one_refresh) {
  World world;
  world.definition(AuthType::oauth2,
                   [](Auth& auth) { auth.oauth2.emplace().grant = Grant::authorization_code; });
  ConnectionKey key;
  run_in_fiber([&](Fiber& fiber) { key = world.authorised(fiber); });
  world.provider.valid_token = 7;
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      run_in_fiber([&](Fiber& fiber) {
        Scope scope(fiber.loop(), "callers");
        for (int j = 0; j < 8; ++j)
          scope.spawn([&](Fiber& inner) {
            good +=
                world.engine().call(inner, key.tenant, key.id, world.provider.url("/x")).status ==
                200;
          });
        scope.join(fiber);
      });
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 64);
  EXPECT_EQ(world.provider.calls().size(), 1u);
}

// What a reader loaded before the refresh was written must not be kept after it.
TEST(Credentials, a_change_of_the_connection_during_a_refresh_brings_no_old_token_back) {
  World world;
  world.definition(AuthType::oauth2,
                   [](Auth& auth) { auth.oauth2.emplace().grant = Grant::authorization_code; });
  ConnectionKey key;
  run_in_fiber([&](Fiber& fiber) { key = world.authorised(fiber); });
  std::atomic<int> refused{0};
  std::atomic<bool> done{false};
  std::thread changes([&] {
    while (!done) world.engine().tokens().forget(key);
  });
  for (int round = 0; round < 20; ++round) {
    world.provider.valid_token = 100 * (round + 1);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        run_in_fiber([&](Fiber& fiber) {
          const auto answer =
              world.engine().call(fiber, key.tenant, key.id, world.provider.url("/x"));
          refused += answer.status != 200;
        });
      });
    for (std::thread& thread : threads) thread.join();
  }
  done = true;
  changes.join();
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(world.provider.calls().size(), 20u);
}

TEST(Credentials, name_the_state_of_a_connection_that_cannot_be_used) {
  World world;
  run_in_fiber([&](Fiber& fiber) {
    world.definition(AuthType::bearer);
    const auto key = world.connect(fiber, {});
    const auto source = world.engine().credentials().source(fiber, key.tenant, key.id);
    ClientRequest request;
    request.url = world.provider.url("/");
    EXPECT_EQ(error_of([&] { source->apply(fiber, request); }), "credentials_invalid")
        << "no token";
    world.engine().connections().update(
        fiber, key.tenant, key.id,
        {.name = {}, .vars = JsonObject{{"token", "t"}}, .enabled = {}, .expected_version = {}});
    EXPECT_EQ(error_of([&] { source->apply(fiber, request); }), "none")
        << "a change counts at once";
    world.engine().connections().update(
        fiber, key.tenant, key.id,
        {.name = {}, .vars = {}, .enabled = vault::Enabled::no, .expected_version = {}});
    EXPECT_EQ(error_of([&] { source->apply(fiber, request); }), "disabled_connection");
    EXPECT_EQ(
        error_of([&] { world.engine().credentials().source(fiber, TenantId("other"), key.id); }),
        "unknown_connection");
    world.definition(AuthType::oauth2);
    const auto consent =
        world.connect(fiber, {{"client_id", "c"}, {"client_secret", "s"}}, "consent");
    EXPECT_EQ(
        error_of([&] { world.engine().credentials().source(fiber, consent.tenant, consent.id); }),
        "not_authorised");
  });
}

// Another process on the same database.
std::unique_ptr<test::Engine> another_node(World& world) {
  return std::make_unique<test::Engine>(world.store(), world.vault().key_path(), world.catalogue,
                                        system_clock());
}

TEST(Credentials, what_another_process_changed_counts_for_the_next_call) {
  World world;
  world.provider.api = echo;
  run_in_fiber([&](Fiber& fiber) {
    world.definition(AuthType::bearer);
    const auto key = world.connect(fiber, {{"token", "old"}});
    const auto other = another_node(world);
    const auto body = [&] {
      return world.engine().call(fiber, key.tenant, key.id, world.provider.url("/x")).body;
    };
    EXPECT_NE(body().find("Bearer old"), std::string::npos);
    other->connections().update(
        fiber, key.tenant, key.id,
        {.name = {}, .vars = JsonObject{{"token", "new"}}, .enabled = {}, .expected_version = {}});
    EXPECT_NE(body().find("Bearer new"), std::string::npos);
    other->connections().update(
        fiber, key.tenant, key.id,
        {.name = {}, .vars = {}, .enabled = vault::Enabled::no, .expected_version = {}});
    EXPECT_EQ(error_of(body), "disabled_connection");
  });
}

TEST(Credentials, do_not_stay_in_memory_when_the_calls_end) {
  VirtualClock clock(system_clock().now());
  World world(clock);
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.connect(fiber);
    auto& credentials = world.engine().credentials();
    const auto call = [&] {
      return world.engine().call(fiber, key.tenant, key.id, world.provider.url("/x")).status;
    };
    EXPECT_EQ(call(), 200);
    const std::weak_ptr<const Secret> token = world.engine().tokens().current(fiber, key).access;
    credentials.forget_idle();
    EXPECT_FALSE(token.expired()) << "there may be another call at once";
    clock.advance(CredentialService::keep_for);
    credentials.forget_idle();
    // The fiber that fetched the token may only just be ending.
    for (int look = 0; look < 200 && !token.expired(); ++look) fiber.sleep_for(std::chrono::milliseconds(10));
    EXPECT_TRUE(token.expired());
    EXPECT_EQ(call(), 200);
    EXPECT_EQ(world.provider.calls().size(), 1u) << "the token is in the store";
  });
}

TEST(Credentials, end_with_the_key_that_sealed_them) {
  World world;
  world.definition(AuthType::oauth2,
                   [](Auth& auth) { auth.oauth2.emplace().grant = Grant::authorization_code; });
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.authorised(fiber);
    const auto call = [&] {
      return world.engine().call(fiber, key.tenant, key.id, world.provider.url("/x")).status;
    };
    EXPECT_EQ(call(), 200);
    const auto other = another_node(world);
    world.store().write(fiber, [&](Transaction& tx) {
      other->connections().vault().destroy_tenant_keys(tx, key.tenant);
    });
    EXPECT_EQ(error_of(call), "secrets_destroyed");
    world.engine().connections().update(fiber, key.tenant, key.id,
                                        {.name = {},
                                         .vars = JsonObject{{"client_secret", "entered again"}},
                                         .enabled = {},
                                         .expected_version = {}});
    EXPECT_EQ(error_of(call), "secrets_destroyed") << "nor is the access token used that was known";
    const auto connection = world.engine().connections().get(fiber, key.tenant, key.id);
    EXPECT_EQ(connection.status, vault::ConnectionStatus::needs_authorisation);
    EXPECT_EQ(connection.status_reason, "the key of its tokens was destroyed");
    EXPECT_EQ(error_of(call), "not_authorised");
    EXPECT_EQ(world.engine().tokens().stats().revoked, 0u) << "no provider ended the grant";
    world.definition(AuthType::oauth2, [](Auth& auth) {
      auth.oauth2.emplace().grant = Grant::client_credentials;
    });
    const auto machine = world.connect(
        fiber, {{"client_id", "me"}, {"client_secret", "client-secret"}}, "machine");
    const auto machine_call = [&] {
      return world.engine().call(fiber, machine.tenant, machine.id, world.provider.url("/x")).status;
    };
    EXPECT_EQ(machine_call(), 200);
    world.store().write(fiber, [&](Transaction& tx) {
      other->connections().vault().destroy_tenant_keys(tx, key.tenant);
    });
    EXPECT_EQ(error_of(machine_call), "secrets_destroyed");
    world.engine().connections().update(fiber, machine.tenant, machine.id,
                                        {.name = {},
                                         .vars = JsonObject{{"client_secret", "entered again"}},
                                         .enabled = {},
                                         .expected_version = {}});
    EXPECT_EQ(machine_call(), 200);
  });
}

TEST(Credentials, leave_no_text_of_parsed_json_in_memory) {
  alignas(16) unsigned char memory[2048] = {};
  const auto holds = [&](std::string_view text) {
    return std::string_view(reinterpret_cast<const char*>(memory), sizeof memory).find(text) !=
           std::string_view::npos;
  };
  boost::json::static_resource storage(memory);
  {
    const std::string text = R"({"access_token":"a-canary-longer-than-a-short-string","more":["another-canary-of-some-length"]})";
    const WipedJson kept(boost::json::parse(text, &storage));
    EXPECT_TRUE(holds("a-canary-longer") && holds("another-canary"));
  }
  EXPECT_FALSE(holds("canary"));
}

TEST(Credentials, a_secret_with_a_line_break_cannot_smuggle_a_header) {
  World world;
  run_in_fiber([&](Fiber& fiber) {
    world.definition(AuthType::bearer);
    const auto key = world.connect(fiber, {{"token", "t\r\nX-Evil: 1"}});
    const auto source = world.engine().credentials().source(fiber, key.tenant, key.id);
    ClientRequest request;
    request.url = world.provider.url("/");
    EXPECT_EQ(error_of([&] { source->apply(fiber, request); }), "credentials_invalid");
  });
}

}  // namespace
}  // namespace junctor::auth
