#include "engine/connection_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/field_options.h"
#include "engine/run_calls.h"
#include "engine/test_engine.h"

namespace junctor {
namespace {

using connector::TestApi;
using testing::HasSubstr;
using vault::HealthState;

std::string shop(const std::string& more = "") {
  return R"(slug: shop
endpoints: {base_url: "{vars.base_url}"}
auth: {type: bearer}
vars:
  base_url: {type: url}
  token: {type: password}
  folder: {type: select, required: false, when: after_auth, options_from: {action: list_folders, input: {kind: "=vars.kind"}, map: "folders.{'value': id, 'label': title}"}}
  kind: {required: false, default: mail}
  region: {type: select, required: false, options_from: {action: list_regions}}
  size: {type: select, required: false, options: [{value: 1, label: Small}, {value: 2, label: Large}]}
actions:
  health: {api: {path: /me, cache: 1h}}
  list_folders: {params: {kind: {}}, api: {path: /folders}}
  list_regions: {api: {path: /regions, anonymous: true}}
)" + more;
}

HttpResponse serve(const HttpRequest& request) {
  if (request.path == "/regions") return HttpResponse::json(200, JsonArray{"eu", "us"});
  if (request.headers.get("Authorization") != "Bearer right")
    return HttpResponse::json(401, JsonObject{{"message", "bad token"}});
  if (request.path == "/folders")
    return HttpResponse::json(
        200, JsonObject{{"folders", JsonArray{JsonObject{{"id", 7}, {"title", request.query_value("kind").value_or("")}}}}});
  return HttpResponse::json(200, JsonObject{{"name", "somebody"}});
}

JsonObject vars(const std::string& url, const std::string& token = "right") {
  return {{"base_url", url}, {"token", token}};
}

TEST(ConnectionCheck, records_that_a_connection_works_and_since_when) {
  TestApi api([](const HttpRequest& request, std::size_t) { return serve(request); });
  TestEngine engine({shop()});
  run_in_fiber([&](Fiber& fiber) {
    const auto made = engine.connect(fiber, "shop", vars(api.url()));
    EXPECT_EQ(made.health.state, HealthState::unknown);
    engine.connections.test(fiber, default_tenant(), made.id, engine.check);
    const auto after = engine.connections.get(fiber, default_tenant(), made.id);
    EXPECT_EQ(after.health.state, HealthState::healthy);
    EXPECT_EQ(after.health.message, "");
    EXPECT_TRUE(after.health.checked_at && after.health.latency);
    EXPECT_EQ(after.version, made.version) << "a test changes nothing that a person entered";
  });
}

TEST(ConnectionCheck, tells_why_a_connection_fails_and_asks_anew_each_time) {
  std::atomic<bool> broken{false};
  TestApi api([&](const HttpRequest& request, std::size_t) {
    return broken ? HttpResponse::text(500, "no") : serve(request);
  });
  TestEngine engine({shop()});
  run_in_fiber([&](Fiber& fiber) {
    const auto wrong = engine.connect(fiber, "shop", vars(api.url(), "wrong"), "wrong");
    auto health = engine.connections.test(fiber, default_tenant(), wrong.id, engine.check);
    EXPECT_EQ(health.state, HealthState::failing);
    EXPECT_THAT(health.message, HasSubstr("401"));
    EXPECT_THAT(health.message, HasSubstr("bad token"));
    EXPECT_THAT(health.message, testing::Not(HasSubstr("wrong")));
    const auto right = engine.connect(fiber, "shop", vars(api.url()), "right");
    EXPECT_EQ(engine.connections.test(fiber, default_tenant(), right.id, engine.check).state, HealthState::healthy);
    broken = true;  // the action has a cache, which a test does not read
    EXPECT_EQ(engine.connections.test(fiber, default_tenant(), right.id, engine.check).state, HealthState::failing);
  });
}

TEST(ConnectionCheck, tells_when_the_host_is_away) {
  std::string gone;
  { gone = TestApi([](const HttpRequest& request, std::size_t) { return serve(request); }).url(); }
  TestEngine engine({shop("api_defaults: {retry: {attempts: 1}}\n")});
  run_in_fiber([&](Fiber& fiber) {
    const auto made = engine.connect(fiber, "shop", vars(gone));
    const auto health = engine.connections.test(fiber, default_tenant(), made.id, engine.check);
    EXPECT_EQ(health.state, HealthState::failing);
    EXPECT_FALSE(health.message.empty());
  });
}

TEST(ConnectionCheck, proves_a_disabled_connection_that_no_call_may_use) {
  TestApi api([](const HttpRequest& request, std::size_t) { return serve(request); });
  TestEngine engine({shop()});
  run_in_fiber([&](Fiber& fiber) {
    const auto made = engine.connect(fiber, "shop", vars(api.url()));
    vault::ConnectionChange off;
    off.enabled = vault::Enabled::no;
    engine.connections.update(fiber, default_tenant(), made.id, off);
    EXPECT_EQ(TestEngine::error_of([&] { engine.call(fiber, "shop", "health"); }), "disabled_connection");
    EXPECT_EQ(engine.connections.test(fiber, default_tenant(), made.id, engine.check).state, HealthState::healthy);
  });
}

TEST(ConnectionCheck, says_what_to_do_about_an_ended_grant_or_one_never_given) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path != "/token") return HttpResponse::text(401, "old");
    return HttpResponse::json(400, JsonObject{{"error", "invalid_grant"}, {"error_description", "revoked"}});
  });
  const std::string definition = R"(slug: mail
endpoints: {base_url: "URL", authorization: "URL/authorize", token: "URL/token"}
auth: {type: oauth2, oauth2: {grant: authorization_code}}
vars: {client_id: {}, client_secret: {type: password}}
actions: {health: {api: {path: /me}}}
)";
  std::string text = definition;
  for (auto at = text.find("URL"); at != std::string::npos; at = text.find("URL")) text.replace(at, 3, api.url());
  TestEngine engine({text});
  run_in_fiber([&](Fiber& fiber) {
    const auto made = engine.connect(fiber, "mail", {{"client_id", "me"}, {"client_secret", "s"}});
    auto health = engine.connections.test(fiber, default_tenant(), made.id, engine.check);
    EXPECT_EQ(health.state, HealthState::failing);
    EXPECT_THAT(health.message, HasSubstr("authori"));

    auth::TokenGrant grant;
    grant.access_token = Secret("old");
    grant.refresh_token = Secret("old");
    grant.expires_in = std::chrono::seconds(3600);
    const auth::ConnectionKey key{default_tenant(), made.id};
    engine.store->write(fiber, [&](Transaction& tx) {
      engine.tokens.tokens().store_consent(tx, key, grant, *engine.catalogue.find("mail")->methods.front().oauth2,
                                           system_clock().now());
      engine.connections.set_status(tx, key.tenant, key.id, vault::ConnectionStatus::ready, "");
    });
    health = engine.connections.test(fiber, default_tenant(), made.id, engine.check);
    EXPECT_EQ(health.state, HealthState::failing);
    EXPECT_EQ(engine.connections.get(fiber, default_tenant(), made.id).status, vault::ConnectionStatus::grant_expired);
    EXPECT_THAT(health.message, HasSubstr("uthorise"));
  });
}

TEST(ConnectionCheck, refuses_an_integration_without_a_test_action) {
  TestEngine engine({"slug: bare\nvars: {note: {}}\nactions: {other: {api: {path: /}, output: {}}}\n"
                     "endpoints: {base_url: \"http://127.0.0.1:1\"}\n"});
  run_in_fiber([&](Fiber& fiber) {
    const auto made = engine.connect(fiber, "bare", {{"note", "x"}});
    EXPECT_EQ(TestEngine::error_of([&] { engine.connections.test(fiber, default_tenant(), made.id, engine.check); }),
              "unsupported");
  });
}

TEST(FieldOptions, come_from_the_definition_or_an_action_with_the_connections_vars) {
  TestApi api([](const HttpRequest& request, std::size_t) { return serve(request); });
  TestEngine engine({shop()});
  run_in_fiber([&](Fiber& fiber) {
    const auto made = engine.connect(fiber, "shop", vars(api.url()));
    const auto of = [&](const std::string& field) {
      return Json(field_options(fiber, engine.actions, default_tenant(), {"shop", field, made, {}}));
    };
    EXPECT_EQ(of("folder"), (Json(JsonArray{JsonObject{{"value", 7}, {"label", "mail"}}})));
    EXPECT_EQ(of("size"), (Json(JsonArray{JsonObject{{"value", 1}, {"label", "Small"}},
                                          JsonObject{{"value", 2}, {"label", "Large"}}})));
    EXPECT_EQ(of("region").as_array().size(), 2u);
    EXPECT_EQ(TestEngine::error_of([&] { of("token"); }), "unsupported");
    EXPECT_EQ(TestEngine::error_of([&] { of("nothing"); }), "not_found");
  });
}

TEST(FieldOptions, are_fetched_in_a_run_that_holds_no_secret_of_the_form) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    return request.path == "/regions" ? HttpResponse::json(500, JsonObject{{"said", request.query_value("q").value_or("")}}) : serve(request);
  });
  std::string definition = shop();
  definition.replace(definition.find("{action: list_regions}"), 22, "{action: list_regions, input: {q: \"=vars.token\"}}");
  definition.replace(definition.find("list_regions: {api: {path: /regions,"), 36, "list_regions: {params: {q: {}}, api: {path: /regions, retry: {attempts: 1},");
  TestEngine engine({definition});
  run_in_fiber([&](Fiber& fiber) {
    const auto made = engine.connect(fiber, "shop", vars(api.url()));
    field_options(fiber, engine.actions, default_tenant(), {"shop", "folder", made, {}});
    EXPECT_EQ(TestEngine::error_of([&] { field_options(fiber, engine.actions, default_tenant(), {"shop", "region", std::nullopt, vars(api.url(), "canary-token")}); }),
              "unavailable");
  });
  engine.store->read_blocking([&](Snapshot& view) {
    const auto found = runs::list(view, default_tenant(), {});
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[1].subject + " " + found[1].trigger + " " + found[1].connection, "list_folders options shop/default");
    EXPECT_EQ(found[1].status, RunStatus::completed);
    EXPECT_EQ(found[0].status, RunStatus::failed);
    std::string all;
    for (const RunRow& run : found) {
      const auto calls = runs::calls(view, default_tenant(), RunId::parse(run.id).value(), runs::CallDetails::with).calls;
      EXPECT_EQ(calls.size(), 1u) << run.subject;
      all += run.input + run.error;
      for (const RunCall& call : calls) all += call.url + call.detail + call.failure;
    }
    EXPECT_THAT(all, HasSubstr("/regions?q="));
    EXPECT_THAT(all, testing::Not(HasSubstr("canary-token")));
  });
}

// A page in HTML, where a list was promised or not.
TEST(FieldOptions, that_the_provider_does_not_give_are_its_failure) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::text(200, "<html>maintenance</html>", "text/html"); });
  TestEngine engine({shop("  list_places: {api: {path: /places, anonymous: true}, output: {type: array}}\n")});
  run_in_fiber([&](Fiber& fiber) {
    const auto made = engine.connect(fiber, "shop", vars(api.url()));
    try {
      engine.call(fiber, "shop", "list_places");
      ADD_FAILURE() << "HTML is taken for a list";
    } catch (const ProviderFailure& failure) {
      EXPECT_EQ(failure.answer().status, 200);
      EXPECT_THAT(failure.message(), HasSubstr("shop gave an answer to list_places that does not fit its schema"));
      EXPECT_THAT(failure.message(), testing::Not(HasSubstr("maintenance")));
    }
    try {
      field_options(fiber, engine.actions, default_tenant(), {"shop", "region", made, {}});
      ADD_FAILURE() << "HTML is taken for a choice";
    } catch (const ProviderFailure& failure) {
      EXPECT_EQ(failure.answer().status, 200);
      EXPECT_EQ(failure.message(), "the options of region cannot be read: the output of list_regions is no list; a list of {value, label} or of "
                                   "values is expected");
    }
  });
}

// Whoever may read a connection need not know its secrets.
TEST(FieldOptions, repeat_no_credential) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    const std::string sent(request.headers.get("Authorization").value_or(""));
    return HttpResponse::json(200, JsonObject{{"folders", JsonArray{JsonObject{{"id", sent}, {"title", "of " + sent.substr(7)}}}}});
  });
  TestEngine engine({shop()});
  run_in_fiber([&](Fiber& fiber) {
    const auto made = engine.connect(fiber, "shop", vars(api.url(), "canary-4711"));
    EXPECT_EQ(Json(field_options(fiber, engine.actions, default_tenant(), {"shop", "folder", made, {}})),
              Json(JsonArray{JsonObject{{"value", "[redacted]"}, {"label", "of [redacted]"}}}));
  });
}

// The definition's or the provider's fault, and not that of whoever asks.
TEST(FieldOptions, without_a_value_name_the_expression_and_the_row) {
  TestApi api([](const HttpRequest& request, std::size_t) {
    if (request.path == "/regions") return HttpResponse::json(200, JsonArray{"eu", nullptr});
    return HttpResponse::json(200, JsonObject{{"folders", JsonArray{JsonObject{{"id", 7}}, JsonObject{{"title", "lost"}}}}});
  });
  TestEngine engine({shop()});
  run_in_fiber([&](Fiber& fiber) {
    const auto made = engine.connect(fiber, "shop", vars(api.url()));
    const auto fault = [&](const char* field) -> std::string {
      try {
        field_options(fiber, engine.actions, default_tenant(), {"shop", field, made, {}});
      } catch (const ProviderFailure& failure) {
        return std::string(to_string(failure.kind())) + ": " + failure.message();
      }
      return "none";
    };
    EXPECT_EQ(fault("folder"), "unavailable: the options of folder cannot be read: vars.folder.options_from.map over the output of "
                               "list_folders gave no `value`, a text, number or boolean, for row 2");
    EXPECT_EQ(fault("region"), "unavailable: the options of region cannot be read: the output of list_regions gave no `value`, a text, "
                               "number or boolean, for row 2");
  });
}

TEST(FieldOptions, without_a_connection_only_where_no_credentials_are_needed) {
  TestApi api([](const HttpRequest& request, std::size_t) { return serve(request); });
  TestEngine engine({shop()});
  run_in_fiber([&](Fiber& fiber) {
    const auto of = [&](const std::string& field) {
      return field_options(fiber, engine.actions, default_tenant(), {"shop", field, std::nullopt, vars(api.url())});
    };
    EXPECT_EQ(Json(of("region")), (Json(JsonArray{JsonObject{{"value", "eu"}, {"label", "eu"}},
                                                  JsonObject{{"value", "us"}, {"label", "us"}}})));
    EXPECT_EQ(TestEngine::error_of([&] { of("folder"); }), "not_authorised");
  });
}

}  // namespace
}  // namespace junctor
