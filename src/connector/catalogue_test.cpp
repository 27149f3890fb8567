// What stands under connectors/ and examples/ loads, and what is published about definitions is current.
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "connector/compiled_call.h"
#include "connector/encode.h"
#include "connector/published.h"
#include "connector/yaml_loader.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/schema.h"

namespace junctor::connector {
namespace {

namespace fs = std::filesystem;

std::string source(const std::string& path) { return std::string(JUNCTOR_SOURCE_DIR) + "/" + path; }

std::string read(const std::string& path) {
  std::ifstream stream(path);
  std::stringstream out;
  out << stream.rdbuf();
  return out.str();
}

std::vector<std::string> definitions() {
  std::vector<std::string> out;
  for (const char* root : {"connectors", "examples"}) {
    if (!fs::exists(source(root))) continue;
    for (const auto& entry : fs::recursive_directory_iterator(source(root))) {
      if (entry.path().filename() == "integration.yaml") out.push_back(entry.path().parent_path().string());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Catalogue, every_definition_loads_and_its_calls_compile) {
  ASSERT_GE(definitions().size(), 8u);
  for (const std::string& folder : definitions()) {
    const LoadReport report = examine_folder(folder);
    EXPECT_TRUE(report.integration) << to_string(report.problems);
    if (!report.integration) continue;
    for (const Action& action : report.integration->actions) {
      const auto call = CompiledCall::compile(*report.integration, action);
      EXPECT_TRUE(call) << folder << ": " << to_string(call.problems());
    }
  }
}

TEST(Catalogue, a_definition_written_out_reads_back_the_same) {
  for (const std::string& folder : definitions()) {
    const Integration first = load_integration_folder(folder).value_or_throw();
    const std::string text = to_yaml(encode_integration(first));
    const auto second = load_integration(text, "written.yaml");
    ASSERT_TRUE(second) << to_string(second.problems()) << "\n" << text;
    EXPECT_TRUE(first == second.value()) << text;
  }
}

TEST(Catalogue, the_published_schema_accepts_every_definition_and_refuses_unknown_keys) {
  const auto schema = CompiledSchema::compile(definition_schema()).value_or_throw();
  for (const std::string& folder : definitions()) {
    const auto tree = parse_document(read(folder + "/integration.yaml"), folder);
    ASSERT_TRUE(tree);
    for (const SchemaError& error : schema.validate(to_json(tree.value()))) {
      ADD_FAILURE() << folder << " " << error.instance_path << ": " << error.message;
    }
  }
  EXPECT_FALSE(schema.accepts(JsonObject{{"slug", "x"}, {"nonsense", 1}}));
}

// JUNCTOR_UPDATE_DOCS=1 writes them anew.
void expect_current(const std::string& path, const std::string& wanted) {
  if (std::getenv("JUNCTOR_UPDATE_DOCS") != nullptr) std::ofstream(source(path)) << wanted;
  EXPECT_EQ(read(source(path)), wanted) << path << " is not what the loader reads; JUNCTOR_UPDATE_DOCS=1 rewrites it";
}

TEST(Published, the_schema_for_editors_is_current) {
  expect_current("docs/integration.schema.json", json::to_text(definition_schema(), json::Layout::pretty) + "\n");
}

TEST(Published, the_reference_lists_every_key) {
  const std::string page = read(source("docs/definitions.md"));
  const std::string mark = "<!-- every key, from the loader -->\n";
  const auto at = page.find(mark);
  ASSERT_NE(at, std::string::npos);
  expect_current("docs/definitions.md", page.substr(0, at + mark.size()) + definition_tables());
}

}  // namespace
}  // namespace junctor::connector
