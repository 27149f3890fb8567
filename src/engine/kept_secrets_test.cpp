// A provider, or a handler, that repeats a credential: its caller gets the answer, what is kept has none of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "engine/test_engine.h"
#include "json/serialize.h"

namespace junctor {
namespace {

using connector::TestApi;

constexpr const char* canary = "canary-0815-4711";

std::string definition(const std::string& url) {
  return "slug: echo\nendpoints: {base_url: \"" + url + R"("}
auth: {type: api_key, api_key: {name: X-Key, value: "=vars.key"}}
vars:
  key: {type: password}
actions:
  get: {params: {a: {}}, api: {path: /x}}
  cached: {api: {path: /x, cache: {ttl: 5m, store: store}}}
  named: {api: {path: /named, cache: {ttl: 5m, store: store}}}
  plain: {api: {path: /plain, cache: {ttl: 5m, store: store}}}
  by_url: {api: {path: /pages, pagination: {kind: next_url, next: next, items: items}}}
  by_header: {api: {path: /cursors, pagination: {kind: cursor, in: header, param: X-Cursor, next: next, items: items}}}
  wrong: {api: {path: /x, response: {map: '$number(echo)'}}}
  work: {api: {path: /unused}}
)";
}

// Replaces the action `work` by a handler.
void set_handler(TestEngine& engine, const std::string& url, std::function<Json(Context&, const Json&)> handler) {
  Integration integration = connector::load_integration(definition(url), "test.yaml").value_or_throw();
  for (Action& action : integration.actions)
    if (action.slug == "work") {
      action.api.reset();
      action.handler = ActionHandler(std::move(handler));
    }
  engine.registry.set(std::make_shared<Registry>(
      std::vector{LoadedIntegration::load(std::move(integration)).value_or_throw()}));
}

class KeptSecrets : public testing::Test {
 protected:
  HttpResponse answer(const HttpRequest& request) {
    if (request.path == "/plain") return HttpResponse::json(200, JsonObject{{"n", 1}});
    if (request.path == "/named") return HttpResponse::json(200, JsonObject{{"access_token", "fresh-token"}});
    const std::string key(*request.headers.get("X-Key"));
    if (request.path == "/pages")
      return HttpResponse::json(200, JsonObject{{"items", JsonArray{1}}, {"next", api_.url() + "/more/" + key + "?k=" + key}});
    if (request.path == "/cursors" && !request.headers.contains("X-Cursor"))
      return HttpResponse::json(200, JsonObject{{"items", JsonArray{1}}, {"next", key}});
    return HttpResponse::json(200, JsonObject{{"echo", "sent " + std::string(*request.headers.get("X-Key"))}});
  }

  Json call(Fiber& fiber, const std::string& action, RunId run = RunId::generate()) {
    CallScope scope;
    scope.tenant = default_tenant();
    scope.run = run;
    return engine_.actions.call(fiber, scope, "echo", action, JsonObject(), trace_);
  }

  // Every text that some table holds.
  std::string stored() {
    return engine_.store->read_blocking([&](Snapshot& view) {
      std::string out;
      for (const char* query : {"SELECT output FROM run_steps", "SELECT value FROM records", "SELECT value FROM kept_answers",
                                "SELECT payload FROM events"})
        view.for_each(query, [&](const Row& row) { out += std::string(row.text(0)) + "\n"; });
      return out;
    });
  }

  TestApi api_{[this](const HttpRequest& request, std::size_t) { return answer(request); }};
  TestEngine engine_{{definition(api_.url())}};
  CallTrace trace_;
};

TEST_F(KeptSecrets, an_output_is_given_whole_and_kept_without) {
  run_in_fiber([&](Fiber& fiber) {
    engine_.connect(fiber, "echo", {{"key", canary}});
    const Json output = call(fiber, "get");
    EXPECT_EQ(output.at("echo"), Json("sent " + std::string(canary)));
    EXPECT_EQ(trace_.shown_output(output), R"({"echo":"sent [redacted]"})");
    EXPECT_EQ(trace_.shown_output(JsonObject{{"new", JsonObject{{"client_secret", "x"}, {"name", "y"}}}}),
              R"({"new":{"client_secret":"[redacted]","name":"y"}})");
  });
}

TEST_F(KeptSecrets, a_credential_that_leads_to_the_next_page_is_kept_nowhere) {
  run_in_fiber([&](Fiber& fiber) {
    engine_.connect(fiber, "echo", {{"key", canary}});
    call(fiber, "by_url");
    call(fiber, "by_header");
    EXPECT_EQ(api_.seen().at(1).path, "/more/" + std::string(canary)) << "it is followed all the same";
    EXPECT_EQ(api_.seen().at(3).headers.get("X-Cursor"), canary);
    std::string kept;
    for (const auto& one : trace_.shown_calls()) {
      kept += one.url + "\n";
      for (const auto& [name, value] : one.request_headers) kept += name + ": " + value + "\n";
    }
    EXPECT_THAT(kept, testing::HasSubstr("/more/[redacted]?k=[redacted]"));
    EXPECT_THAT(kept, testing::HasSubstr("X-Cursor: [redacted]"));
    EXPECT_THAT(kept, testing::Not(testing::HasSubstr(canary)));
  });
}

TEST_F(KeptSecrets, a_recorded_call_is_bounded_behind_the_search_for_secrets) {
  connector::RecordedCall call;
  call.url = "https://api.example/" + std::string(100'000, 'a');
  call.request_headers = {{"X-Long", std::string(connector::recorded_header_bytes - 4, 'a') + canary}};
  call.response_headers = {{"X-Wide", std::string(connector::recorded_header_bytes - 1, 'a') + "é"}};
  trace_.secrets.add(canary);
  trace_.record(call);
  const auto shown = trace_.shown_calls().at(0);
  EXPECT_EQ(shown.url.size(), connector::recorded_url_bytes + std::string("…").size());
  EXPECT_THAT(shown.request_headers[0].second, testing::EndsWith("aa[red…")) << "no part of the secret is left";
  EXPECT_EQ(shown.response_headers[0].second, std::string(connector::recorded_header_bytes - 1, 'a') + "…");
}

TEST_F(KeptSecrets, answers_with_secrets_do_not_outlive_the_process_in_a_cache) {
  run_in_fiber([&](Fiber& fiber) {
    engine_.connect(fiber, "echo", {{"key", canary}});
    const auto asked = [&](const std::string& action) {
      const std::size_t before = api_.seen().size();
      call(fiber, action);
      call(fiber, action);
      return api_.seen().size() - before;
    };
    EXPECT_EQ(asked("plain"), 1u);
    EXPECT_THAT(stored(), testing::HasSubstr("{\"n\":1}")) << "what holds no secret is shared";
    EXPECT_EQ(asked("cached"), 2u) << "what repeats a credential is kept nowhere";
    EXPECT_EQ(asked("named"), 1u) << "what is only named like one stays in memory";
    EXPECT_THAT(stored(), testing::Not(testing::AnyOf(testing::HasSubstr("canary"), testing::HasSubstr("fresh-token"))));
  });
}

TEST_F(KeptSecrets, steps_of_handlers_are_sealed_and_come_back_whole) {
  int made = 0;
  std::vector<Json> given;
  set_handler(engine_, api_.url(), [&](Context& context, const Json&) -> Json {
    given.push_back(context.step("ask", [&] {
      ++made;
      return context.call("get", JsonObject());
    }));
    return JsonObject();
  });
  run_in_fiber([&](Fiber& fiber) {
    engine_.connect(fiber, "echo", {{"key", canary}});
    const RunId run = RunId::generate();
    call(fiber, "work", run);
    trace_ = CallTrace();
    call(fiber, "work", run);
    EXPECT_EQ(made, 1);
    ASSERT_EQ(given.size(), 2u);
    EXPECT_EQ(given[0], given[1]);
    EXPECT_THAT(json::to_text(given[1]), testing::HasSubstr(canary));
    EXPECT_THAT(stored(), testing::Not(testing::HasSubstr(canary)));
    EXPECT_THAT(stored(), testing::HasSubstr("[redacted]"));
    const auto secrets = [&] {
      return engine_.store->read_blocking([&](Snapshot& view) {
        return *view.value<std::int64_t>("SELECT count(*) FROM vault_secrets WHERE owner = ?", runs::owner_of(run));
      });
    };
    EXPECT_EQ(secrets(), 1);
    engine_.store->write_blocking([&](Transaction& tx) {
      RunStart start;
      start.tenant = default_tenant();
      start.id = run;
      start.at = Timestamp(std::chrono::milliseconds(1));
      RunEnd end;
      end.at = Timestamp(std::chrono::milliseconds(2));
      runs::record(tx, start, end);
      return runs::forget(tx, Timestamp(std::chrono::milliseconds(9)), 10,
                          [&](Transaction& inner, const TenantId& tenant, RunId id) {
                            engine_.vault.erase_owner(inner, tenant, runs::owner_of(id));
                          });
    });
    EXPECT_EQ(secrets(), 0) << "forgotten with its run";
  });
}

TEST_F(KeptSecrets, handlers_cannot_put_a_credential_into_events_records_or_logs) {
  set_handler(engine_, api_.url(), [](Context& context, const Json&) -> Json {
    const Secret key = context.secret("key");
    const JsonObject leak{{"id", "1"}, {"key", key.reveal()}};
    context.emit("echo.leaked", leak);
    context.transaction([&](Records& records) { records.put("things", "1", leak); });
    context.log(LogLevel::info, "used " + std::string(key.reveal()));
    return JsonObject();
  });
  run_in_fiber([&](Fiber& fiber) {
    engine_.connect(fiber, "echo", {{"key", canary}});
    const RunId run = RunId::generate();
    call(fiber, "work", run);
    engine_.store->write_blocking([&](Transaction& tx) { store_trace(tx, default_tenant(), run, trace_); });
    const auto lines = engine_.store->read_blocking([&](Snapshot& view) { return runs::logs(view, default_tenant(), run); });
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].message, "used [redacted]");
    EXPECT_THAT(stored(), testing::HasSubstr(R"("key":"[redacted]")"));
    EXPECT_THAT(stored(), testing::Not(testing::HasSubstr(canary)));
  });
}

TEST_F(KeptSecrets, no_failure_repeats_a_credential_whoever_words_it) {
  set_handler(engine_, api_.url(), [](Context& context, const Json& input) -> Json {
    const Secret key = context.secret("key");
    const std::string said = "refused " + std::string(key.reveal());
    if (input.get_object().contains("own")) throw std::runtime_error(said);
    throw Failure(FailureKind::unavailable, said, said).retry_after(std::chrono::seconds(7));
  });
  run_in_fiber([&](Fiber& fiber) {
    engine_.connect(fiber, "echo", {{"key", canary}});
    const auto told = [&](const char* action, const Json& input = JsonObject()) {
      CallScope scope;
      scope.tenant = default_tenant();
      scope.run = RunId::generate();
      try {
        engine_.actions.call(fiber, scope, "echo", action, input, trace_);
      } catch (const Failure& failure) {
        return std::string(to_string(failure.kind())) + ": " + failure.message() + " | " + failure.detail() +
               (failure.retry_after() ? " | later" : "");
      }
      return std::string("none");
    };
    EXPECT_THAT(told("wrong"), testing::AllOf(testing::HasSubstr("invalid: an expression"), testing::HasSubstr("\"sent [redacted]\"")));
    EXPECT_EQ(told("work"), "unavailable: refused [redacted] | refused [redacted] | later");
    EXPECT_EQ(told("work", JsonObject{{"own", true}}), "bug: echo.work failed with an error of its own; the log has it | refused [redacted]");
  });
}

// The time beside a signature goes out like a secret, and is the team's data all the same.
TEST_F(KeptSecrets, data_that_looks_like_something_that_was_sent_stays_whole) {
  set_handler(engine_, api_.url(), [](Context& context, const Json&) -> Json {
    const JsonObject data{{"id", "1"}, {"at", 1764324123}, {"pin", "4711"}};
    context.emit("echo.counted", data);
    context.transaction([&](Records& records) { records.put("things", "1", data); });
    return JsonObject();
  });
  run_in_fiber([&](Fiber& fiber) {
    engine_.connect(fiber, "echo", {{"key", canary}});
    trace_.secrets.add("1764324123", connector::SecretKind::sent);
    trace_.secrets.add("4711");
    call(fiber, "work");
    EXPECT_THAT(stored(), testing::HasSubstr(R"({"at":1764324123,"id":"1","pin":"4711"})"));
    EXPECT_THAT(stored(), testing::HasSubstr(R"({"id":"1","at":1764324123,"pin":"4711"})"));
  });
}

}  // namespace
}  // namespace junctor
