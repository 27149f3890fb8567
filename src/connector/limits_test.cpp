#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "async/scope.h"
#include "connector/names.h"
#include "connector/rate_limiter.h"
#include "connector/redaction.h"
#include "connector/response_cache.h"
#include "connector/status_match.h"
#include "connector/topics.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor::connector {
namespace {

using std::chrono::milliseconds;

std::vector<NamedLimit> limit(int requests, milliseconds per, int concurrent = 0) {
  RateLimit one;
  one.requests = requests;
  one.per = per;
  one.concurrent = concurrent;
  return {{"0", one}};
}

LimitedParty party(const std::string& connection) { return {default_tenant(), "x", connection}; }

TEST(RateLimiter, lets_through_what_the_bucket_holds_and_then_waits) {
  run_in_fiber([](Fiber& fiber) {
    RateLimiter limiter;
    const auto started = std::chrono::steady_clock::now();
    for (int i = 0; i < 7; ++i) limiter.acquire(fiber, party("c"), limit(5, milliseconds(500)), Priority::interactive);
    const auto took = std::chrono::steady_clock::now() - started;
    EXPECT_GE(took, milliseconds(190));
    EXPECT_LE(took, milliseconds(1500));
  });
}

TEST(RateLimiter, fails_at_once_when_the_wait_would_pass_the_deadline) {
  run_in_fiber([](Fiber& fiber) {
    RateLimiter limiter;
    limiter.acquire(fiber, party("c"), limit(1, std::chrono::hours(1)), Priority::interactive);
    const DeadlineScope soon(fiber, milliseconds(500));
    try {
      limiter.acquire(fiber, party("c"), limit(1, std::chrono::hours(1)), Priority::interactive);
      FAIL() << "it got a place";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.kind(), FailureKind::overloaded);
      EXPECT_GT(failure.retry_after().value_or(milliseconds(0)), std::chrono::minutes(50));
    }
    EXPECT_NO_THROW(limiter.acquire(fiber, party("another"), limit(1, std::chrono::hours(1)), Priority::interactive));
  });
}

TEST(RateLimiter, fails_at_once_when_the_wait_is_longer_than_its_caller_waits) {
  run_in_fiber([](Fiber& fiber) {
    RateLimiter limiter;
    limiter.acquire(fiber, party("c"), {}, Priority::interactive).learn(fiber, {}, std::chrono::hours(2));
    const auto started = std::chrono::steady_clock::now();
    try {
      limiter.acquire(fiber, party("c"), {}, Priority::interactive, {std::chrono::minutes(1), {}});
      FAIL() << "it got a place";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.kind(), FailureKind::overloaded);
      EXPECT_GT(failure.retry_after().value_or(milliseconds(0)), std::chrono::minutes(110));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
  });
}

TEST(RateLimiter, stops_waiting_for_a_caller_that_has_ended) {
  run_in_fiber([](Fiber& fiber) {
    RateLimiter limiter;
    limiter.acquire(fiber, party("c"), {}, Priority::interactive).learn(fiber, {}, std::chrono::seconds(30));
    int looks = 0;
    const auto started = std::chrono::steady_clock::now();
    EXPECT_THROW(limiter.acquire(fiber, party("c"), {}, Priority::interactive, {std::chrono::minutes(1), [&] { return ++looks > 0; }}),
                 Failure);
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(10));
  });
}

TEST(RateLimiter, pauses_a_connection_when_the_provider_says_so) {
  run_in_fiber([](Fiber& fiber) {
    RateLimiter limiter;
    limiter.acquire(fiber, party("c"), {}, Priority::background).learn(fiber, {}, milliseconds(300));
    const auto started = std::chrono::steady_clock::now();
    limiter.acquire(fiber, party("c"), {}, Priority::background);
    EXPECT_GE(std::chrono::steady_clock::now() - started, milliseconds(250));
  });
}

// GitHub's search has said that nothing is left; issues go on.
TEST(RateLimiter, what_is_counted_apart_pauses_itself_alone) {
  run_in_fiber([](Fiber& fiber) {
    RateLimiter limiter;
    auto search = limit(30, std::chrono::minutes(1));
    search[0].name = "search";
    search[0].limit.answers = LimitVoice::limit;
    LimitNews none_left;
    none_left.remaining = 0;
    none_left.reset_in = std::chrono::seconds(60);
    limiter.acquire(fiber, party("c"), search, Priority::background).learn(fiber, none_left, std::nullopt);
    const DeadlineScope soon(fiber, std::chrono::seconds(5));
    EXPECT_NO_THROW(limiter.acquire(fiber, party("c"), limit(100, milliseconds(1000)), Priority::background));
    EXPECT_THROW(limiter.acquire(fiber, party("c"), search, Priority::background), Failure);
    EXPECT_NO_THROW(limiter.acquire(fiber, party("another"), search, Priority::background));
    limiter.acquire(fiber, party("c"), {}, Priority::background).learn(fiber, {}, std::chrono::hours(1));
    EXPECT_THROW(limiter.acquire(fiber, party("c"), search, Priority::background), Failure)
        << "a pause of the connection holds for all of it";
    search[0].limit.scope = LimitScope::integration;
    limiter.acquire(fiber, party("d"), search, Priority::background).learn(fiber, none_left, std::nullopt);
    EXPECT_THROW(limiter.acquire(fiber, party("e"), search, Priority::background), Failure)
        << "a limit of the integration is heard of by every connection";
  });
}

TEST(RateLimiter, counts_down_what_the_provider_says_is_left) {
  run_in_fiber([](Fiber& fiber) {
    RateLimiter limiter;
    LimitNews news;
    news.remaining = 2;
    news.reset_in = milliseconds(400);
    const auto started = std::chrono::steady_clock::now();
    limiter.acquire(fiber, party("c"), {}, Priority::background).learn(fiber, news, std::nullopt);
    for (int i = 0; i < 2; ++i) limiter.acquire(fiber, party("c"), {}, Priority::background);
    EXPECT_LT(std::chrono::steady_clock::now() - started, milliseconds(200));
    limiter.acquire(fiber, party("c"), {}, Priority::background);
    EXPECT_GE(std::chrono::steady_clock::now() - started, milliseconds(390));
  });
}

TEST(RateLimiter, serves_interactive_calls_before_waiting_background_calls) {
  run_in_fiber([](Fiber& fiber) {
    RateLimiter limiter;
    std::string order;
    Scope scope(fiber.loop(), "test");
    const auto one = limit(1, milliseconds(150));
    limiter.acquire(fiber, party("c"), one, Priority::background);
    for (const auto& [priority, letter] : {std::pair(Priority::background, 'b'), std::pair(Priority::background, 'b'),
                                           std::pair(Priority::interactive, 'i')}) {
      scope.spawn([&limiter, &order, one, p = priority, l = letter](Fiber& inner) {
        limiter.acquire(inner, party("c"), one, p);
        order += l;
      });
    }
    scope.join(fiber);
    EXPECT_EQ(order, "ibb");
  });
}

TEST(RateLimiter, bounds_calls_at_the_same_time) {
  run_in_fiber([](Fiber& fiber) {
    RateLimiter limiter;
    int running = 0;
    int most = 0;
    Scope scope(fiber.loop(), "test");
    for (int i = 0; i < 6; ++i) {
      scope.spawn([&](Fiber& inner) {
        const auto permit = limiter.acquire(inner, party("c"), limit(0, milliseconds(1000), 2), Priority::background);
        most = std::max(most, ++running);
        inner.sleep_for(milliseconds(20));
        --running;
      });
    }
    scope.join(fiber);
    EXPECT_EQ(most, 2);
  });
}

TEST(RetryAfter, reads_seconds_dates_and_limit_headers) {
  const Timestamp now{milliseconds(1'445'412'400'000)};  // Wed, 21 Oct 2015 07:26:40 GMT
  EXPECT_EQ(parse_retry_after("120", now), milliseconds(120'000));
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), milliseconds(80'000));
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2014 07:28:00 GMT", now), milliseconds(0));
  EXPECT_EQ(parse_retry_after("soon", now), std::nullopt);
  EXPECT_EQ(parse_retry_after("-1", now), std::nullopt);
  EXPECT_EQ(parse_retry_after("1.5", now), milliseconds(2'000));
  EXPECT_EQ(parse_retry_after("9223372036854775807.5", now), std::chrono::hours(24));
  EXPECT_EQ(parse_retry_after("99999999999999", now), std::chrono::hours(24));
  const LimitNews old = read_limits({{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "1445412460"}}, now);
  EXPECT_EQ(old.remaining, 0);
  EXPECT_EQ(old.reset_in, milliseconds(60'000));
  const LimitNews draft = read_limits({{"RateLimit", "\"default\";r=0;t=30"}}, now);
  EXPECT_EQ(draft.remaining, 0);
  EXPECT_EQ(draft.reset_in, milliseconds(30'000));
}

TEST(RetryAfter, of_several_policies_the_one_that_forbids_longest_counts) {
  const Timestamp now{};
  const auto expect = [now](const Headers& headers, std::int64_t remaining, std::int64_t seconds) {
    const LimitNews news = read_limits(headers, now);
    EXPECT_EQ(news.remaining, remaining);
    EXPECT_EQ(news.reset_in, std::chrono::seconds(seconds));
  };
  expect({{"RateLimit", R"("burst";r=0;t=3, "daily";r=1000;t=50000)"}}, 0, 3);
  expect({{"RateLimit", R"("daily";r=1000;t=50000, "burst";r=0;t=3)"}}, 0, 3);
  expect({{"RateLimit", R"("daily";r=1000;t=50000)"}, {"RateLimit", R"("burst";r=0;t=3)"}}, 0, 3);
  expect({{"RateLimit", R"("hour";r=0;t=3600, "second";r=0;t=1)"}}, 0, 3600);
  expect({{"RateLimit", R"("hour";r=70;t=3600, "second";r=5;t=1)"}}, 5, 1);
  expect({{"RateLimit", R"("a;r=0,t=9 \", ";r=4;t=2)"}}, 4, 2);
  expect({{"RateLimit", "limit=100, remaining=0, reset=2"}}, 0, 2);
  expect({{"RateLimit", "default;r=50;t=30"}}, 50, 30);
}

TEST(ResponseCache, forgets_after_its_time_and_at_its_bounds) {
  ResponseCache::SteadyTime now{};
  ResponseCache cache(2, 1u << 20, [&now] { return now; });
  cache.put("a", Json(1), milliseconds(100));
  EXPECT_EQ(cache.get("a"), Json(1));
  now += milliseconds(100);
  EXPECT_EQ(cache.get("a"), std::nullopt);
  cache.put("a", Json(1), milliseconds(100));
  cache.put("b", Json(2), milliseconds(100));
  cache.get("a");
  cache.put("c", Json(3), milliseconds(100));
  EXPECT_EQ(cache.get("b"), std::nullopt);
  EXPECT_EQ(cache.get("a"), Json(1));
  cache.forget("a");
  EXPECT_EQ(cache.size(), 1u);
}

TEST(Names, come_from_camel_kebab_and_snake) {
  EXPECT_EQ(to_snake("getHTTPData"), "get_http_data");
  EXPECT_EQ(to_snake("list-employees"), "list_employees");
  EXPECT_EQ(to_snake("oauth2Token"), "oauth2_token");
  EXPECT_EQ(to_snake("user.syncedNow"), "user.synced_now");
  EXPECT_EQ(name_from_slug("get_http_data"), "Get HTTP Data");
  EXPECT_EQ(name_from_slug("user.synced_now"), "User Synced Now");
  EXPECT_TRUE(is_slug("my-crm", SlugKind::integration));
  EXPECT_FALSE(is_slug("my-crm", SlugKind::plain));
  EXPECT_FALSE(is_slug("a__b", SlugKind::plain));
}

TEST(Topics, match_words_and_the_rest) {
  EXPECT_TRUE(matches_topic("github.*", "github.push"));
  EXPECT_TRUE(matches_topic("github.*", "github.pull_request.opened"));
  EXPECT_TRUE(matches_topic("*.created", "hr.created"));
  EXPECT_FALSE(matches_topic("*.created", "hr.x.created"));
  EXPECT_TRUE(matches_topic("*", "a.b"));
  EXPECT_FALSE(matches_topic("github", "github.push"));
  EXPECT_FALSE(is_topic_pattern("a..b"));
  EXPECT_EQ(topic_word("pull_request.opened"), "pull_request_opened");
}

TEST(Statuses, are_numbers_classes_and_ranges) {
  EXPECT_TRUE(matches_status({"2xx"}, 204));
  EXPECT_TRUE(matches_status({"400-403"}, 401));
  EXPECT_FALSE(matches_status({"200", "nonsense"}, 201));
}

}  // namespace
}  // namespace junctor::connector
