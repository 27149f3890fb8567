// Against a real redis-server that the test starts on a port of its own.
#include "connector/redis_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "async/stream.h"
#include "connector/test_api.h"

extern char** environ;

namespace junctor::connector {
namespace {

using namespace std::chrono_literals;

std::uint16_t free_port() {
  std::uint16_t port = 0;
  run_in_fiber([&](Fiber& fiber) { port = Listener(fiber.loop(), {}).port(); });
  return port;
}

class RedisServer final {
 public:
  RedisServer() : port_(free_port()) {}
  ~RedisServer() { stop(); }

  // False when there is no redis-server here.
  bool start(const std::string& password = "") {
    const std::string port = std::to_string(port_);
    std::vector<std::string> words{"redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
                                   "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning",
                                   "--dir", "/tmp"};
    if (!password.empty()) words.insert(words.end(), {"--requirepass", password});
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (posix_spawnp(&pid_, "redis-server", nullptr, nullptr, arguments.data(), environ) != 0) return false;
    bool up = false;
    run_in_fiber([&](Fiber& fiber) {
      for (int i = 0; i < 200 && !up; ++i) {
        try {
          connect(fiber, "127.0.0.1", port_);
          up = true;
        } catch (const Failure&) {
          fiber.sleep_for(50ms);
        }
      }
    });
    return up;
  }
  void stop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  std::string url(const std::string& more = "") const {
    return "redis://" + more + "127.0.0.1:" + std::to_string(port_);
  }

 private:
  std::uint16_t port_;
  pid_t pid_ = 0;
};

TEST(RedisAddress, reads_every_part_and_never_repeats_the_password) {
  const RedisAddress whole = RedisAddress::parse("rediss://me:pass%2Fword@cache.example:7000/3");
  EXPECT_TRUE(whole.secure);
  EXPECT_EQ(whole.host, "cache.example");
  EXPECT_EQ(whole.port, 7000);
  EXPECT_EQ(whole.user, "me");
  EXPECT_EQ(whole.password.reveal(), "pass/word");
  EXPECT_EQ(whole.database, 3);
  EXPECT_EQ(RedisAddress::parse("redis://localhost").port, 6379);
  for (const char* wrong : {"http://:canary@x", "redis://:canary@", "redis://:canary@x/zero", "no url"}) {
    try {
      RedisAddress::parse(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.kind(), FailureKind::invalid);
      EXPECT_THAT(failure.message(), testing::Not(testing::HasSubstr("canary")));
    }
  }
}

TEST(RedisCache, keeps_values_for_their_time_tenant_and_key) {
  RedisServer server;
  if (!server.start("s3cret")) GTEST_SKIP() << "redis-server is not installed";
  RedisCache one(RedisAddress::parse(server.url(":s3cret@"))), two(RedisAddress::parse(server.url(":s3cret@")));
  RedisCache stranger(RedisAddress::parse(server.url(":wrong@")));
  run_in_fiber([&](Fiber& fiber) {
    const Json value = JsonObject{{"n", 1}, {"text", "line\r\nline $5 *3"}};
    one.put(fiber, default_tenant(), "a", value, 1h);
    EXPECT_EQ(two.get(fiber, default_tenant(), "a"), value);
    EXPECT_FALSE(two.get(fiber, TenantId("other"), "a"));
    EXPECT_FALSE(two.get(fiber, default_tenant(), "b"));
    one.put(fiber, default_tenant(), "short", 1, 50ms);
    fiber.sleep_for(100ms);
    EXPECT_FALSE(one.get(fiber, default_tenant(), "short"));
    const Json large(JsonString(900'000, 'x'));
    one.put(fiber, default_tenant(), "large", large, 1h);
    EXPECT_EQ(two.get(fiber, default_tenant(), "large"), large);
    one.put(fiber, default_tenant(), "too large", Json(JsonString(RedisCache::most_value_bytes, 'x')), 1h);
    EXPECT_FALSE(two.get(fiber, default_tenant(), "too large"));
    EXPECT_THROW(stranger.get(fiber, default_tenant(), "a"), Failure);
    one.close();
    two.close();
  });
}

TEST(RedisCache, a_call_goes_on_without_it_and_comes_back_to_it) {
  RedisServer server;
  if (!server.start()) GTEST_SKIP() << "redis-server is not installed";
  RedisCache redis(RedisAddress::parse(server.url()));
  TestApi api([](const HttpRequest&, std::size_t call) { return HttpResponse::json(200, JsonObject{{"n", call}}); });
  const Integration integration = one_action(api.url(), "    api: {path: /x, cache: {ttl: 1h, store: redis}}\n");
  const auto call = CompiledCall::compile(integration, *integration.find_action("go")).value_or_throw();
  HttpClient client(open_door());
  ExecutorPorts ports;
  ports.redis_cache = &redis;
  Executor executor(client, ports);
  run_in_fiber([&](Fiber& fiber) {
    const auto from_cache = [&] { return executor.call(fiber, *call, CallScope(), JsonObject()).from_cache; };
    EXPECT_FALSE(from_cache());
    EXPECT_TRUE(from_cache());
    server.stop();
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(from_cache());
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s) << "calls do not wait one after another";
    EXPECT_GE(executor.caches().counts(CacheStore::redis).failures, 1u);
    EXPECT_EQ(executor.caches().counts(CacheStore::redis).hits, 1u);
    ASSERT_TRUE(server.start());
    fiber.sleep_for(RedisCache::pause);
    EXPECT_FALSE(from_cache());
    EXPECT_TRUE(from_cache());
    redis.close();
  });
}

}  // namespace
}  // namespace junctor::connector
