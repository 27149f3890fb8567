#include "connector/answer_differences.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "connector/yaml_loader.h"

namespace junctor::connector {
namespace {

Integration people() {
  return load_integration(R"(slug: demo
endpoints: {base_url: "https://x.example"}
schemas:
  person: {schema: {type: object, required: [id], properties: {id: {type: integer}, address: {type: object, properties: {city: {type: string}}}, extra: {type: object}}}}
  anything: {schema: {type: object}}
actions:
  list: {api: {path: /people}, output: {type: array, items: {$ref: person}}}
  get: {params: {id: {required: true}}, api: {path: "/people/{id}"}, output: person}
  me: {api: {path: /people/me}, output: {allOf: [{$ref: person}, {properties: {since: {type: string}}}]}}
  free: {api: {path: /free}, output: anything}
  make: {api: {method: POST, path: /people}}
)", "demo.yaml").value_or_throw();
}

std::vector<std::string> told(const std::string& action, const char* answer) {
  const Integration integration = people();
  std::vector<std::string> out;
  for (const Difference& one : differences(integration, *integration.find_action(action), boost::json::parse(answer)))
    out.push_back(std::string(to_string(one.kind)) + " " + one.path);
  return out;
}
using Told = std::vector<std::string>;

TEST(Differences, name_what_is_missing_different_and_undocumented) {
  EXPECT_EQ(told("get", R"({"id": 1, "address": {"city": "Rome"}, "extra": {"any": 1}})"), Told{});
  EXPECT_EQ(told("get", R"({"id": "1"})"), Told{"different /id"});
  EXPECT_EQ(told("get", R"({"address": {}})"), Told{"missing "});
  EXPECT_EQ(told("get", R"({"id": 1, "nick": "x", "address": {"zip": 5}})"),
            (Told{"undocumented /address/zip", "undocumented /nick"}));
}

TEST(Differences, look_through_lists_references_and_combinations) {
  EXPECT_EQ(told("list", R"([{"id": 1}, {"id": 2, "nick": "x"}])"), Told{"undocumented /1/nick"});
  EXPECT_EQ(told("me", R"({"id": 1, "since": "2020"})"), Told{});
  EXPECT_EQ(told("me", R"({"id": 1, "since": "2020", "nick": 1})"), Told{"undocumented /nick"});
  EXPECT_EQ(told("free", R"({"whatever": 1})"), Told{}) << "a schema that names nothing leaves nothing out";
}

TEST(Differences, find_the_action_of_a_path) {
  const Integration integration = people();
  const auto slug = [&](const char* method, const char* path) {
    const Action* action = action_of_path(integration, method, path);
    return action == nullptr ? std::string("none") : action->slug;
  };
  EXPECT_EQ(slug("GET", "/people/7?x=1"), "get");
  EXPECT_EQ(slug("GET", "/people/me"), "me");
  EXPECT_EQ(slug("POST", "/people"), "make");
  EXPECT_EQ(slug("DELETE", "/people"), "none");
  EXPECT_EQ(slug("GET", "/people/7/more"), "none");
}

}  // namespace
}  // namespace junctor::connector
