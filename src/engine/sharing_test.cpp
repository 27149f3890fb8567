// What processes on one store share: kept answers and rate limits. Two engines stand for two processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/test_engine.h"

namespace junctor {
namespace {

using connector::LimitedParty;
using connector::NamedLimit;
using connector::Priority;
using connector::RateLimiter;
using connector::TestApi;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

class HandClock final : public Clock {
 public:
  Timestamp now() const override { return Timestamp(milliseconds(at.load())); }
  std::atomic<std::int64_t> at{1'700'000'000'000};
};

const connector::LimitKey key{default_tenant(), "connection/x/c#0"};

RateLimit limit(int requests, milliseconds per, int burst = 0) {
  RateLimit out;
  out.requests = requests;
  out.per = per;
  out.burst = burst;
  return out;
}

TEST(StoredLimits, hand_each_token_out_once_and_fill_up_with_time) {
  HandClock clock;
  TestStore store({StoredLimits::migrations()});
  StoredLimits one(*store, clock), two(*store, clock);
  run_in_fiber([&](Fiber& fiber) {
    const RateLimit ten = limit(10, 1s);
    EXPECT_EQ(one.lease(fiber, key, ten, 6, 0).tokens, 6);
    EXPECT_EQ(two.lease(fiber, key, ten, 6, 0).tokens, 4);
    const auto none = one.lease(fiber, key, ten, 6, 0);
    EXPECT_EQ(none.tokens, 0);
    EXPECT_EQ(none.wait, milliseconds(100));
    clock.at += 200;
    EXPECT_EQ(two.lease(fiber, key, ten, 6, 0).tokens, 2);
    EXPECT_EQ(one.lease(fiber, key, ten, 6, 5).tokens, 5) << "what was not used comes back";
    clock.at += 60'000;
    EXPECT_EQ(one.lease(fiber, key, ten, 100, 7).tokens, 10) << "never more than the burst";
    clock.at -= 5'000;
    EXPECT_EQ(two.lease(fiber, key, ten, 1, 0).tokens, 0) << "a clock that is behind fills nothing";
    EXPECT_EQ(two.lease(fiber, {TenantId("other"), key.text}, ten, 1, 0).tokens, 1);
  });
}

TEST(StoredLimits, tell_pauses_until_they_are_over_and_keep_the_longest) {
  HandClock clock;
  TestStore store({StoredLimits::migrations()});
  StoredLimits one(*store, clock), two(*store, clock);
  run_in_fiber([&](Fiber& fiber) {
    one.pause(fiber, key, 5s);
    two.pause(fiber, key, 2s);
    const auto pauses = two.pauses(fiber);
    ASSERT_EQ(pauses.size(), 1u);
    EXPECT_EQ(pauses[0].first.text, key.text);
    EXPECT_EQ(pauses[0].second, 5s);
    clock.at += 5'000;
    EXPECT_TRUE(one.pauses(fiber).empty());
    store->write(fiber, [&](Transaction& tx) { EXPECT_EQ(StoredLimits::forget(tx, clock.now(), 10), 1); });
  });
}

// Two limiters on one store: together they stay within one limit, and ask the store far less than once a call.
TEST(RateLimiter, two_processes_share_one_limit) {
  TestStore store({StoredLimits::migrations()});
  StoredLimits shared(*store, system_clock());
  RateLimiter one(&shared), two(&shared);
  const std::vector<NamedLimit> limits{{"0", limit(100, 1s, 50)}};
  const LimitedParty party{default_tenant(), "x", "c"};
  run_in_fiber([&](Fiber& fiber) {
    int calls = 0;
    Scope scope(fiber.loop(), "test");
    const auto began = std::chrono::steady_clock::now();
    for (RateLimiter* limiter : {&one, &two})
      for (int worker = 0; worker < 8; ++worker)
        scope.spawn([&, limiter](Fiber& inner) {
          while (std::chrono::steady_clock::now() - began < 1500ms) {
            limiter->acquire(inner, party, limits, Priority::background);
            if (std::chrono::steady_clock::now() - began < 1500ms) ++calls;
          }
        });
    scope.join(fiber);
    // 50 at once and 100 a second.
    EXPECT_LE(calls, 50 + 150 + 2);
    EXPECT_GE(calls, 120);
    EXPECT_LE(store->stats().closures, 40u) << "a store round trip for every call";
  });
}

TEST(RateLimiter, a_pause_that_one_process_is_told_holds_in_the_other) {
  TestStore store({StoredLimits::migrations()});
  StoredLimits shared(*store, system_clock());
  RateLimiter one(&shared), two(&shared);
  const LimitedParty party{default_tenant(), "x", "c"};
  run_in_fiber([&](Fiber& fiber) {
    one.acquire(fiber, party, {}, Priority::background).learn(fiber, {}, milliseconds(60'000));
    const DeadlineScope soon(fiber, 500ms);
    EXPECT_EQ(TestEngine::error_of([&] { two.acquire(fiber, party, {}, Priority::background); }), "overloaded");
    EXPECT_NO_THROW(two.acquire(fiber, {default_tenant(), "x", "another"}, {}, Priority::background));
  });
}

// A share whose store takes its time.
class SlowShare final : public connector::LimitShare {
 public:
  connector::LimitLease lease(Fiber&, const connector::LimitKey&, const RateLimit&, int wanted, int) override {
    return {wanted, {}};
  }
  void pause(Fiber&, const connector::LimitKey&, milliseconds) override {}
  std::vector<std::pair<connector::LimitKey, milliseconds>> pauses(Fiber& fiber) override {
    ++reads;
    fiber.sleep_for(50ms);
    return {{{default_tenant(), "learned/x/c"}, milliseconds(60'000)}};
  }
  int reads = 0;
};

TEST(RateLimiter, a_call_beside_the_one_that_hears_of_a_pause_does_not_go_past_it) {
  SlowShare share;
  RateLimiter limiter(&share);
  int refused = 0;
  run_in_fiber([&](Fiber& fiber) {
    Scope scope(fiber.loop(), "test");
    for (int call = 0; call < 5; ++call)
      scope.spawn([&](Fiber& inner) {
        const DeadlineScope soon(inner, 500ms);
        if (TestEngine::error_of([&] { limiter.acquire(inner, {default_tenant(), "x", "c"}, {}, Priority::background); }) == "overloaded")
          ++refused;
      });
    scope.join(fiber);
  });
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(share.reads, 1);
}

TEST(StoredCache, keeps_values_for_their_time_and_their_tenant) {
  HandClock clock;
  TestStore store({StoredCache::migrations()});
  StoredCache one(*store, clock), two(*store, clock);
  run_in_fiber([&](Fiber& fiber) {
    one.put(fiber, default_tenant(), "a", JsonObject{{"n", 1}}, 10s);
    EXPECT_EQ(two.get(fiber, default_tenant(), "a"), Json(JsonObject{{"n", 1}}));
    EXPECT_FALSE(two.get(fiber, TenantId("other"), "a"));
    EXPECT_FALSE(two.get(fiber, default_tenant(), "b"));
    two.put(fiber, default_tenant(), "a", "later", 20s);
    EXPECT_EQ(one.get(fiber, default_tenant(), "a"), Json("later"));
    one.put(fiber, default_tenant(), "large", Json(JsonString(StoredCache::most_value_bytes, 'x')), 10s);
    EXPECT_FALSE(one.get(fiber, default_tenant(), "large"));
    clock.at += 20'000;
    EXPECT_FALSE(one.get(fiber, default_tenant(), "a"));
    store->write(fiber, [&](Transaction& tx) { EXPECT_EQ(StoredCache::forget(tx, clock.now(), 10), 1); });
    for (int i = 0; i < 5; ++i) one.put(fiber, default_tenant(), std::to_string(i), i, std::chrono::seconds(10 + i));
    store->write(fiber, [&](Transaction& tx) { EXPECT_EQ(StoredCache::forget(tx, clock.now(), 10, 3), 2); });
    EXPECT_FALSE(one.get(fiber, default_tenant(), "0"));
    EXPECT_TRUE(one.get(fiber, default_tenant(), "4"));
  });
}

std::string counting(const std::string& memoize, const std::string& api_cache = "") {
  return "slug: demo\nendpoints: {base_url: \"{vars.base_url}\"}\nvars: {base_url: {type: url}, unit: {default: m}}\n"
         "actions:\n  count:\n    params: {what: {}, noise: {}}\n    memoize: " + memoize +
         "\n    api: {path: /count" + api_cache + "}\n";
}

TEST(Memoise, answers_the_same_input_once_per_connection_until_it_changes) {
  TestApi api([](const HttpRequest&, std::size_t call) { return HttpResponse::json(200, JsonObject{{"n", call}}); });
  for (const char* where : {"memory", "store"}) {
    TestEngine engine({counting("{ttl: 1m, store: " + std::string(where) + ", key: \"input.what & vars.unit\"}")});
    run_in_fiber([&](Fiber& fiber) {
      const auto made = engine.connect(fiber, "demo", {{"base_url", api.url()}});
      engine.connect(fiber, "demo", {{"base_url", api.url()}}, "other");
      const auto n = [&](const char* what, const char* noise, const char* connection = "default") {
        return engine.call(fiber, "demo", "count", JsonObject{{"what", what}, {"noise", noise}}, connection).at("n");
      };
      const Json first = n("a", "1");
      EXPECT_EQ(n("a", "2"), first) << "only the declared inputs count";
      EXPECT_NE(n("b", "1"), first);
      EXPECT_NE(n("a", "1", "other"), first) << "another connection";
      vault::ConnectionChange change;
      change.vars = JsonObject{{"unit", "km"}};
      engine.connections.update(fiber, default_tenant(), made.id, change);
      EXPECT_NE(n("a", "1"), first) << "other vars";
    });
  }
}

TEST(Memoise, keeps_nothing_for_another_definition) {
  TestApi api([](const HttpRequest&, std::size_t call) { return HttpResponse::json(200, JsonObject{{"n", call}}); });
  TestEngine engine({counting("1h")});
  run_in_fiber([&](Fiber& fiber) {
    engine.connect(fiber, "demo", {{"base_url", api.url()}});
    const auto call = [&] { return engine.call(fiber, "demo", "count", JsonObject{{"what", "a"}}); };
    const Json first = call();
    engine.load({counting("1h")});
    EXPECT_EQ(call(), first);
    engine.load({counting("1h", ", response: {map: \"{'n': 'changed'}\"}")});
    EXPECT_EQ(call().at("n"), Json("changed"));
  });
}

TEST(Memoise, keeps_by_the_whole_input_and_never_a_failure) {
  std::atomic<int> calls{0};
  TestApi api([&](const HttpRequest&, std::size_t) {
    return ++calls == 1 ? HttpResponse::text(404, "none") : HttpResponse::json(200, JsonObject{{"n", calls.load()}});
  });
  TestEngine engine({counting("200ms")});
  run_in_fiber([&](Fiber& fiber) {
    engine.connect(fiber, "demo", {{"base_url", api.url()}});
    const auto call = [&](JsonObject input) { return engine.call(fiber, "demo", "count", input); };
    EXPECT_EQ(TestEngine::error_of([&] { call({{"what", "a"}}); }), "not_found");
    const Json kept = call({{"what", "a"}, {"noise", "1"}});
    EXPECT_EQ(call({{"noise", "1"}, {"what", "a"}}), kept);
    EXPECT_NE(call({{"what", "a"}, {"noise", "2"}}), kept);
    fiber.sleep_for(250ms);
    EXPECT_NE(call({{"what", "a"}, {"noise", "1"}}), kept);
  });
}

TEST(Cache, declared_for_the_store_outlives_the_executor) {
  TestApi api([](const HttpRequest&, std::size_t call) { return HttpResponse::json(200, JsonObject{{"n", call}}); });
  TestEngine engine({counting("{ttl: 1ms}", ", cache: {ttl: 1m, store: store}")});
  connector::ExecutorPorts ports;
  ports.store_cache = &engine.stored_cache;
  connector::Executor another(engine.client, ports);
  run_in_fiber([&](Fiber& fiber) {
    const auto made = engine.connect(fiber, "demo", {{"base_url", api.url()}});
    const Json first = engine.call(fiber, "demo", "count", JsonObject{{"what", "a"}});
    const auto loaded = engine.registry.get()->require("demo");
    connector::CallScope scope;
    scope.connection = made.id.to_string();
    scope.connection_version = made.version;
    scope.vars = made.vars;
    const auto result = another.call(fiber, *loaded->action("count").call, scope, JsonObject{{"what", "a"}});
    EXPECT_TRUE(result.from_cache);
    EXPECT_EQ(result.output, first);
  });
}

}  // namespace
}  // namespace junctor
