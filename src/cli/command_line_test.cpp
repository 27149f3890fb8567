#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <streambuf>

#include "junctor/failure.h"

namespace junctor {
namespace {

using testing::HasSubstr;

struct Outcome {
  int code;
  std::string out, err;
};

Outcome type(std::vector<const char*> words) {
  using Kind = CommandOption::Kind;
  const std::vector<Command> commands = {
      {"keys rotate", "New keys", {}, Settings::not_taken, [](const Given&) { return 0; }},
      {"keys destroy",
       "No keys",
       {{"--tenant", "Whose", Kind::value}},
       Settings::not_taken,
       [](const Given& given) -> int {
         throw Failure(FailureKind::not_found, "there is no tenant " + given.value("tenant", "at all"));
       }},
      {"look", "Looks", {{"--json", "As JSON", Kind::flag}}, Settings::not_taken,
       [](const Given& given) { return given.has("json") ? 0 : 1; }}};
  words.insert(words.begin(), "junctor");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = run_command_line(static_cast<int>(words.size()), words.data(), commands);
  return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

TEST(CommandLine, lists_the_commands_of_a_group_in_its_help) {
  const Outcome help = type({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("rotate, destroy"));
  EXPECT_THAT(type({"keys", "--help"}).out, HasSubstr("New keys"));
}

TEST(CommandLine, gives_what_was_typed_to_the_command) {
  EXPECT_EQ(type({"look", "--json"}).code, 0);
  EXPECT_EQ(type({"look"}).code, 1);
  EXPECT_EQ(type({"keys", "rotate"}).code, 0);
}

TEST(CommandLine, tells_a_failure_in_one_line) {
  const Outcome failed = type({"keys", "destroy", "--tenant", "acme"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_EQ(failed.err, "junctor: there is no tenant acme\n");
}

TEST(CommandLine, fails_when_its_output_cannot_be_written) {
  struct Full final : std::streambuf {
    int sync() override { return -1; }
  } full;
  std::streambuf* const before = std::cout.rdbuf(&full);
  const Outcome outcome = type({"keys", "rotate"});
  std::cout.rdbuf(before);
  std::cout.clear();
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("the output cannot be written"));
  EXPECT_EQ(type({"keys", "rotate"}).code, 0);
}

TEST(CommandLine, answers_misuse_with_two) {
  EXPECT_EQ(type({}).code, 2);
  EXPECT_EQ(type({"keys"}).code, 2);
  EXPECT_EQ(type({"nonsense"}).code, 2);
  EXPECT_EQ(type({"look", "--jsn"}).code, 2);
}

TEST(CommandLine, says_which_commands_there_are) {
  EXPECT_EQ(type({}).err, "junctor: a command is needed; there are keys, look\n");
  EXPECT_EQ(type({"nonsense"}).err, "junctor: there is no command \"nonsense\"; there are keys, look\n");
  EXPECT_EQ(type({"keys"}).err, "junctor: keys needs one of its commands; it has rotate, destroy\n");
  EXPECT_EQ(type({"keys", "bend", "--x"}).err, "junctor: keys has no command \"bend\"; it has rotate, destroy\n");
  EXPECT_EQ(type({"--version"}).code, 0);
}

}  // namespace
}  // namespace junctor
