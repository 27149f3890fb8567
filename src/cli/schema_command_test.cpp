#include "cli/schema_command.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

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
