// The public JSONata suite: every case, no skip list.
#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/jsonata_command.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/jsonata.h"

namespace junctor::jsonata {
namespace {

namespace fs = std::filesystem;

fs::path suite() {
  const char* shared = std::getenv("JUNCTOR_SHARED");
  const fs::path root = shared ? fs::path(shared) : fs::path(JUNCTOR_SOURCE_DIR) / "../shared";
  return root / "conformance/jsonata";
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Json read_json(const fs::path& path) {
  return json::parse(cli::escape_lone_surrogates(read(path))).value_or_throw();
}

// Equal as JavaScript's deep equality sees it: 1 is 1.0, members in any order.
bool same(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a.to_number<double>() == b.to_number<double>();
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) {
    const auto& x = a.get_array();
    const auto& y = b.get_array();
    return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin(), same);
  }
  if (!a.is_object()) return a == b;
  const auto& x = a.get_object();
  const auto& y = b.get_object();
  return x.size() == y.size() && std::all_of(x.begin(), x.end(), [&](const auto& member) {
    const Json* other = y.if_contains(member.key());
    return other && same(member.value(), *other);
  });
}

struct Outcome {
  std::optional<Json> result;
  std::optional<Error> error;
};

Outcome run(const JsonObject& test, const fs::path& folder) {
  const Json* file = test.if_contains("expr-file");
  const std::string text = file ? read(folder / std::string(file->get_string()))
                                : std::string(test.at("expr").get_string());
  std::optional<Json> input;
  if (const Json* data = test.if_contains("data")) input = *data;
  if (const Json* dataset = test.if_contains("dataset"); dataset && dataset->is_string()) {
    input = read_json(suite() / "datasets" / (std::string(dataset->get_string()) + ".json"));
  }
  EvaluateOptions options;
  Bindings bindings;
  if (const Json* given = test.if_contains("bindings"); given && given->is_object()) {
    for (const auto& [name, value] : given->get_object()) bindings.set(name, value);
  }
  options.bindings = &bindings;
  if (const Json* depth = test.if_contains("depth")) options.limits.depth = depth->to_number<std::size_t>();
  if (const Json* limit = test.if_contains("timelimit")) {
    options.limits.time = std::chrono::milliseconds(limit->to_number<std::int64_t>());
  }
  Arena arena;
  try {
    const auto expression = Expression::compile(text);
    if (!input) return {expression.evaluate_nothing(arena, options), {}};
    return {expression.evaluate(*input, arena, options), {}};
  } catch (const Error& error) {
    return {{}, error};
  }
}

void judge(const JsonObject& test, const fs::path& path) {
  const Outcome outcome = run(test, path.parent_path());
  const std::string at = path.parent_path().filename().string() + "/" + path.filename().string() +
                         ": " + (test.contains("expr") ? std::string(test.at("expr").get_string()) : "");
  const std::string got = outcome.error    ? outcome.error->what()
                          : outcome.result ? json::to_text(*outcome.result)
                                           : "undefined";
  if (const Json* code = test.if_contains("code")) {
    EXPECT_TRUE(outcome.error && outcome.error->code() == code->get_string())
        << at << "\n expected " << code->get_string() << "\n got " << got;
    if (const Json* token = test.if_contains("token"); token && outcome.error) {
      EXPECT_EQ(outcome.error->token(), std::string_view(token->get_string())) << at;
    }
  } else if (test.contains("undefinedResult")) {
    EXPECT_TRUE(!outcome.error && !outcome.result) << at << "\n expected undefined\n got " << got;
  } else if (const Json* expected = test.if_contains("result")) {
    EXPECT_TRUE(outcome.result && same(*outcome.result, *expected))
        << at << "\n expected " << json::to_text(*expected) << "\n got " << got;
  } else {
    EXPECT_TRUE(outcome.error) << at << "\n expected an error\n got " << got;
  }
}

TEST(JsonataConformance, passes_every_case_of_the_public_suite) {
  if (!fs::exists(suite() / "groups")) GTEST_SKIP() << suite() << " is not there";
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(suite() / "groups")) {
    if (entry.path().extension() != ".json") continue;
    const Json content = read_json(entry.path());
    if (content.is_array()) {
      for (const Json& test : content.get_array()) judge(test.get_object(), entry.path()), ++count;
    } else {
      judge(content.get_object(), entry.path()), ++count;
    }
  }
  EXPECT_GT(count, 900u);
  std::printf("%zu cases\n", count);
}

}  // namespace
}  // namespace junctor::jsonata
