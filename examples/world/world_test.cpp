#include "world/world.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "async/scope.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/ids.h"

namespace junctor::world {
namespace {

HttpRequest request(std::string method, const std::string& target, const Json& body = nullptr,
                    const std::string& key = {}) {
  HttpRequest made;
  made.method = std::move(method);
  made.target = target;
  made.path = target.substr(0, target.find('?'));
  if (const auto mark = target.find('?'); mark != std::string::npos)
    made.query = parse_query(target.substr(mark + 1));
  if (!body.is_null()) made.body = json::to_text(body);
  made.headers.set("Authorization", "Bearer token");
  if (!key.empty()) made.headers.set("Idempotency-Key", key);
  return made;
}

WorldOptions options() {
  WorldOptions made;
  made.chat_token = "token";
  made.hr.token = "token";
  made.hr.employees = 23;
  return made;
}

JsonObject object(const HttpResponse& response) {
  return json::parse(response.body).value_or_throw().as_object();
}

Json message(std::string_view text) { return JsonObject{{"channel", "general"}, {"text", text}}; }

// Calls the world in a fiber of its own.
class WorldTest : public testing::Test {
 protected:
  HttpResponse call(World& world, HttpRequest made) {
    HttpResponse response;
    run_in_fiber([&](Fiber& fiber) { response = world.handle(fiber, made); });
    return response;
  }
};

TEST_F(WorldTest, a_repeated_key_gets_the_first_message_and_is_counted) {
  World world(options());
  const auto first = call(world, request("POST", "/chat/api/messages", message("hi"), "k1"));
  const auto again = call(world, request("POST", "/chat/api/messages", message("hi"), "k1"));
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(object(again), object(first));
  EXPECT_EQ(again.headers.get("Idempotent-Replay"), "true");

  const auto list = object(call(world, request("GET", "/chat/messages")));
  EXPECT_EQ(list.at("messages"), 1u);
  EXPECT_EQ(list.at("repeats"), 1u);
}

TEST_F(WorldTest, a_key_with_another_body_is_a_conflict) {
  World world(options());
  call(world, request("POST", "/chat/api/messages", message("hi"), "k1"));
  EXPECT_EQ(call(world, request("POST", "/chat/api/messages", message("ho"), "k1")).status, 409);
  EXPECT_EQ(object(call(world, request("GET", "/chat/messages"))).at("conflicts"), 1u);
}

TEST_F(WorldTest, refuses_what_is_not_a_message) {
  World world(options());
  HttpRequest unsigned_request = request("POST", "/chat/api/messages", message("hi"));
  unsigned_request.headers.set("Authorization", "Bearer other");
  EXPECT_EQ(call(world, unsigned_request).status, 401);
  HttpRequest broken = request("POST", "/chat/api/messages");
  broken.body = "{";
  EXPECT_EQ(call(world, broken).status, 400);
  const auto response = call(world, request("POST", "/chat/api/messages", JsonObject{{"text", 7}}));
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(object(response).at("errors").as_array().size(), 2u);
  EXPECT_EQ(object(call(world, request("GET", "/chat/messages"))).at("messages"), 0u);
}

TEST_F(WorldTest, the_pages_of_employees_hold_each_of_them_once) {
  World world(options());
  std::set<std::string> seen;
  std::string cursor;
  for (int pages = 0; pages < 10; ++pages) {
    const auto page =
        object(call(world, request("GET", "/hr/employees?limit=10&cursor=" + cursor)));
    EXPECT_EQ(page.at("total"), 23u);
    for (const Json& employee : page.at("employees").as_array())
      EXPECT_TRUE(seen.insert(std::string(employee.at("id").as_string())).second);
    if (page.at("next_cursor").is_null()) break;
    cursor = page.at("next_cursor").as_string();
  }
  EXPECT_EQ(seen.size(), 23u);
  EXPECT_EQ(call(world, request("GET", "/hr/employees?cursor=nonsense")).status, 400);
}

TEST_F(WorldTest, a_change_shows_in_the_pages_after_its_time) {
  World world(options());
  const auto changed = object(call(world, request("POST", "/hr/mutate", JsonObject{{"count", 3}})));
  EXPECT_EQ(changed.at("changed").as_array().size(), 3u);
  const auto page =
      object(call(world, request("GET", "/hr/employees?updated_after=2026-01-01T00:00:00.000Z")));
  EXPECT_EQ(page.at("employees").as_array().size(), 3u);

  const auto patched =
      object(call(world, request("PATCH", "/hr/employees/e00009", JsonObject{{"title", "Chair"}})));
  EXPECT_EQ(patched.at("title"), "Chair");
  EXPECT_EQ(
      call(world, request("PATCH", "/hr/employees/e00009", JsonObject{{"shoe_size", 42}})).status,
      422);
}

TEST_F(WorldTest, fails_as_often_as_its_switches_say_and_the_same_way_each_time) {
  const auto outcomes = [this] {
    World world(options());
    const Json switches = {{"chat",
                            {{"fail_429_rate", 0.25},
                             {"fail_500_rate", 0.25},
                             {"drop_rate", 0.25},
                             {"retry_after", 2}}},
                           {"seed", 7}};
    EXPECT_EQ(call(world, request("POST", "/switches", switches)).status, 200);
    std::string fates;
    for (int i = 0; i < 400; ++i) {
      const auto response = call(world, request("POST", "/chat/api/messages",
                                                message(std::to_string(i)), std::to_string(i)));
      fates += response.stream          ? 'd'
               : response.status == 429 ? 'm'
               : response.status == 500 ? 'f'
                                        : 's';
      if (response.status == 429) {
        EXPECT_EQ(response.headers.get("Retry-After"), "2");
      }
    }
    // What was dropped after the work was done has arrived all the same.
    const auto stats = object(call(world, request("GET", "/stats"))).at("chat").as_object();
    const auto& calls = stats.at("calls");
    EXPECT_EQ(stats.at("messages").to_number<int>(),
              calls.at("2xx").to_number<int>() + calls.at("dropped_after").to_number<int>());
    return fates;
  };
  const std::string fates = outcomes();
  for (const char fate : {'d', 'm', 'f', 's'})
    EXPECT_NEAR(static_cast<double>(std::count(fates.begin(), fates.end(), fate)), 100.0, 30.0);
  EXPECT_EQ(outcomes(), fates);
}

TEST_F(WorldTest, unknown_switches_and_wrong_values_change_nothing) {
  World world(options());
  const auto before = call(world, request("GET", "/switches")).body;
  const Json wrong = {{"chat", {{"latency_ms", 5}, {"fail_rate", 1}, {"drop_rate", 2}}},
                      {"mail", 1}};
  const auto response = call(world, request("POST", "/switches", wrong));
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(object(response).at("errors").as_array().size(), 3u);
  EXPECT_EQ(call(world, request("GET", "/switches")).body, before);
}

TEST_F(WorldTest, remembers_its_ledger_when_it_is_started_again) {
  const auto path =
      (std::filesystem::temp_directory_path() / ("junctor-world-" + Uuid::generate().to_string()))
          .string();
  WorldOptions kept = options();
  kept.ledger_path = path;
  {
    World world(kept);
    call(world, request("POST", "/chat/api/messages", message("one"), "k1"));
    call(world, request("POST", "/chat/api/messages", message("one"), "k1"));
    call(world, request("PATCH", "/hr/employees/e00002", JsonObject{{"title", "Chair"}}));
    call(world, request("DELETE", "/hr/employees/e00003"));
  }
  std::ofstream(path, std::ios::app) << "{\"kind\":\"mess";  // killed in the middle of a line
  for (int start = 0; start < 2; ++start) {
    World world(kept);
    const auto again = call(world, request("POST", "/chat/api/messages", message("one"), "k1"));
    EXPECT_EQ(again.status, 200);
    const auto list = object(call(world, request("GET", "/chat/messages")));
    EXPECT_EQ(list.at("messages"), 1u);
    EXPECT_EQ(list.at("repeats").to_number<int>(), 2 + start);
    EXPECT_EQ(object(call(world, request("GET", "/hr/employees/e00002"))).at("title"), "Chair");
    EXPECT_EQ(call(world, request("GET", "/hr/employees/e00003")).status, 404);
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace junctor::world
