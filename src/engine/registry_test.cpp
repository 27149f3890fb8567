#include "engine/registry.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "connector/yaml_loader.h"

namespace junctor {
namespace {

// What `junctor serve` does with a definition, beyond reading it: schemas that refer to one another compile.
TEST(Registry, loads_every_connector_of_the_catalogue) {
  int loaded = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(JUNCTOR_SOURCE_DIR) + "/connectors")) {
    if (!std::filesystem::exists(entry.path() / "integration.yaml")) continue;
    auto result = LoadedIntegration::load(connector::load_integration_folder(entry.path().string()).value_or_throw());
    EXPECT_TRUE(result.ok()) << entry.path() << ": " << to_string(result.problems());
    ++loaded;
  }
  EXPECT_GE(loaded, 8);
}

TEST(Registry, an_output_that_refers_to_another_schema_is_judged_by_it) {
  const auto loaded = LoadedIntegration::load(connector::load_integration(
      "slug: demo\nendpoints: {base_url: \"https://x.example\"}\n"
      "schemas: {person: {schema: {type: object, required: [id], properties: {id: {type: integer}}}}}\n"
      "actions: {list: {api: {path: /}, output: {type: array, items: {$ref: person}}}}\n", "demo.yaml").value_or_throw());
  ASSERT_TRUE(loaded.ok()) << to_string(loaded.problems());
  const CompiledSchema& output = loaded.value()->action("list").output;
  EXPECT_TRUE(output.accepts(boost::json::parse(R"([{"id": 1}])")));
  EXPECT_FALSE(output.accepts(boost::json::parse(R"([{"id": "x"}])")));
}

}  // namespace
}  // namespace junctor
