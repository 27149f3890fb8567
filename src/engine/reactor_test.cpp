#include "engine/reactor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "engine/test_reactions.h"

namespace junctor {
namespace {

// A chat that takes messages, and what starts calls to it.
std::string chat(const std::string& reactions) {
  return R"(
slug: chat
endpoints: {base_url: "{api}"}
actions:
  post:
    params: {text: {required: true}}
    api:
      method: POST
      path: /messages
      idempotency: {header: Idempotency-Key}
      retry: {attempts: 1}
)" + reactions;
}

HttpResponse ok() { return HttpResponse::json(200, JsonObject{{"ok", true}}); }
std::string key_of(const HttpRequest& request) {
  return std::string(request.headers.get("Idempotency-Key").value_or(""));
}

TEST(Reactor, a_pass_maps_an_event_and_calls) {
  ReactingEngine engine([](const HttpRequest&, std::size_t) { return ok(); });
  engine.load({chat("pass:\n  announce: {topics: [shop.*], to: {action: post}, "
                    "filter: 'total > 10', map: \"{'text': $event.topic & ' ' & total}\"}\n")});
  engine.with_reactor([&](Fiber& fiber, Reactor&) {
    engine.publish(fiber, "shop.small", R"({"total": 3})");
    engine.publish(fiber, "shop.paid", R"({"total": 30})");
    const RunRow run = engine.run_of(fiber, "announce", RunStatus::completed);
    EXPECT_EQ(run.trigger, "event");
    EXPECT_EQ(run.attempt, 1);
  });
  const auto calls = engine.api.seen();
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].body, R"({"text":"shop.paid 30"})");
}

TEST(Reactor, a_run_names_the_connection_that_its_call_used) {
  ReactingEngine engine([](const HttpRequest&, std::size_t) { return ok(); });
  engine.load({chat("vars: {room: {}}\npass: {announce: {topics: [shop.*], to: {action: post}, map: \"{'text': 'x'}\"}}\n")});
  engine.with_reactor([&](Fiber& fiber, Reactor&) {
    engine.connect(fiber, "chat", {{"room", "a"}}, "team");
    engine.publish(fiber, "shop.paid", "{}");
    EXPECT_EQ(engine.run_of(fiber, "announce", RunStatus::completed).connection, "chat/team");
  });
}

TEST(Reactor, a_call_that_failed_comes_again_with_the_same_key) {
  ReactingEngine engine([](const HttpRequest&, std::size_t call) {
    return call < 2 ? HttpResponse::text(503, "busy") : ok();
  });
  engine.load({chat("pass: {announce: {topics: [shop.*], to: {action: post}, map: \"{'text': 'x'}\"}}\n")});
  engine.with_reactor([&](Fiber& fiber, Reactor&) {
    engine.publish(fiber, "shop.paid", "{}");
    EXPECT_EQ(engine.run_of(fiber, "announce", RunStatus::completed).attempt, 3);
  });
  const auto calls = engine.api.seen();
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_FALSE(key_of(calls[0]).empty());
  EXPECT_EQ(key_of(calls[0]), key_of(calls[1]));
  EXPECT_EQ(key_of(calls[0]), key_of(calls[2]));
}

TEST(Reactor, what_no_attempt_can_mend_is_a_dead_letter_at_once) {
  ReactingEngine engine([](const HttpRequest&, std::size_t) { return HttpResponse::text(422, "no such channel"); });
  engine.load({chat("pass: {announce: {topics: [shop.*], to: {action: post}, map: \"{'text': 'x'}\"}}\n")});
  engine.with_reactor([&](Fiber& fiber, Reactor&) {
    engine.publish(fiber, "shop.paid", "{}");
    const RunRow run = engine.run_of(fiber, "announce", RunStatus::failed);
    EXPECT_EQ(run.attempt, 1);
    EXPECT_THAT(run.error, testing::HasSubstr("422"));
    const auto stats = engine.store->read(fiber, [&](Snapshot& view) {
      return queue::queue_stats(view, default_tenant(), system_clock().now());
    });
    ASSERT_EQ(stats.size(), 1u);
    EXPECT_EQ(stats[0].dead_letters, 1);
    EXPECT_EQ(stats[0].unaccounted(), 0);
  });
  EXPECT_EQ(engine.api.seen().size(), 1u);
}

TEST(Reactor, what_it_keeps_lacks_what_the_action_declares_and_what_opens_something) {
  constexpr const char* canary = "canary-0815";
  ReactingEngine engine([&](const HttpRequest&, std::size_t) { return HttpResponse::json(200, JsonObject{{"pin", "hidden"}, {"key", canary}}); });
  engine.load({R"(slug: own
endpoints: {base_url: "{api}"}
auth: {type: bearer}
vars: {token: {type: password}}
actions:
  get: {api: {path: /x, redact: {body: [/pin]}}}
  wrong: {api: {path: /x, response: {map: '$number(key)'}}}
catch:
  gets: {topics: [own.asked], action: get}
  fails: {topics: [own.asked], action: wrong}
pass:
  each: {topics: [own.asked], to: {action: get}, map: "[{}, {}]"}
)"});
  engine.with_reactor([&](Fiber& fiber, Reactor&) {
    engine.connect(fiber, "own", {{"token", canary}});
    engine.publish(fiber, "own.asked", "{}");
    for (const char* subject : {"gets", "each"}) engine.run_of(fiber, subject, RunStatus::completed);
    engine.run_of(fiber, "fails", RunStatus::failed);
    const auto kept = engine.store->read(fiber, [&](Snapshot& view) {
      std::string out;
      for (const char* query : {"SELECT output FROM runs", "SELECT output FROM run_steps", "SELECT reason FROM dead_letters", "SELECT error FROM attempts"})
        view.for_each(query, [&](const Row& row) { out += std::string(row.text(0)) + "\n"; });
      return out;
    });
    EXPECT_THAT(kept, testing::HasSubstr(R"({"pin":"[redacted]","key":"[redacted]"})"));
    EXPECT_THAT(kept, testing::HasSubstr("cannot become a number"));
    EXPECT_THAT(kept, testing::Not(testing::AnyOf(testing::HasSubstr("hidden"), testing::HasSubstr(canary))));
  });
}

TEST(Reactor, calls_of_a_list_that_succeeded_are_not_made_again) {
  std::atomic<bool> failed{false};
  ReactingEngine engine([&](const HttpRequest& request, std::size_t) {
    if (request.body.find("second") != std::string::npos && !failed.exchange(true))
      return HttpResponse::text(503, "busy");
    return ok();
  });
  engine.load({chat("pass: {announce: {topics: [shop.*], to: {action: post}, each: true, "
                    "map: \"[{'text': 'first'}, {'text': 'second'}, {'text': 'third'}]\"}}\n")});
  engine.with_reactor([&](Fiber& fiber, Reactor&) {
    engine.publish(fiber, "shop.paid", "{}");
    engine.run_of(fiber, "announce", RunStatus::completed);
  });
  std::vector<std::string> bodies;
  for (const HttpRequest& call : engine.api.seen()) bodies.push_back(call.body);
  EXPECT_THAT(bodies, testing::ElementsAre(R"({"text":"first"})", R"({"text":"second"})",
                                           R"({"text":"second"})", R"({"text":"third"})"));
}

TEST(Reactor, a_map_that_gives_nothing_skips_the_event) {
  ReactingEngine engine([](const HttpRequest&, std::size_t) { return ok(); });
  engine.load({chat("pass: {announce: {topics: [shop.*], to: {action: post}, map: 'nothing'}}\n")});
  engine.with_reactor([&](Fiber& fiber, Reactor&) {
    engine.publish(fiber, "shop.paid", "{}");
    EXPECT_THAT(engine.run_of(fiber, "announce", RunStatus::completed).counters,
                testing::HasSubstr("\"skipped\":1"));
  });
  EXPECT_TRUE(engine.api.seen().empty());
}

TEST(Reactor, a_reaction_that_is_gone_gets_no_more_events) {
  ReactingEngine engine([](const HttpRequest&, std::size_t) { return ok(); });
  const std::string one = "  one: {topics: [shop.*], to: {action: post}, map: \"{'text': '1'}\"}\n";
  const std::string two = "  two: {topics: [shop.*], to: {action: post}, map: \"{'text': '2'}\"}\n";
  engine.load({chat("pass:\n" + one + two)});
  engine.with_reactor([&](Fiber& fiber, Reactor& reactor) {
    engine.load({chat("pass:\n" + one)});
    reactor.define(fiber);
    engine.publish(fiber, "shop.paid", "{}");
    engine.run_of(fiber, "one", RunStatus::completed);
    const auto stats = engine.store->read(fiber, [&](Snapshot& view) {
      return queue::queue_stats(view, default_tenant(), system_clock().now());
    });
    for (const queue::QueueStats& queue : stats)
      EXPECT_EQ(queue.accepted, queue.queue == "chat.pass.one" ? 1 : 0) << queue.queue;
  });
}

TEST(Reactor, a_tenant_that_appears_later_gets_its_reactions) {
  ReactingEngine engine([](const HttpRequest&, std::size_t) { return ok(); });
  engine.load({chat("pass: {announce: {topics: [shop.*], to: {action: post}, map: \"{'text': 'x'}\"}}\n")});
  const TenantId late("late");
  engine.with_reactor([&](Fiber& fiber, Reactor& reactor) {
    Scope following(fiber.loop(), "following");
    following.spawn([&](Fiber& inner) { reactor.follow_tenants(inner, true); });
    reactor.define_tenant(fiber, late);
    engine.connections.create(fiber, late, {"chat", "", "", {}});
    engine.publish(fiber, "shop.paid", "{}", late);
    engine.run_of(fiber, "announce", RunStatus::completed, late);
    following.stop(fiber);
  });
  EXPECT_EQ(engine.api.seen().size(), 1u);
}

TEST(Reactor, a_schedule_runs_once_for_each_connection_that_is_enabled) {
  ReactingEngine engine([](const HttpRequest&, std::size_t) { return ok(); });
  engine.load({R"(
slug: chat
endpoints: {base_url: "{api}"}
vars: {room: {}}
actions:
  remind:
    api: {method: POST, path: "/rooms/{vars.room}"}
    triggers: [{type: schedule, cron: "0 9 * * *"}]
)"});
  engine.with_reactor([&](Fiber& fiber, Reactor& reactor) {
    for (const char* room : {"a", "b", "c"}) {
      const auto made = engine.connections.create(
          fiber, default_tenant(), {"chat", room, "", JsonObject{{"room", room}}});
      if (std::string(room) != "c") continue;
      vault::ConnectionChange change;
      change.enabled = vault::Enabled::no;
      engine.connections.update(fiber, default_tenant(), made.id, change);
    }
    engine.store->write(fiber, [&](Transaction& transaction) {
      ScheduleRow row;
      row.integration = "chat";
      row.subject = "action.remind";
      reactor.fire()(transaction, default_tenant(), row, system_clock().now());
    });
    for (int i = 0; i < 500 && engine.api.seen().size() < 2; ++i)
      fiber.sleep_for(std::chrono::milliseconds(10));
    fiber.sleep_for(std::chrono::milliseconds(100));
  });
  std::vector<std::string> targets;
  for (const HttpRequest& call : engine.api.seen()) targets.push_back(call.target);
  EXPECT_THAT(targets, testing::UnorderedElementsAre("/rooms/a", "/rooms/b"));
}

}  // namespace
}  // namespace junctor
