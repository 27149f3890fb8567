#include "auth/oauth/authorization.h"

#include "auth/test_world.h"
#include "base/crypto.h"
#include "json/serialize.h"

namespace junctor::auth {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::FakeProvider;
using test::World;

struct Kept final : AuthorisationKeeper {
  void keep(Fiber&, const Step& step) override { steps.push_back(step); }
  // Everything of one, as a text.
  std::string text(std::size_t number) const {
    const Step& step = steps.at(number);
    std::string out = step.name + " " + step.integration + "/" + step.connection_name + "\n";
    for (const TokenExchange& one : step.exchanges) {
      out += one.method + " " + one.url + " " + std::to_string(one.status) + " " + json::to_text(Json(one.request)) + " " + json::to_text(Json(one.response)) + " " + one.failure;
      for (const auto& [name, value] : one.request_headers) out += " " + name + "=" + value;
    }
    return out + (step.failure ? " failed: " + step.failure->message() : "");
  }
  std::vector<Step> steps;
};

class AuthorizationTest : public testing::Test {
 protected:
  AuthorizationTest() {
    oauth({});
    authorization().keep_requests(kept_);
  }

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

  // As a person's browser: opens the link, and comes back from the provider with these parameters.
  ConsentPage open(Fiber& fiber, const ConnectionKey& key, const std::string& return_to = "") {
    return authorization().begin(fiber, authorization().invite(fiber, key, callback, return_to).text);
  }
  Authorised come_back(Fiber& fiber, const ConsentPage& page, std::vector<Parameter> with = {{"code", "c"}}) {
    with.push_back({"state", page.state});
    return authorization().complete(fiber, with, page.proof.reveal());
  }

  static constexpr const char* callback = "http://127.0.0.1/oauth/callback";

  VirtualClock clock_{system_clock().now()};
  World world_{clock_};
  Kept kept_;
};

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_F(AuthorizationTest, the_requests_of_a_consent_are_kept_without_its_secrets) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const ConsentPage page = open(fiber, key);
    come_back(fiber, page, {{"code", "canary-code"}});
    ASSERT_EQ(kept_.steps.size(), 1u);
    const std::string text = kept_.text(0);
    EXPECT_TRUE(text.starts_with("consent demo/default\nPOST " + world_.provider.url("/token") + " 200 ")) << text;
    for (const char* part : {R"("grant_type":"authorization_code")", R"("code":"[redacted]")", R"("code_verifier":"[redacted]")", R"("access_token":"[redacted]")"})
      EXPECT_TRUE(holds(text, part)) << part << " in " << text;
    const auto sent = world_.provider.calls().at(0);
    for (const std::string& secret : {std::string("canary-code"), sent.get("code_verifier"), std::string("client-secret"), page.state})
      EXPECT_FALSE(holds(text, secret)) << text;
    EXPECT_GT(kept_.steps[0].exchanges[0].total.count(), 0);
    EXPECT_FALSE(kept_.steps[0].failure);

    world_.provider.token = [](Fiber&, const FakeProvider::Call&) {
      return HttpResponse::json(400, JsonObject{{"error", "invalid_grant"}, {"error_description", "canary-code was used"}});
    };
    EXPECT_EQ(error_of([&] { come_back(fiber, open(fiber, key), {{"code", "canary-code"}}); }), "not_authorised");
    ASSERT_EQ(kept_.steps.size(), 2u);
    EXPECT_TRUE(kept_.steps[1].failure);
    EXPECT_TRUE(holds(kept_.text(1), "invalid_grant")) << kept_.text(1);
    EXPECT_FALSE(holds(kept_.text(1), "canary-code")) << kept_.text(1);
    EXPECT_EQ(error_of([&] { come_back(fiber, open(fiber, key), {{"error", "access_denied"}}); }), "not_authorised");
    EXPECT_EQ(kept_.steps.size(), 2u) << "nothing was sent";
  });
}

TEST_F(AuthorizationTest, proves_with_pkce_that_the_code_comes_back_to_who_asked) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const ConsentPage opened = open(fiber, key, "/hub");
    const auto page = parameters(opened.url);
    EXPECT_EQ(get(page, "response_type"), "code");
    EXPECT_EQ(get(page, "client_id"), "me");
    EXPECT_EQ(get(page, "scope"), "a b");
    EXPECT_EQ(get(page, "code_challenge_method"), "S256");
    EXPECT_EQ(get(page, "state"), opened.state);
    const Authorised done = come_back(fiber, opened, {{"code", "c0de"}});
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
    const ConsentPage once = open(fiber, key);
    come_back(fiber, once);
    EXPECT_EQ(error_of([&] { come_back(fiber, once); }), "consent_unknown");
    const ConsentPage late = open(fiber, key);
    clock_.advance(16min);
    EXPECT_EQ(error_of([&] { come_back(fiber, late); }), "consent_unknown");
    EXPECT_EQ(error_of([&] { authorization().complete(fiber, {{"code", "c"}, {"state", "invented"}}, "x"); }), "consent_unknown");
    EXPECT_EQ(error_of([&] { authorization().complete(fiber, {{"code", "c"}}, ""); }), "consent_unknown");
    EXPECT_EQ(world_.provider.calls().size(), 1u);
  });
}

TEST_F(AuthorizationTest, a_ticket_opens_one_page_and_not_for_long) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const auto ticket = authorization().invite(fiber, key, callback, "");
    const ConsentPage page = authorization().begin(fiber, ticket.text);
    EXPECT_EQ(error_of([&] { authorization().begin(fiber, ticket.text); }), "consent_unknown");
    EXPECT_EQ(error_of([&] { authorization().begin(fiber, page.state); }), "consent_unknown") << "a state is no ticket";
    const auto unopened = authorization().invite(fiber, key, callback, "");
    EXPECT_EQ(error_of([&] { authorization().complete(fiber, {{"code", "c"}, {"state", unopened.text}}, ""); }), "consent_unknown")
        << "a ticket is no state";
    clock_.advance(11min);
    EXPECT_EQ(error_of([&] { authorization().begin(fiber, unopened.text); }), "consent_unknown");
    come_back(fiber, page);
  });
}

TEST_F(AuthorizationTest, a_state_counts_only_in_the_browser_that_began) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const auto elsewhere = [&](const ConsentPage& page, std::string_view proof) {
      return error_of([&] { authorization().complete(fiber, {{"code", "c"}, {"state", page.state}}, proof); });
    };
    const ConsentPage first = open(fiber, key), second = open(fiber, key);
    EXPECT_EQ(elsewhere(first, second.proof.reveal()), "another_browser");
    EXPECT_EQ(elsewhere(first, first.proof.reveal()), "consent_unknown") << "shown elsewhere, it is used up";
    EXPECT_EQ(elsewhere(open(fiber, key), ""), "another_browser");
    EXPECT_EQ(world_.provider.calls().size(), 0u) << "no code was exchanged";
    EXPECT_EQ(elsewhere(second, second.proof.reveal()), "none") << "beside others, in one browser";
    EXPECT_EQ(world_.provider.calls().size(), 1u);
  });
}

TEST_F(AuthorizationTest, the_store_holds_neither_ticket_nor_state_nor_proof) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const auto ticket = authorization().invite(fiber, key, callback, "");
    const ConsentPage page = open(fiber, key);
    const std::string files = world_.vault().dump();
    EXPECT_NE(files.find(key.tenant.text()), std::string::npos);
    EXPECT_EQ(files.find(ticket.text), std::string::npos);
    EXPECT_EQ(files.find(page.state), std::string::npos);
    EXPECT_EQ(files.find(page.proof.reveal()), std::string::npos);
  });
}

TEST_F(AuthorizationTest, a_page_that_cannot_be_made_is_told_to_who_asks_and_leaves_the_ticket_good) {
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const auto ticket = authorization().invite(fiber, key, callback, "");
    const auto good = world_.catalogue.definition;
    oauth({}, [](AuthDefinition& definition) { definition.endpoints.authorization = ""; });
    EXPECT_EQ(error_of([&] { authorization().invite(fiber, key, callback, ""); }), "credentials_invalid");
    EXPECT_EQ(error_of([&] { authorization().begin(fiber, ticket.text); }), "credentials_invalid");
    world_.catalogue.definition = good;
    come_back(fiber, authorization().begin(fiber, ticket.text));
  });
}

TEST_F(AuthorizationTest, another_tenant_neither_begins_nor_hears_of_a_consent) {
  run_in_fiber([&](Fiber& fiber) {
    ConnectionKey key = world_.connect(fiber);
    key.tenant = TenantId("other");
    EXPECT_EQ(error_of([&] { authorization().invite(fiber, key, callback, ""); }), "unknown_connection");
  });
}

TEST_F(AuthorizationTest, many_callbacks_with_one_state_at_once_exchange_one_code) {
  ConsentPage page;
  run_in_fiber([&](Fiber& fiber) { page = open(fiber, world_.connect(fiber)); });
  std::atomic<int> good{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&] {
      run_in_fiber([&](Fiber& fiber) {
        const auto error = error_of([&] { come_back(fiber, page); });
        good += error == "none";
        refused += error == "consent_unknown";
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
    const ConsentPage page = open(fiber, key);
    EXPECT_EQ(error_of([&] { come_back(fiber, page, {{"error", "access_denied"}}); }), "not_authorised");
    EXPECT_EQ(error_of([&] { come_back(fiber, page); }), "consent_unknown");
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
    EXPECT_EQ(come_back(fiber, open(fiber, key)).connection.status, vault::ConnectionStatus::ready);
    EXPECT_EQ(world_.engine().call(fiber, key.tenant, key.id, world_.provider.url("/x")).status, 200);
  });
}

class DeviceTest : public AuthorizationTest {
 protected:
  DeviceTest() {
    oauth([](Auth& auth) { auth.oauth2->grant = Grant::device_code; },
          [&](AuthDefinition& definition) { definition.endpoints.device_authorization = world_.provider.url("/device"); });
    world_.provider.api = [](Fiber&, HttpRequest& request) {
      EXPECT_EQ(request.path, "/device");
      return HttpResponse::json(200, JsonObject{{"device_code", "dev"}, {"user_code", "ABCD"}, {"verification_uri", "http://v"}, {"interval", 5}, {"expires_in", 600}});
    };
    world_.provider.token = [this](Fiber& fiber, const FakeProvider::Call& call) {
      EXPECT_EQ(call.get("device_code"), "dev");
      fiber.sleep_for(delay_);
      if (answers_.empty()) return world_.provider.grant();
      const std::string error = answers_.front();
      answers_.erase(answers_.begin());
      return error == "down" ? HttpResponse::text(503, "down") : FakeProvider::error(error);
    };
  }

  // "waiting 5", "ready", or the code of the failure.
  std::string poll(Fiber& fiber, const TenantId& tenant, const std::string& handle) {
    std::string out;
    const std::string error = error_of([&] {
      const auto outcome = authorization().poll_device(fiber, tenant, handle);
      const auto* waiting = std::get_if<DeviceWaiting>(&outcome);
      out = waiting == nullptr ? std::string(to_string(std::get<Authorised>(outcome).connection.status))
                               : "waiting " + std::to_string(waiting->interval.count());
    });
    return error == "none" ? out : error;
  }
  std::size_t asked() const { return world_.provider.calls().size(); }

  std::vector<std::string> answers_;
  std::chrono::milliseconds delay_{0};
};

TEST_F(DeviceTest, waits_slows_down_and_ends) {
  answers_ = {"authorization_pending", "slow_down", "down"};
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const DeviceCode code = authorization().begin_device(fiber, key);
    EXPECT_EQ(code.user_code, "ABCD");
    const auto poll_now = [&] { return poll(fiber, key.tenant, code.handle); };
    EXPECT_EQ(poll_now(), "waiting 5") << "too early: nobody is asked";
    EXPECT_EQ(asked(), 0u);
    clock_.advance(5s);
    EXPECT_EQ(poll_now(), "waiting 5");
    clock_.advance(5s);
    EXPECT_EQ(poll_now(), "waiting 10") << "slow_down";
    clock_.advance(5s);
    EXPECT_EQ(poll_now(), "waiting 10") << "the interval has grown";
    EXPECT_EQ(asked(), 2u);
    EXPECT_EQ(poll(fiber, TenantId("other"), code.handle), "consent_unknown");
    EXPECT_EQ(error_of([&] { authorization().complete(fiber, {{"code", "c"}, {"state", code.handle}}, ""); }), "consent_unknown");
    clock_.advance(5s);
    EXPECT_EQ(poll_now(), "unavailable") << "and goes on";
    clock_.advance(10s);
    EXPECT_EQ(poll_now(), "ready");
    EXPECT_EQ(poll_now(), "ready") << "whoever asks once more is told so too";
    EXPECT_EQ(poll(fiber, TenantId("other"), code.handle), "consent_unknown");
    EXPECT_EQ(asked(), 4u) << "and nobody else is asked";
    EXPECT_EQ(error_of([&] { authorization().complete(fiber, {{"code", "c"}, {"state", code.handle}}, ""); }), "consent_unknown");
    authorization().revoke(fiber, key);
    EXPECT_EQ(poll_now(), "consent_unknown") << "the grant is gone";
  });
}

TEST_F(DeviceTest, one_that_is_done_ends_the_others_of_its_connection) {
  answers_ = {"authorization_pending"};
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const auto other = world_.connect(fiber, {{"client_id", "me"}, {"client_secret", "client-secret"}}, "other");
    const DeviceCode first = authorization().begin_device(fiber, key), second = authorization().begin_device(fiber, key);
    const DeviceCode elsewhere = authorization().begin_device(fiber, other);
    clock_.advance(5s);
    EXPECT_EQ(poll(fiber, key.tenant, second.handle), "waiting 5");
    EXPECT_EQ(poll(fiber, key.tenant, first.handle), "ready");
    EXPECT_EQ(poll(fiber, key.tenant, second.handle), "ready") << "in another tab";
    EXPECT_EQ(asked(), 2u);
    EXPECT_EQ(poll(fiber, key.tenant, elsewhere.handle), "ready");
    EXPECT_EQ(asked(), 3u) << "the provider is asked about the code of another connection";
  });
}

TEST_F(DeviceTest, a_refusal_and_the_end_of_the_code_end_it) {
  answers_ = {"access_denied"};
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const DeviceCode refused = authorization().begin_device(fiber, key);
    clock_.advance(5s);
    EXPECT_EQ(poll(fiber, key.tenant, refused.handle), "not_authorised");
    EXPECT_EQ(poll(fiber, key.tenant, refused.handle), "consent_unknown");
    answers_ = {"expired_token"};
    const DeviceCode ended = authorization().begin_device(fiber, key);
    clock_.advance(5s);
    EXPECT_EQ(poll(fiber, key.tenant, ended.handle), "not_authorised") << "by the provider's clock";
    EXPECT_EQ(poll(fiber, key.tenant, ended.handle), "consent_unknown");
    const DeviceCode late = authorization().begin_device(fiber, key);
    clock_.advance(600s);
    EXPECT_EQ(poll(fiber, key.tenant, late.handle), "consent_unknown");
    EXPECT_EQ(asked(), 2u);
    EXPECT_EQ(world_.engine().connections().get(fiber, key.tenant, key.id).status,
              vault::ConnectionStatus::needs_authorisation);
  });
}

TEST_F(DeviceTest, of_many_who_ask_at_once_one_asks_the_provider_and_the_others_wait) {
  delay_ = 100ms;
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const DeviceCode code = authorization().begin_device(fiber, key);
    clock_.advance(5s);
    std::vector<std::string> outcomes;
    Scope scope(fiber.loop(), "pollers");
    for (int i = 0; i < 8; ++i)
      scope.spawn([&](Fiber& own) { outcomes.push_back(poll(own, key.tenant, code.handle)); });
    scope.join(fiber);
    EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), "ready"), 1);
    EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), "waiting 5"), 7);
    EXPECT_EQ(asked(), 1u);
  });
}

TEST_F(DeviceTest, every_request_is_kept_without_the_codes) {
  answers_ = {"authorization_pending", "access_denied"};
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    const DeviceCode code = authorization().begin_device(fiber, key);
    poll(fiber, key.tenant, code.handle);
    ASSERT_EQ(kept_.steps.size(), 1u) << "too early: nobody is asked";
    const std::string asked_for = kept_.text(0);
    EXPECT_TRUE(asked_for.starts_with("device_code demo/default\nPOST " + world_.provider.url("/device") + " 200 ")) << asked_for;
    for (const char* part : {R"("device_code":"[redacted]")", R"("user_code":"[redacted]")", R"("verification_uri":"http://v")", R"("interval":5)"})
      EXPECT_TRUE(holds(asked_for, part)) << part << " in " << asked_for;
    EXPECT_FALSE(holds(asked_for, "ABCD")) << asked_for;
    for (int i = 0; i < 2; ++i) {
      clock_.advance(5s);
      poll(fiber, key.tenant, code.handle);
    }
    ASSERT_EQ(kept_.steps.size(), 3u);
    EXPECT_EQ(kept_.steps[1].name, "device_poll");
    EXPECT_TRUE(holds(kept_.text(1), "authorization_pending")) << kept_.text(1);
    EXPECT_FALSE(kept_.steps[1].failure);
    EXPECT_TRUE(kept_.steps[2].failure);
    for (const std::size_t step : {1u, 2u}) EXPECT_TRUE(holds(kept_.text(step), R"("device_code":"[redacted]")")) << kept_.text(step);
  });
}

TEST_F(DeviceTest, a_refused_request_for_a_code_does_not_repeat_the_client_secret) {
  world_.provider.api = [](Fiber&, HttpRequest& request) {
    const std::string sent(request.headers.get("Authorization").value_or(""));
    const std::string basic = crypto::from_base64(sent.substr(6)).value_or("");
    return HttpResponse::json(401, JsonObject{{"error", "invalid_client"}, {"error_description", "wrong: " + basic + ", " + sent}});
  };
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    EXPECT_EQ(error_of([&] { authorization().begin_device(fiber, key); }), "not_authorised");
    ASSERT_EQ(kept_.steps.size(), 1u);
    EXPECT_TRUE(holds(kept_.text(0), "wrong: me:[secret], Basic [secret])")) << kept_.text(0);
    EXPECT_FALSE(holds(kept_.text(0), "client-secret")) << kept_.text(0);
  });
}

TEST_F(AuthorizationTest, a_revocation_is_kept_without_its_token) {
  oauth({}, [&](AuthDefinition& definition) { definition.endpoints.revocation = world_.provider.url("/revoke"); });
  world_.provider.api = [&](Fiber&, HttpRequest&) { return HttpResponse::json(400, JsonObject{{"error", "unsupported_token_type"}, {"token", "refresh-0"}}); };
  run_in_fiber([&](Fiber& fiber) {
    authorization().revoke(fiber, world_.authorised(fiber));
    ASSERT_EQ(kept_.steps.size(), 1u);
    const std::string text = kept_.text(0);
    EXPECT_TRUE(text.starts_with("revocation demo/default\nPOST " + world_.provider.url("/revoke") + " 400 ")) << text;
    EXPECT_TRUE(holds(text, R"("token_type_hint":"refresh_token")") && holds(text, "unsupported_token_type")) << text;
    EXPECT_FALSE(holds(text, "refresh-0")) << text;
  });
}

TEST_F(AuthorizationTest, that_nobody_can_keep_a_request_ends_no_consent) {
  struct Away final : AuthorisationKeeper {
    void keep(Fiber&, const Step&) override { throw Failure(FailureKind::unavailable, "the store is away"); }
  } away;
  authorization().keep_requests(away);
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.connect(fiber);
    EXPECT_EQ(come_back(fiber, open(fiber, key)).connection.status, vault::ConnectionStatus::ready);
  });
}

TEST_F(AuthorizationTest, revoking_tells_the_provider_which_token_there_is) {
  std::vector<std::string> bodies;
  oauth({}, [&](AuthDefinition& definition) { definition.endpoints.revocation = world_.provider.url("/revoke"); });
  world_.provider.api = [&](Fiber&, HttpRequest& request) {
    bodies.push_back(request.path + " " + request.body);
    return HttpResponse::text(200, "");
  };
  run_in_fiber([&](Fiber& fiber) {
    const auto both = world_.authorised(fiber);
    authorization().revoke(fiber, both);
    ASSERT_EQ(bodies.size(), 1u);
    EXPECT_TRUE(bodies[0].starts_with("/revoke token=refresh-0&token_type_hint=refresh_token")) << bodies[0];
    world_.engine().connections().remove(fiber, both.tenant, both.id);
    const auto access_alone = world_.authorised(fiber, 3600, "");
    authorization().revoke(fiber, access_alone);
    ASSERT_EQ(bodies.size(), 2u);
    EXPECT_TRUE(bodies[1].starts_with("/revoke token=access-0&token_type_hint=access_token")) << bodies[1];
    EXPECT_EQ(world_.engine().connections().get(fiber, access_alone.tenant, access_alone.id).status,
              vault::ConnectionStatus::needs_authorisation);
    authorization().revoke(fiber, access_alone);
    EXPECT_EQ(bodies.size(), 2u) << "nothing is left to revoke";
  });
}

TEST_F(AuthorizationTest, revoking_what_went_with_its_key_forgets_it_here) {
  oauth({}, [&](AuthDefinition& definition) { definition.endpoints.revocation = world_.provider.url("/revoke"); });
  run_in_fiber([&](Fiber& fiber) {
    const auto key = world_.authorised(fiber);
    auto& connections = world_.engine().connections();
    world_.store().write(fiber, [&](Transaction& tx) {
      connections.vault().destroy_tenant_keys(tx, key.tenant);
    });
    authorization().revoke(fiber, key);
    EXPECT_EQ(world_.provider.api_calls.load(), 0);
    const auto shown = connections.get(fiber, key.tenant, key.id);
    EXPECT_EQ(shown.status, vault::ConnectionStatus::needs_authorisation);
    EXPECT_EQ(shown.status_reason, "revoked here");
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
                                                {"authorization_response_iss_parameter_supported", names_issuer_.load()},
                                                {"jwks_uri", world_.provider.url("/jwks")}});
    };
    world_.provider.token = [this](Fiber&, const FakeProvider::Call&) {
      return HttpResponse::json(200, JsonObject{{"access_token", "x"}, {"id_token", sign_jwt(claims_, keys_.back(), std::to_string(keys_.size()))}});
    };
  }

  std::string attempt(Fiber& fiber, const std::function<void()>& change = {}) {
    const auto key = world_.connect(fiber, {{"client_id", "me"}, {"client_secret", "s"}}, "n" + std::to_string(++number_));
    const ConsentPage page = open(fiber, key);
    const std::int64_t seconds = clock_.now().time_since_epoch().count() / 1000;
    claims_ = {{"iss", world_.provider.url()}, {"aud", "me"}, {"sub", "u"}, {"iat", seconds}, {"exp", seconds + 300}, {"nonce", get(parameters(page.url), "nonce")}};
    if (change) change();
    return error_of([&] { come_back(fiber, page, answer_); });
  }

  int number_ = 0;
  std::atomic<bool> names_issuer_{false};
  std::vector<Parameter> answer_ = {{"code", "c"}};
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

TEST_F(OidcTest, takes_no_answer_of_another_issuer) {
  run_in_fiber([&](Fiber& fiber) {
    answer_ = {{"code", "c"}, {"iss", "https://evil.test"}};
    EXPECT_EQ(attempt(fiber), "another_issuer");
    EXPECT_TRUE(world_.provider.calls().empty()) << "its code went nowhere";
    answer_ = {{"error", "access_denied"}, {"iss", "https://evil.test"}};
    EXPECT_EQ(attempt(fiber), "another_issuer");
    answer_ = {{"code", "c"}, {"iss", world_.provider.url()}};
    EXPECT_EQ(attempt(fiber), "none");
  });
}

TEST_F(OidcTest, takes_no_answer_without_the_issuer_from_a_provider_that_promises_it) {
  names_issuer_ = true;
  run_in_fiber([&](Fiber& fiber) {
    EXPECT_EQ(attempt(fiber), "another_issuer");
    answer_ = {{"code", "c"}, {"iss", world_.provider.url()}};
    EXPECT_EQ(attempt(fiber), "none");
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
