#include "auth/oauth/token_service.h"

#include "auth/test_world.h"

namespace junctor::auth {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::FakeProvider;
using test::World;

std::string text(const LiveToken& token) { return std::string(token.access->reveal()); }

void consent_world(World& world) {
  world.definition(AuthType::oauth2,
                   [](Auth& auth) { auth.oauth2.emplace().grant = Grant::authorization_code; });
}

TEST(TokenService, gets_a_token_by_client_credentials_and_keeps_it) {
  World world;
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.connect(fiber);
    EXPECT_EQ(text(world.engine().tokens().current(fiber, key)), "access-1");
    EXPECT_EQ(text(world.engine().tokens().current(fiber, key)), "access-1");
    const auto calls = world.provider.calls();
    ASSERT_EQ(calls.size(), 1u);
    EXPECT_EQ(calls[0].get("grant_type"), "client_credentials");
    EXPECT_EQ(calls[0].authorization, "Basic " + crypto::to_base64("me:client-secret"));
    EXPECT_EQ(calls[0].get("client_secret"), "");
  });
}

TEST(TokenService, sends_the_client_in_the_body_where_declared) {
  World world;
  world.definition(AuthType::oauth2, [](Auth& auth) {
    auth.oauth2.emplace().grant = Grant::client_credentials;
    auth.oauth2->client_auth = ClientAuth::body;
    auth.oauth2->scopes = {"read", "write"};
    auth.oauth2->token_params = Json(JsonObject{{"tier", "gold"}});
  });
  run_in_fiber([&](Fiber& fiber) {
    world.engine().tokens().current(fiber, world.connect(fiber));
    const auto call = world.provider.calls().at(0);
    EXPECT_EQ(call.get("client_id"), "me");
    EXPECT_EQ(call.get("client_secret"), "client-secret");
    EXPECT_EQ(call.get("scope"), "read write");
    EXPECT_EQ(call.get("tier"), "gold");
    EXPECT_EQ(call.authorization, "");
  });
}

TEST(TokenService, refreshes_ahead_of_expiry_while_the_old_token_is_used) {
  VirtualClock clock(system_clock().now());
  World world(clock);
  consent_world(world);
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.authorised(fiber);
    EXPECT_EQ(text(world.engine().tokens().current(fiber, key)), "access-0");
    clock.advance(3600s - 30s);
    EXPECT_EQ(text(world.engine().tokens().current(fiber, key)), "access-0");
    for (int i = 0; i < 400 && world.engine().tokens().current(fiber, key).generation < 2; ++i)
      fiber.sleep_for(5ms);
    EXPECT_EQ(text(world.engine().tokens().current(fiber, key)), "access-1");
    EXPECT_EQ(world.provider.calls().at(0).get("refresh_token"), "refresh-0");
    clock.advance(2h);
    EXPECT_EQ(text(world.engine().tokens().current(fiber, key)), "access-2");
    EXPECT_EQ(world.provider.calls().at(1).get("refresh_token"), "refresh-1") << "the rotated one";
  });
}

TEST(TokenService, a_token_without_expiry_lives_until_it_is_refused) {
  VirtualClock clock(system_clock().now());
  World world(clock);
  world.provider.token = [&](Fiber&, const FakeProvider::Call&) {
    return world.provider.grant(-1);
  };
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.connect(fiber);
    world.engine().tokens().current(fiber, key);
    clock.advance(240h);
    EXPECT_EQ(text(world.engine().tokens().current(fiber, key)), "access-1");
    EXPECT_EQ(text(*world.engine().tokens().newer_than(fiber, key, 1)), "access-2");
  });
}

TEST(TokenService, a_short_lived_token_is_not_refreshed_on_every_call) {
  World world;
  world.provider.token = [&](Fiber&, const FakeProvider::Call&) {
    return world.provider.grant(30);
  };
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.connect(fiber);
    for (int i = 0; i < 20; ++i) world.engine().tokens().current(fiber, key);
    EXPECT_EQ(world.provider.calls().size(), 1u);
  });
}

TEST(TokenService, many_fibers_of_many_threads_cause_one_refresh) {
  World world;
  consent_world(world);
  world.provider.token = [&](Fiber& fiber, const FakeProvider::Call&) {
    fiber.sleep_for(100ms);
    return world.provider.grant();
  };
  ConnectionKey key;
  run_in_fiber([&](Fiber& fiber) { key = world.authorised(fiber, 0); });
  std::this_thread::sleep_for(1100ms);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 64; ++i)
    threads.emplace_back([&] {
      run_in_fiber([&](Fiber& fiber) {
        Scope scope(fiber.loop(), "callers");
        for (int j = 0; j < 4; ++j)
          scope.spawn([&](Fiber& inner) {
            right += text(world.engine().tokens().current(inner, key)) == "access-1";
          });
        scope.join(fiber);
      });
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 256);
  EXPECT_EQ(world.provider.calls().size(), 1u);
}

TEST(TokenService, two_engines_on_one_store_cause_one_refresh) {
  World world;
  consent_world(world);
  world.provider.token = [&](Fiber& fiber, const FakeProvider::Call&) {
    fiber.sleep_for(150ms);
    return world.provider.grant();
  };
  StoreOptions options;
  options.url = "sqlite:" + world.vault().directory() + "/junctor.db";
  const auto second_store = Store::open(options);
  test::Engine second(*second_store, world.vault().key_path(), world.catalogue, system_clock());
  ConnectionKey key;
  run_in_fiber([&](Fiber& fiber) { key = world.authorised(fiber, 0); });
  std::this_thread::sleep_for(1100ms);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&, i] {
      TokenService& tokens = i % 2 == 0 ? world.engine().tokens() : second.tokens();
      run_in_fiber([&](Fiber& fiber) { right += text(tokens.current(fiber, key)) == "access-1"; });
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 16);
  EXPECT_EQ(world.provider.calls().size(), 1u);
}

TEST(TokenService, a_caller_that_gives_up_does_not_cut_the_refresh_off) {
  World world;
  consent_world(world);
  world.provider.token = [&](Fiber& fiber, const FakeProvider::Call&) {
    fiber.sleep_for(200ms);
    return world.provider.grant();
  };
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.authorised(fiber, 0);
    fiber.sleep_for(1100ms);
    {
      const DeadlineScope deadline(fiber, 20ms);
      EXPECT_EQ(error_of([&] { world.engine().tokens().current(fiber, key); }), "timeout");
    }
    EXPECT_EQ(text(world.engine().tokens().current(fiber, key)), "access-1");
    EXPECT_EQ(world.provider.calls().size(), 1u);
  });
}

TEST(TokenService, an_ended_grant_marks_the_connection_and_is_not_tried_again) {
  World world;
  consent_world(world);
  world.provider.token = [](Fiber&, const FakeProvider::Call&) {
    return FakeProvider::error("invalid_grant", "Token refresh-0 has been revoked");
  };
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.authorised(fiber);
    EXPECT_EQ(error_of([&] { world.engine().tokens().newer_than(fiber, key, 1); }),
              "grant_expired");
    const auto connection = world.engine().connections().get(fiber, key.tenant, key.id);
    EXPECT_EQ(connection.status, vault::ConnectionStatus::grant_expired);
    EXPECT_EQ(connection.status_reason, "invalid_grant: Token [secret] has been revoked");
    EXPECT_EQ(error_of([&] { world.engine().tokens().newer_than(fiber, key, 1); }),
              "grant_expired");
    EXPECT_EQ(world.provider.calls().size(), 1u);
  });
}

TEST(TokenService, a_consent_without_a_refresh_token_ends_with_its_access_token_and_not_before) {
  VirtualClock clock(system_clock().now());
  World world(clock);
  consent_world(world);
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.authorised(fiber, 3600, "");
    TokenService& tokens = world.engine().tokens();
    const auto status = [&] {
      return world.engine().connections().get(fiber, key.tenant, key.id).status;
    };
    EXPECT_FALSE(tokens.newer_than(fiber, key, 1).has_value());
    clock.advance(3599s);
    EXPECT_EQ(text(tokens.current(fiber, key)), "access-0");
    EXPECT_FALSE(tokens.newer_than(fiber, key, 1).has_value());
    EXPECT_EQ(status(), vault::ConnectionStatus::ready);
    clock.advance(1s);
    EXPECT_EQ(error_of([&] { tokens.current(fiber, key); }), "grant_expired");
    EXPECT_EQ(status(), vault::ConnectionStatus::grant_expired);
    EXPECT_TRUE(world.provider.calls().empty());
  });
}

TEST(TokenService, a_broken_token_endpoint_leaves_the_grant_alone_and_the_lease_free) {
  VirtualClock clock(system_clock().now());
  World world(clock);
  consent_world(world);
  std::atomic<int> broken{2};
  world.provider.token = [&](Fiber&, const FakeProvider::Call&) {
    return broken-- > 0 ? HttpResponse::text(503, "down") : world.provider.grant();
  };
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.authorised(fiber);
    EXPECT_EQ(error_of([&] { world.engine().tokens().newer_than(fiber, key, 1); }), "unavailable");
    clock.advance(1s);
    EXPECT_EQ(error_of([&] { world.engine().tokens().newer_than(fiber, key, 1); }), "unavailable");
    clock.advance(2s);
    EXPECT_EQ(text(*world.engine().tokens().newer_than(fiber, key, 1)), "access-1");
    EXPECT_EQ(world.engine().connections().get(fiber, key.tenant, key.id).status,
              vault::ConnectionStatus::ready);
  });
}

// A store that refuses every new token while this lives, as a full disk does.
class FullStore {
 public:
  explicit FullStore(World& world) : world_(world) {
    run("CREATE TRIGGER full BEFORE UPDATE OF generation ON oauth_tokens "
        "BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  }
  ~FullStore() { run("DROP TRIGGER full"); }

 private:
  void run(const char* sql) {
    world_.store().write_blocking([&](Transaction& tx) { tx.execute(sql); });
  }
  World& world_;
};

// A connection whose refresh has brought a token that the store did not take.
ConnectionKey with_kept_token(World& world, Fiber& fiber) {
  const auto key = world.authorised(fiber);
  const FullStore full(world);
  EXPECT_NE(error_of([&] { world.engine().tokens().newer_than(fiber, key, 1); }), "none");
  return key;
}

TEST(TokenService, a_rotated_token_that_the_store_refused_is_kept_and_written_before_the_next_question) {
  World world;
  consent_world(world);
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.authorised(fiber);
    TokenService& tokens = world.engine().tokens();
    {
      const FullStore full(world);
      EXPECT_NE(error_of([&] { tokens.newer_than(fiber, key, 1); }), "none");
      EXPECT_NE(error_of([&] { tokens.newer_than(fiber, key, 1); }), "none");
      EXPECT_EQ(text(tokens.current(fiber, key)), "access-0") << "not used before it is on disk";
      EXPECT_EQ(world.provider.calls().size(), 1u);
    }
    EXPECT_EQ(text(*tokens.newer_than(fiber, key, 1)), "access-1");
    EXPECT_EQ(world.provider.calls().size(), 1u);
    EXPECT_EQ(text(*tokens.newer_than(fiber, key, 2)), "access-2");
    EXPECT_EQ(world.provider.calls().at(1).get("refresh_token"), "refresh-1");
  });
}

TEST(TokenService, a_kept_token_is_written_although_nobody_asks) {
  World world;
  consent_world(world);
  run_in_fiber([&](Fiber& fiber) {
    const auto key = with_kept_token(world, fiber);
    const auto generation = [&] {
      return world.store().read(fiber, [&](Snapshot& view) {
        return world.engine().tokens().tokens().generation(view, key);
      });
    };
    for (int i = 0; i < 400 && generation() < 2; ++i) fiber.sleep_for(10ms);
    EXPECT_EQ(generation(), 2);
  });
}

TEST(TokenService, a_kept_token_gives_way_to_a_new_consent) {
  World world;
  consent_world(world);
  run_in_fiber([&](Fiber& fiber) {
    const auto key = with_kept_token(world, fiber);
    TokenGrant consent;
    consent.access_token = Secret("of-consent");
    consent.refresh_token = Secret("refresh-of-consent");
    world.store().write(fiber, [&](Transaction& tx) {
      world.engine().tokens().tokens().store_consent(
          tx, key, consent, *world.catalogue.definition->methods[0].oauth2, system_clock().now());
    });
    EXPECT_EQ(text(*world.engine().tokens().newer_than(fiber, key, 1)), "of-consent");
    EXPECT_EQ(world.provider.calls().size(), 1u);
  });
}

TEST(TokenService, says_once_that_the_store_refuses_the_tokens_of_many_connections) {
  World world;
  consent_world(world);
  run_in_fiber([&](Fiber& fiber) {
    TokenService& tokens = world.engine().tokens();
    std::vector<ConnectionKey> keys;
    for (const char* name : {"a", "b", "c"}) keys.push_back(world.authorised(fiber, 3600, "refresh-0", name));
    testing::internal::CaptureStderr();
    {
      const FullStore full(world);
      for (int i = 0; i < 2; ++i)
        for (const auto& key : keys) EXPECT_NE(error_of([&] { tokens.newer_than(fiber, key, 1); }), "none");
    }
    for (const auto& key : keys) EXPECT_TRUE(tokens.newer_than(fiber, key, 1));
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2) << log;
    EXPECT_LT(log.find("refused a new token of connection " + keys[0].id.to_string()), log.find("has the new tokens")) << log;
  });
}

// Asks until there is a token or the failure says when to come again.
std::optional<std::chrono::milliseconds> wait_asked_for(World& world, Fiber& fiber,
                                                        const ConnectionKey& key) {
  try {
    world.engine().tokens().current(fiber, key);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.kind(), FailureKind::unavailable);
    return failure.retry_after();
  }
  return std::nullopt;
}

TEST(TokenService, a_token_endpoint_that_is_away_is_asked_ever_more_rarely) {
  VirtualClock clock(system_clock().now());
  World world(clock);
  world.provider.token = [](Fiber&, const FakeProvider::Call&) {
    return HttpResponse::text(503, "down");
  };
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.connect(fiber);
    for (int asked = 1; asked <= 8; ++asked) {
      wait_asked_for(world, fiber, key);
      for (int i = 0; i < 10; ++i)
        EXPECT_EQ(wait_asked_for(world, fiber, key), std::min(1s * (1 << (asked - 1)), 60s));
      EXPECT_EQ(world.provider.calls().size(), static_cast<std::size_t>(asked));
      clock.advance(std::min(1s * (1 << (asked - 1)), 60s));
    }
    world.provider.token = [&](Fiber&, const FakeProvider::Call&) { return world.provider.grant(30); };
    EXPECT_EQ(wait_asked_for(world, fiber, key), std::nullopt);
    clock.advance(31s);
    world.provider.token = [](Fiber&, const FakeProvider::Call&) {
      return HttpResponse::text(503, "down");
    };
    wait_asked_for(world, fiber, key);
    EXPECT_EQ(wait_asked_for(world, fiber, key), 1s) << "a good answer starts anew";
  });
}

TEST(TokenService, what_a_busy_token_endpoint_asks_for_is_kept_to) {
  VirtualClock clock(Timestamp(std::chrono::milliseconds(1'792'566'000'000)));
  World world(clock);
  std::string wait = "30";
  world.provider.token = [&](Fiber&, const FakeProvider::Call&) {
    HttpResponse out = HttpResponse::text(503, "busy");
    out.headers.set("Retry-After", wait);
    return out;
  };
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.connect(fiber);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(wait_asked_for(world, fiber, key), 30s);
    EXPECT_EQ(world.provider.calls().size(), 1u);
    clock.advance(30s);
    wait = "Wed, 21 Oct 2026 07:02:00 GMT";
    EXPECT_EQ(wait_asked_for(world, fiber, key), 90s) << "a date";
    clock.advance(90s);
    wait = "86400";
    wait_asked_for(world, fiber, key);
    EXPECT_EQ(wait_asked_for(world, fiber, key), 1h) << "within bounds";
    world.engine().connections().update(fiber, key.tenant, key.id,
                                        {.name = {},
                                         .vars = JsonObject{{"client_secret", "other"}},
                                         .enabled = {},
                                         .expected_version = {}});
    world.provider.token = [&](Fiber&, const FakeProvider::Call&) { return world.provider.grant(); };
    EXPECT_EQ(wait_asked_for(world, fiber, key), std::nullopt) << "a changed connection asks at once";
  });
}

TEST(TokenService, a_connection_deleted_during_its_refresh_leaves_no_token_behind) {
  World world;
  world.definition(AuthType::oauth2,
                   [](Auth& auth) { auth.oauth2.emplace().grant = Grant::authorization_code; });
  ConnectionKey key;
  world.provider.token = [&](Fiber& fiber, const FakeProvider::Call&) {
    world.engine().connections().remove(fiber, key.tenant, key.id);
    return world.provider.grant();
  };
  run_in_fiber([&](Fiber& fiber) {
    key = world.authorised(fiber);
    EXPECT_EQ(error_of([&] { world.engine().tokens().newer_than(fiber, key, 1); }), "unknown_connection");
    TokenGrant late;
    late.access_token = Secret("late");
    EXPECT_EQ(error_of([&] {
                world.store().write(fiber, [&](Transaction& tx) {
                  world.engine().tokens().tokens().store_consent(
                      tx, key, late, *world.catalogue.definition->methods[0].oauth2, system_clock().now());
                });
              }),
              "unknown_connection");
    const auto left = world.store().read(fiber, [&](Snapshot& view) {
      return *view.value<std::int64_t>("SELECT (SELECT count(*) FROM vault_secrets) + (SELECT count(*) FROM oauth_tokens)");
    });
    EXPECT_EQ(left, 0);
  });
}

TEST(TokenService, a_lost_lease_cannot_store) {
  World world;
  consent_world(world);
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world.authorised(fiber);
    TokenStore& tokens = world.engine().tokens().tokens();
    TokenGrant grant;
    grant.access_token = Secret("late");
    const auto stored = world.store().write(fiber, [&](Transaction& tx) {
      const auto first = std::get<TokenLease>(tokens.lease(tx, key, 1, Uuid::generate(), 0ms));
      const auto second = std::get<TokenLease>(tokens.lease(tx, key, 1, Uuid::generate(), 10s));
      EXPECT_EQ(second.hold.fence, first.hold.fence + 1);
      EXPECT_TRUE(
          std::holds_alternative<LeaseBusy>(tokens.lease(tx, key, 1, Uuid::generate(), 10s)));
      return tokens.store(tx, key, first.hold, grant,
                          *world.catalogue.definition->methods[0].oauth2, system_clock().now());
    });
    EXPECT_FALSE(stored.has_value());
    EXPECT_EQ(
        text(*world.store().read(fiber, [&](Snapshot& view) { return tokens.load(view, key); })),
        "access-0");
  });
}

TEST(TokenService, reads_the_forms_that_providers_really_send) {
  const auto read = [](int status, const std::string& type, const std::string& body) {
    ClientResponse answer;
    answer.status = status;
    answer.headers.add("Content-Type", type);
    answer.body = body;
    return read_token_answer(answer, {});
  };
  const auto form = std::get<TokenGrant>(
      read(200, "application/x-www-form-urlencoded", "access_token=a%2Bb&expires_in=60"));
  EXPECT_TRUE(form.access_token.equals("a+b"));
  EXPECT_EQ(form.expires_in, 60s);
  EXPECT_EQ(std::get<TokenGrant>(
                read(200, "application/json", R"({"access_token":"x","expires_in":"3599"})"))
                .expires_in,
            3599s);
  EXPECT_EQ(
      std::get<TokenGrant>(read(200, "application/json", R"({"access_token":"x","expires_in":-5})"))
          .expires_in,
      std::nullopt);
  EXPECT_EQ(
      std::get<TokenRefusal>(read(200, "application/json", R"({"ok":false,"error":"bad_code"})"))
          .code,
      "bad_code");
  EXPECT_EQ(std::get<TokenRefusal>(read(400, "text/html", "<html>")).code, "");
  EXPECT_EQ(std::get<TokenRefusal>(
                read(400, "application/json", R"({"error":"x","error_description":"a\nb"})"))
                .description,
            "a b");
}

TEST(TokenService, words_of_a_provider_keep_to_their_bound_whatever_their_bytes) {
  EXPECT_EQ(printable(std::string(400, '\xff'), 300).size(), 300u);
  EXPECT_EQ(printable("a\xff\n", 300), "a\xef\xbf\xbd ");
  EXPECT_EQ(printable("\xc3\xa4\xc3\xa4", 3), "\xc3\xa4");
}

TEST(TokenService, cuts_secrets_out_of_a_refusal_whatever_they_are) {
  ClientResponse answer;
  answer.status = 400;
  answer.headers.add("Content-Type", "application/json");
  answer.body = R"({"error":"no secret","error_description":"secret and secretsecret, refresh-0 too"})";
  FormFields secrets;
  secrets.emplace_back("client_secret", Secret("secret"));
  secrets.emplace_back("refresh_token", Secret("refresh-0"));
  const auto refusal = std::get<TokenRefusal>(read_token_answer(answer, secrets));
  EXPECT_EQ(refusal.code, "no [secret]");
  EXPECT_EQ(refusal.description, "[secret] and [secret][secret], [secret] too");
}

}  // namespace
}  // namespace junctor::auth
