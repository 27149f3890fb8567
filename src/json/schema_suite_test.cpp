// The public JSON Schema test suite, draft 2020-12, where ../shared/conformance/json-schema is present.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/schema.h"

namespace junctor {
namespace {

namespace fs = std::filesystem;

fs::path suite_folder() {
  const char* shared = std::getenv("JUNCTOR_SHARED");
  const fs::path base = shared != nullptr ? fs::path(shared) : fs::path(JUNCTOR_SOURCE_DIR) / "../shared";
  return base / "conformance/json-schema";
}

// The published layout has the drafts as folders; a copy may hold only the one.
fs::path tests_folder() {
  const fs::path nested = suite_folder() / "tests/draft2020-12";
  return fs::exists(nested) ? nested : suite_folder() / "tests";
}

Json read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return json::parse(text.str()).value_or_throw();
}

class Remotes final : public SchemaResolver {
 public:
  std::optional<Json> find(std::string_view uri) override {
    constexpr std::string_view base = "http://localhost:1234/";
    if (!uri.starts_with(base)) return std::nullopt;
    const fs::path file = suite_folder() / "remotes" / std::string(uri.substr(base.size()));
    if (!fs::exists(file)) return std::nullopt;
    return read(file);
  }
};

// A folder may hold fewer remote documents than the suite has tests for.
bool refers_to_absent_remote(const Json& schema) {
  constexpr std::string_view base = "http://localhost:1234/";
  const Json* ref = schema.is_object() ? schema.as_object().if_contains("$ref") : nullptr;
  if (ref == nullptr || !ref->is_string()) return false;
  const std::string uri(ref->as_string().c_str());
  return uri.starts_with(base) && !Remotes().find(uri.substr(0, uri.find('#')));
}

struct Tally {
  int cases = 0;
  std::vector<std::string> failures;
};

std::string text_of(const Json& value) { return std::string(value.as_string().c_str()); }

void run_case(const CompiledSchema& schema, const Json& test, const std::string& name, Tally& tally) {
  ++tally.cases;
  const bool expected = test.at("valid").as_bool();
  const Json& data = test.at("data");
  const std::string title = name + " / " + text_of(test.at("description"));
  if (schema.accepts(data) != expected) tally.failures.push_back(title);
  if (schema.validate(data).empty() != expected) tally.failures.push_back(title + " (validate)");
  SchemaTextReader reader;
  if (schema.accepts_text(json::to_text(data), reader) != expected) {
    tally.failures.push_back(title + " (text)");
  }
}

void run_file(const fs::path& file, SchemaOptions::Formats formats, Tally& tally) {
  Remotes remotes;
  const Json groups = read(file);
  for (const Json& group : groups.as_array()) {
    const std::string name = file.stem().string() + ": " + text_of(group.at("description"));
    SchemaOptions options;
    options.formats = formats;
    options.resolver = &remotes;
    const auto schema = CompiledSchema::compile(group.at("schema"), options);
    if (!schema && refers_to_absent_remote(group.at("schema"))) {
      std::cout << "not run, its remote document is not in the folder: " << name << "\n";
      continue;
    }
    if (!schema) {
      tally.failures.push_back(name + ": " + to_string(schema.problems()));
      continue;
    }
    for (const Json& test : group.at("tests").as_array()) run_case(schema.value(), test, name, tally);
  }
}

Tally run_folder(const fs::path& folder, SchemaOptions::Formats formats,
                 const std::set<std::string>& without = {}) {
  Tally tally;
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.insert(entry.path());
  for (const auto& file : files) {
    if (file.extension() == ".json" && !without.contains(file.stem().string())) {
      run_file(file, formats, tally);
    }
  }
  std::cout << folder.filename().string() << ": " << tally.cases << " cases, "
            << tally.failures.size() << " failures\n";
  return tally;
}

std::string listed(const Tally& tally) {
  std::string text;
  for (const auto& failure : tally.failures) text += "\n  " + failure;
  return text;
}

#define SKIP_WITHOUT_SUITE() \
  if (!fs::exists(suite_folder())) GTEST_SKIP() << "no suite at " << suite_folder()

TEST(SchemaSuite, passes_every_required_case) {
  SKIP_WITHOUT_SUITE();
  const Tally tally = run_folder(tests_folder(), SchemaOptions::Formats::annotate);
  EXPECT_GT(tally.cases, 500);
  EXPECT_TRUE(tally.failures.empty()) << listed(tally);
}

TEST(SchemaSuite, passes_the_optional_cases) {
  SKIP_WITHOUT_SUITE();
  const Tally tally = run_folder(tests_folder() / "optional", SchemaOptions::Formats::annotate);
  EXPECT_GT(tally.cases, 20);
  EXPECT_TRUE(tally.failures.empty()) << listed(tally);
}

TEST(SchemaSuite, passes_every_format_case_under_assertion) {
  SKIP_WITHOUT_SUITE();
  const Tally tally = run_folder(tests_folder() / "optional/format", SchemaOptions::Formats::check);
  EXPECT_GT(tally.cases, 100);
  EXPECT_TRUE(tally.failures.empty()) << listed(tally);
}

}  // namespace
}  // namespace junctor
