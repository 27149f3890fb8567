#include "connector/yaml_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/value.hpp>

namespace junctor::connector {
namespace {

constexpr const char* chat = R"(
slug: chat
endpoints: {base_url: "http://localhost:4010"}
auth: {type: bearer}
vars:
  token: {type: password}
schemas:
  message: {schema: {type: object}}
actions:
  health:
    method: GET
    api: {path: /health}
    output: message
  post_message:
    description: Posts one message
    params:
      channel: {required: true}
      text: {required: true, ui_type: textarea}
    api:
      method: POST
      path: /channels/{channel}/messages
      idempotency: {header: Idempotency-Key}
    output: message
)";

std::string all(const LoadReport& report) { return to_string(report.problems); }

TEST(YamlLoader, gives_an_integration_with_names_filled_in) {
  const auto loaded = load_integration(chat, "integration.yaml");
  ASSERT_TRUE(loaded) << to_string(loaded.problems());
  const Integration& chat_system = loaded.value();
  EXPECT_EQ(chat_system.name, "Chat");
  EXPECT_EQ(chat_system.runtime.queue, "chat");
  EXPECT_EQ(chat_system.test_action, "health");
  const Action* post = chat_system.find_action("post_message");
  ASSERT_NE(post, nullptr);
  EXPECT_EQ(post->name, "Post Message");
  EXPECT_EQ(post->params[0].name, "channel");
  EXPECT_EQ(post->api->path.text, "/channels/{channel}/messages");
  EXPECT_EQ(post->api->idempotency->header, "Idempotency-Key");
  ASSERT_EQ(chat_system.functions.size(), 2u);
  EXPECT_EQ(chat_system.functions[1].endpoint_path, "/chat/post_message");
}

TEST(YamlLoader, is_equal_for_equal_texts_and_differs_where_they_do) {
  const auto a = load_integration(chat, "a.yaml");
  const auto b = load_integration(chat, "b.yaml");
  auto c = load_integration(chat, "c.yaml").value_or_throw();
  EXPECT_EQ(a.value(), b.value());
  c.actions[0].api->timeouts.emplace();
  EXPECT_FALSE(a.value() == c);
}

TEST(YamlLoader, says_every_problem_in_one_pass_with_line_path_and_suggestion) {
  const auto report = examine_integration(R"(slug: Chat App
endpoints: {baseUrl: "http://localhost"}
actions:
  send:
    metod: POST
    triggers:
      - {type: schedule, cron: "61 * * * *", timezone: Mars/Olympus}
    api:
      path: /a/{nme}
      retry: {attempts: many}
webhooks:
  main: {produces: [nothing_known], handler: snd}
)", "x.yaml");
  EXPECT_FALSE(report.integration);
  const std::string text = all(report);
  EXPECT_THAT(text, testing::HasSubstr("x.yaml:1: slug: found \"Chat App\""));
  EXPECT_THAT(text, testing::HasSubstr("such as \"chat_app\""));
  EXPECT_THAT(text, testing::HasSubstr("x.yaml:2: endpoints.baseUrl: found the unknown key \"baseUrl\", expected \"base_url\""));
  EXPECT_THAT(text, testing::HasSubstr("x.yaml:5: actions.send.metod: found the unknown key \"metod\", expected \"method\""));
  EXPECT_THAT(text, testing::HasSubstr("x.yaml:7: actions.send.triggers[0].cron: found minute"));
  EXPECT_THAT(text, testing::HasSubstr("x.yaml:9: actions.send.api.path: found the place {nme}"));
  EXPECT_THAT(text, testing::HasSubstr("x.yaml:10: actions.send.api.retry.attempts: found \"many\", expected a whole number"));
  EXPECT_THAT(text, testing::HasSubstr("x.yaml:12: webhooks.main.handler: found \"snd\""));
  EXPECT_THAT(text, testing::HasSubstr("did you mean \"send\"?"));
  EXPECT_THAT(text, testing::HasSubstr("webhooks.main.produces: found \"nothing_known\""));
}

TEST(YamlLoader, refuses_what_is_no_single_bounded_document) {
  EXPECT_THAT(all(examine_integration("a: 1\n---\nb: 2\n", "x")), testing::HasSubstr("more than one document"));
  EXPECT_THAT(all(examine_integration("", "x")), testing::HasSubstr("empty"));
  EXPECT_THAT(all(examine_integration("- 1", "x")), testing::HasSubstr("a mapping"));
  EXPECT_THAT(all(examine_integration("a: [", "x")), testing::HasSubstr("valid YAML"));
  EXPECT_THAT(all(examine_integration("a: \xff", "x")), testing::HasSubstr("UTF-8"));
  EXPECT_THAT(all(examine_integration(std::string(5000, '['), "x")), testing::HasSubstr("found"));
  EXPECT_THAT(all(examine_integration("a: 1\na: 2\n", "x")), testing::HasSubstr("x:2: found the key \"a\" twice"));
  std::string laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 1; j < 10; ++j) laughs += "," + last;
    laughs += "]\n";
  }
  EXPECT_THAT(all(examine_integration(laughs, "x")), testing::HasSubstr("aliases copied"));
}

TEST(YamlLoader, reads_no_on_and_off_as_texts_and_merges_mappings) {
  const auto tree = parse_document("base: &b {x: no, y: 1}\nmore:\n  <<: *b\n  y: 2\n", "x");
  ASSERT_TRUE(tree);
  const Json json = to_json(tree.value());
  EXPECT_EQ(json.at("more").at("x"), Json("no"));
  EXPECT_EQ(json.at("more").at("y"), Json(2));
}

TEST(Params, keep_default_and_description_beside_a_schema_of_their_own) {
  const auto integration = load_integration(
      "slug: x\nactions:\n  a:\n    params:\n      events: {schema: {type: array}, default: [all], description: Which}\n"
      "    api: {method: POST, path: /a, base_url: \"http://localhost:4010\"}\n", "x.yaml").value_or_throw();
  const Json events = input_schema(integration, integration.actions.at(0)).at("properties").at("events");
  EXPECT_EQ(events.at("type"), Json("array"));
  EXPECT_EQ(events.at("default"), Json(JsonArray{"all"}));
  EXPECT_EQ(events.at("description"), Json("Which"));
}

}  // namespace
}  // namespace junctor::connector
