// How fast many connections are refreshed at once, and whether any is refreshed twice.
#include <chrono>
#include <cstdio>
#include <map>

#include "auth/test_world.h"

namespace {

using namespace junctor;
using namespace junctor::auth;
using Steady = std::chrono::steady_clock;

std::vector<ConnectionKey> make_connections(test::World& world, int count) {
  std::vector<ConnectionKey> keys;
  run_in_fiber([&](Fiber& fiber) {
    for (int i = 0; i < count; ++i) {
      const std::string name = "c" + std::to_string(i);
      const ConnectionKey key = world.connect(fiber, {{"client_id", "me"}, {"client_secret", "s"}}, name);
      TokenGrant grant;
      grant.access_token = Secret("old-" + name);
      grant.refresh_token = Secret("refresh-" + name);
      grant.expires_in = std::chrono::seconds(1);
      world.store().write(fiber, [&](Transaction& tx) {
        world.engine().tokens().tokens().store_consent(tx, key, grant, *world.catalogue.definition->methods[0].oauth2, system_clock().now());
      });
      keys.push_back(key);
    }
  });
  return keys;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 1000;
  test::World world;
  world.definition(AuthType::oauth2, [](Auth& auth) { auth.oauth2.emplace().grant = Grant::authorization_code; });
  world.provider.token = [](Fiber&, const test::FakeProvider::Call& call) {
    return HttpResponse::json(200, JsonObject{{"access_token", "new"}, {"refresh_token", call.get("refresh_token") + "+"}, {"expires_in", 3600}});
  };
  StoreOptions options;
  options.url = "sqlite:" + world.vault().directory() + "/junctor.db";
  const auto second_store = Store::open(options);
  test::Engine second(*second_store, world.vault().key_path(), world.catalogue, system_clock());
  const auto keys = make_connections(world, count);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));

  const auto begin = Steady::now();
  std::atomic<int> fresh{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      TokenService& tokens = t % 2 == 0 ? world.engine().tokens() : second.tokens();
      run_in_fiber([&](Fiber& fiber) {
        Scope scope(fiber.loop(), "callers");
        for (const ConnectionKey& key : keys)
          scope.spawn([&](Fiber& inner) { fresh += tokens.current(inner, key).generation == 2; });
        scope.join(fiber);
      });
    });
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(Steady::now() - begin).count();

  std::map<std::string, int> refreshes;
  for (const auto& call : world.provider.calls()) ++refreshes[call.get("refresh_token")];
  int twice = 0;
  for (const auto& [token, times] : refreshes) twice += times > 1;
  std::printf("%d connections, 4 callers each in 2 engines: %.2f s, %.0f refreshes/s; %zu refreshed, %d of them twice; %d of %d callers got the new token\n",
              count, seconds, count / seconds, refreshes.size(), twice, fresh.load(), 4 * count);
  return twice == 0 && fresh == 4 * count ? 0 : 1;
}
