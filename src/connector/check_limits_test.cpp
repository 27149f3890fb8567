// Limits that actions share: what a definition may say of them, and who counts together.
#include <gmock/gmock.h>

#include "async/scope.h"
#include "connector/compiled_call.h"
#include "connector/rate_limiter.h"
#include "connector/yaml_loader.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor::connector {
namespace {

using testing::HasSubstr;

std::string definition(const std::string& one, const std::string& two, const std::string& defaults = "[]") {
  return "slug: x\nendpoints: {base_url: \"https://x.test\"}\napi_defaults: {rate_limits: " + defaults +
         "}\nactions:\n  one: {api: {path: /1, rate_limits: " + one + "}}\n  two: {api: {path: /2, rate_limits: " +
         two + "}}\n";
}
std::string problems(const std::string& one, const std::string& two = "[]", const std::string& defaults = "[]") {
  const auto loaded = load_integration(definition(one, two, defaults), "x.yaml");
  return loaded ? "" : to_string(loaded.problems());
}

TEST(SharedLimits, say_the_same_of_one_name) {
  const std::string search = "[{name: search, requests: 30, per: 1m}]";
  EXPECT_EQ(problems(search, search), "");
  EXPECT_THAT(problems(search, "[{name: search, requests: 31, per: 1m}]"),
              HasSubstr("actions.two.api.rate_limits[0].name: found \"search\" with other figures"));
  EXPECT_THAT(problems("[{name: \"1/2\", requests: 1}]"), HasSubstr("begins with a letter"));
  EXPECT_THAT(problems("[{requests: 1, answers: limit}, {requests: 2, answers: limit}]"), HasSubstr("of several limits"));
  EXPECT_THAT(problems("[]", "[]", "[{requests: 1, answers: limit}]"), HasSubstr("for all actions"));
}

TEST(SharedLimits, count_the_actions_that_name_them_together) {
  const auto loaded = load_integration(definition("[{name: both, requests: 1, per: 1h}]", "[{name: both, requests: 1, per: 1h}]"),
                                       "x.yaml").value_or_throw();
  const auto limits = [&](const char* action) {
    return CompiledCall::compile(loaded, *loaded.find_action(action)).value_or_throw()->limits;
  };
  run_in_fiber([&](Fiber& fiber) {
    RateLimiter limiter;
    const LimitedParty party{default_tenant(), "x", "c"};
    const DeadlineScope soon(fiber, std::chrono::seconds(5));
    limiter.acquire(fiber, party, limits("one"), Priority::background);
    EXPECT_THROW(limiter.acquire(fiber, party, limits("two"), Priority::background), Failure);
  });
}

}  // namespace
}  // namespace junctor::connector
