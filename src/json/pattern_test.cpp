#include "json/pattern.h"

#include <gtest/gtest.h>

#include <random>

namespace junctor::json {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  PatternScratch scratch;
  return Pattern::compile(pattern).value_or_throw().match(text, scratch) == Pattern::Outcome::matches;
}

TEST(Pattern, everyday_patterns_become_tables) {
  for (const char* text : {"^E-[0-9]{4,8}$", "^\\+[0-9]{7,15}$", "^[0-9]{5}(-[0-9]{4})?$", "abc", "^.*$",
                           "^[a-z][a-z0-9_-]*$", "a|b", "\\d+", "^(GET|POST)$", "[^/]+", ""}) {
    EXPECT_TRUE(Pattern::compile(text).value_or_throw().is_linear()) << text;
  }
  EXPECT_FALSE(Pattern::compile("(?=a)").value_or_throw().is_linear());
  EXPECT_FALSE(Pattern::compile("\\p{L}").value_or_throw().is_linear());
}

TEST(Pattern, finds_a_match_anywhere_unless_anchored) {
  EXPECT_TRUE(matches("b", "abc"));
  EXPECT_FALSE(matches("^b", "abc"));
  EXPECT_FALSE(matches("b$", "abc"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("^$", ""));
  EXPECT_FALSE(matches("a$", "a\n"));
  EXPECT_TRUE(matches("^(ab){2}c?$", "abab"));
  EXPECT_FALSE(matches("^(ab){2}c?$", "ababcc"));
  EXPECT_TRUE(matches("^.$", "é"));
  EXPECT_TRUE(matches("^.$", "😀"));
  EXPECT_FALSE(matches("^.$", "\xe2\x80\xa8"));
  EXPECT_TRUE(matches("^[^a]$", "\xe2\x80\xa8"));
  EXPECT_TRUE(matches("^é+$", "ééé"));
}

TEST(Pattern, means_what_ecma_262_means) {
  EXPECT_TRUE(matches("^\\p{Letter}+$", "añВ"));
  EXPECT_TRUE(matches("^\\p{Script=Greek}$", "λ"));
  EXPECT_TRUE(matches("^\\cA$", "\x01"));
  EXPECT_TRUE(matches("^\\u{1F600}$", "😀"));
  EXPECT_TRUE(matches("^\\ud83d\\ude00$", "😀"));
  EXPECT_TRUE(matches("^[\\s]$", "\xe2\x80\x83"));
  EXPECT_FALSE(matches("^[\\S]$", "\xe2\x80\x83"));
  EXPECT_TRUE(matches("^[\\S]$", "x"));
  EXPECT_FALSE(matches("^[]$", "x"));
  EXPECT_TRUE(matches("^(?<y>\\d{4})-\\k<y>$", "2024-2024"));
  EXPECT_TRUE(matches("^(a)\\1$", "aa"));
  EXPECT_TRUE(matches("^[[:alpha:]]$", ":]"));
  EXPECT_TRUE(matches("(?<!a)b", "cb"));
  EXPECT_TRUE(matches("^(?=.)[\\w-z][a-\\d]$", "--"));
}

TEST(Pattern, refuses_what_ecma_262_does_not_have) {
  for (const char* text : {"(", "a)", "[a", "a**", "a++", "*a", "(?P<n>a)", "(?>a)", "\\Z", "\\Qa", "(*FAIL)",
                           "\\p{NoSuch}", "(?#c)", "\\u{}", "\\c1", "a\\"}) {
    EXPECT_FALSE(Pattern::compile(text).ok()) << text;
  }
}

// The two engines must agree: small random patterns over small random texts.
TEST(Pattern, tables_agree_with_the_general_engine) {
  std::mt19937 random(7);
  const auto pick = [&](std::initializer_list<const char*> all) {
    return std::string(all.begin()[random() % all.size()]);
  };
  int compared = 0;
  for (int round = 0; round < 600; ++round) {
    std::string inner;
    const auto pieces = 1 + random() % 4;
    for (unsigned i = 0; i < pieces; ++i) {
      inner += pick({"a", "b", "[ab]", "[^a]", ".", "(a|bb)", "(?:ab)", "\\d", "\\W", "é", "(a*b)"});
      inner += pick({"", "", "*", "+", "?", "{2}", "{1,3}", "*?"});
    }
    const std::string pattern = pick({"", "^"}) + inner + pick({"", "$"});
    const Pattern table = Pattern::compile(pattern).value_or_throw();
    // A look-ahead that always holds sends the same pattern to the general engine.
    const Pattern general = Pattern::compile("(?=)(?:" + pattern + ")").value_or_throw();
    EXPECT_FALSE(general.is_linear());
    PatternScratch scratch;
    for (int sample = 0; sample < 8; ++sample) {
      std::string text;
      const auto length = random() % 7;
      for (unsigned i = 0; i < length; ++i) text += pick({"a", "b", "1", "é", "\n", "c"});
      ASSERT_EQ(table.match(text, scratch), general.match(text, scratch)) << pattern << " on " << text;
      compared += table.is_linear() ? 1 : 0;
    }
  }
  EXPECT_GT(compared, 3000);
}

}  // namespace
}  // namespace junctor::json
