#include "cli/schema_command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/schema_fetch.h"

namespace junctor {
namespace {

using Options = SchemaCommandOptions;

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

Outcome run(const Options& options, const std::string& input = {}) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Outcome outcome;
  outcome.code = run_schema_command(options, in, out, err);
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

class SchemaCommand : public ::testing::Test {
 protected:
  SchemaCommand() {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ("schema_command_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  ~SchemaCommand() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  std::filesystem::path folder_;
};

TEST_F(SchemaCommand, says_what_is_wrong_with_each_file_and_answers_1) {
  Options options;
  options.schema_file = file("s.json", R"({"properties": {"a": {"type": "integer"}}})");
  options.files = {file("good.json", R"({"a": 1})"), file("bad.json", R"({"a": "x"})")};
  const Outcome outcome = run(options);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, options.files[0] + ": valid\n" + options.files[1] +
                             ": a: found string \"x\", expected integer (#/properties/a/type)\n");
}

TEST_F(SchemaCommand, reads_the_document_from_the_standard_input) {
  Options options;
  options.schema_file = file("s.json", R"({"type": "string"})");
  EXPECT_EQ(run(options, "\"x\"").code, 0);
  EXPECT_EQ(run(options, "1").code, 1);
  options.output = Options::Output::json;
  EXPECT_EQ(run(options, "1").out,
            R"({"file":"standard input","valid":false,"errors":[{"instancePath":"","schemaPath":"/type",)"
            R"("schemaUri":"#/type","keyword":"type","message":"found integer 1, expected string"}]})"
            "\n");
}

TEST_F(SchemaCommand, files_that_cannot_be_used_are_named) {
  Options options;
  options.schema_file = (folder_ / "none.json").string();
  EXPECT_EQ(run(options).code, 1);
  EXPECT_NE(run(options).err.find("none.json"), std::string::npos);
  options.schema_file = file("s.json", R"({"type": "strnig"})");
  options.files = {file("d.json", "1")};
  EXPECT_EQ(run(options).code, 1);
  EXPECT_NE(run(options).err.find("s.json: /type: found \"strnig\""), std::string::npos);
  options.schema_file.clear();
  EXPECT_EQ(run(options).code, 2);
}

TEST_F(SchemaCommand, answers_a_batch_line_by_line) {
  Options options;
  options.action = Options::Action::batch;
  const Outcome outcome = run(options,
                              R"({"schema": {"type": "string"}, "instance": "x"})"
                              "\n"
                              R"({"schema": {"type": "string"}, "instance": 1})"
                              "\n\n"
                              R"({"schema": {"type": "nothing"}, "instance": 1})"
                              "\n"
                              R"({"schema": true, "instance": 1})"
                              "\nno json\n");
  EXPECT_EQ(outcome.code, 1);
  std::istringstream lines(outcome.out);
  std::vector<std::string> answers;
  for (std::string line; std::getline(lines, line);) answers.push_back(line.substr(0, 15));
  const std::vector<std::string> expected = {R"({"valid":true,")", R"({"valid":false,)", R"({"valid":false,)",
                                             R"({"valid":true,")", R"({"valid":false,)"};
  EXPECT_EQ(answers, expected);
  EXPECT_EQ(run(options, R"({"schema": {}, "instance": 1})").code, 0);
}

TEST_F(SchemaCommand, a_batch_may_be_in_files_and_takes_no_schema_of_its_own) {
  Options options;
  options.action = Options::Action::batch;
  options.files = {file("one.jsonl", "{\"schema\": true, \"instance\": 1}\n"),
                   file("two.jsonl", "\n{\"schema\": false, \"instance\": 1}\nno json\n{}\n")};
  const Outcome outcome = run(options, "{\"schema\": true, \"instance\": \"of the standard input\"}");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 4);
  EXPECT_TRUE(outcome.out.starts_with(R"({"valid":true,"errors":[]})")) << outcome.out;
  EXPECT_NE(outcome.out.find("line 3: found"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("line 4: found a line without"), std::string::npos) << outcome.out;
  options.files = {(folder_ / "none.jsonl").string()};
  EXPECT_EQ(run(options).code, 1);
  options.schema_file = file("s.json", "true");
  options.files.clear();
  EXPECT_EQ(run(options).code, 2);
  EXPECT_EQ(run(options).err, "--batch takes the schema from every line; leave --schema out\n");
}

TEST_F(SchemaCommand, a_folder_is_no_file) {
  Options options;
  options.schema_file = file("s.json", "true");
  options.files = {folder_.string()};
  const Outcome outcome = run(options);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, folder_.string() + " is a folder, expected a file\n");
}

TEST_F(SchemaCommand, finds_the_files_beside_the_schema) {
  std::filesystem::create_directories(folder_ / "sub dir");
  file("sub dir/b.json", R"({"$ref": "../c.json#/$defs/n"})");
  file("c.json", R"({"$defs": {"n": {"type": "integer"}}})");
  Options options;
  options.schema_file = file("a.json", R"({"items": {"$ref": "sub%20dir/b.json"}, "maxItems": 2})");
  options.files = {file("d.json", R"([1, "x", 2])")};
  const Outcome outcome = run(options);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, options.files[0] + ": [1]: found string \"x\", expected integer (c.json#/$defs/n/type)\n" +
                             options.files[0] + ": $: found 3 items, expected at most 2 (#/maxItems)\n");
  file("c.json", R"({"$defs": {"n": {"type": "intger"}}})");
  EXPECT_EQ(run(options).err.find((folder_ / "c.json").string() + ": /$defs/n/type: found \"intger\""), 0u) << run(options).err;
  file("c.json", "{");
  EXPECT_NE(run(options).err.find("(it is no JSON: line 1: found the end of the text"), std::string::npos) << run(options).err;
}

TEST_F(SchemaCommand, no_reference_leads_out_of_the_schemas_folder) {
  std::filesystem::create_directories(folder_ / "in");
  std::filesystem::create_directories(folder_ / "inside");
  const std::string outside = file("secret.json", R"({"const": "canary"})");
  file("inside/near.json", R"({"const": "canary"})");
  std::filesystem::create_symlink(outside, folder_ / "in/link.json");
  std::filesystem::create_symlink(folder_, folder_ / "in/up");
  Options options;
  options.files = {file("d.json", "1")};
  for (const std::string& reference :
       {std::string("../secret.json"), std::string("link.json"), std::string("up/secret.json"), "file://" + outside,
        std::string("%2e%2e/secret.json"), std::string("..%2Fsecret.json"), std::string("../inside/near.json")}) {
    options.schema_file = file("in/s.json", R"({"$ref": ")" + reference + "\"}");
    const Outcome outcome = run(options);
    EXPECT_EQ(outcome.code, 1) << reference;
    EXPECT_NE(outcome.err.find("it is outside the schema's folder"), std::string::npos) << reference << outcome.err;
    EXPECT_EQ((outcome.out + outcome.err).find("canary"), std::string::npos) << reference;
  }
  options.schema_file = file("in/s.json", R"({"$ref": "none.json"})");
  EXPECT_NE(run(options).err.find("there is no such file"), std::string::npos);
  options.schema_file = file("in/s.json", R"({"$ref": "file://host/secret.json"})");
  EXPECT_NE(run(options).err.find("it names no file of this machine"), std::string::npos);
  options.action = Options::Action::batch;
  options.schema_file.clear();
  options.files.clear();
  const Outcome batch = run(options, R"({"schema": {"$ref": "file://)" + outside + R"("}, "instance": "canary"})");
  EXPECT_TRUE(batch.out.starts_with(R"({"valid":false,)")) << batch.out;
}

TEST_F(SchemaCommand, says_why_a_document_cannot_be_fetched) {
  HttpSchemas http;
  Options options;
  options.resolver = &http;
  options.schema_file = file("s.json", R"({"$ref": "http://127.0.0.1:1/a.json"})");
  EXPECT_NE(run(options, "1").err.find("a document that is not known (Couldn't connect to server)"), std::string::npos)
      << run(options, "1").err;
  options.schema_file = file("s.json", R"({"$ref": "ftp://127.0.0.1/a.json"})");
  EXPECT_NE(run(options, "1").err.find("(only http and https documents are fetched)"), std::string::npos);
}

TEST_F(SchemaCommand, names_the_line_of_a_sample_that_is_no_json) {
  Options options;
  options.action = Options::Action::infer;
  options.files = {file("l.jsonl", "1\n\n2\n{\n")};
  const Outcome outcome = run(options);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(outcome.err.starts_with(options.files[0] + ":4: found")) << outcome.err;
}

TEST_F(SchemaCommand, infers_from_documents_lines_and_items) {
  Options options;
  options.action = Options::Action::infer;
  options.files = {file("a.json", R"({"n": 1})"), file("b.json", R"({"n": 2.5})")};
  const Outcome outcome = run(options);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find(R"("type": "number")"), std::string::npos);
  options.files = {file("l.jsonl", "{\"n\": 1}\n{\"n\": 2.5}\n")};
  EXPECT_EQ(run(options).out, outcome.out);
  options.samples = Options::Samples::items;
  options.files = {};
  EXPECT_EQ(run(options, R"([{"n": 1}, {"n": 2.5}])").out, outcome.out);
  EXPECT_EQ(run(options, "[]").code, 1);
}

}  // namespace
}  // namespace junctor
