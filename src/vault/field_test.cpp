#include "vault/field.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "vault/field_value.h"
#include "vault/vault.h"

namespace junctor::vault {
namespace {

FieldDeclaration of(FieldKind kind) {
  FieldDeclaration out;
  out.key = "one";
  out.kind = kind;
  return out;
}

// The value as it is kept, or "found → expected".
std::string judged(const FieldDeclaration& field, const char* json) {
  const auto result = judge_value(field, boost::json::parse(json));
  if (result) return boost::json::serialize(result.value());
  return result.problems().front().found + " → " + result.problems().front().expected;
}

TEST(Field, a_number_keeps_within_its_range_and_is_finite) {
  FieldDeclaration field = of(FieldKind::number);
  field.min = 1;
  field.max = 99.5;
  EXPECT_EQ(judged(field, "1"), "1");
  EXPECT_EQ(judged(field, "\"99.5\""), judged(field, "99.5"));
  EXPECT_EQ(judged(field, "0"), "0 → a number of 1 to 99.5");
  EXPECT_EQ(judged(field, "\"100\""), "\"100\" → a number of 1 to 99.5");
  EXPECT_EQ(judged(of(FieldKind::number), "\"1e999\""), "\"1e999\" → a number");
  EXPECT_EQ(judged(of(FieldKind::number), "\"NaN\""), "\"NaN\" → a number");
  EXPECT_EQ(judged(of(FieldKind::number), "\"\""), "\"\" → a number");
  EXPECT_EQ(judged(of(FieldKind::number), "true"), "true → a number");
}

TEST(Field, a_text_keeps_to_its_length_in_characters_and_its_pattern) {
  FieldDeclaration field = of(FieldKind::text);
  field.min = 3;
  field.max = 5;
  EXPECT_EQ(judged(field, "\"äöü\""), "\"äöü\"");
  EXPECT_EQ(judged(field, "\"äö\""), "\"äö\" → text of 3 to 5 characters");
  EXPECT_EQ(judged(field, "\"sixsix\""), "\"sixsix\" → text of 3 to 5 characters");
  field.max.reset();
  field.pattern = "^[a-z]+$";
  EXPECT_EQ(judged(field, "\"abc\""), "\"abc\"");
  EXPECT_EQ(judged(field, "\"abc4\""), "\"abc4\" → text of at least 3 characters that matches ^[a-z]+$");
  field.pattern = "(a+)+$";
  EXPECT_NE(judged(field, ("\"" + std::string(5000, 'a') + "!\"").c_str()).find("matches (a+)+$"), std::string::npos)
      << "a pattern that would take for ever is a pattern that does not match";
  field.kind = FieldKind::textarea;
  field.pattern.clear();
  field.min = 2;
  EXPECT_EQ(judged(field, "\"x\""), "\"x\" → text of at least 2 characters");
}

TEST(Field, a_secret_outside_its_bounds_is_not_repeated) {
  FieldDeclaration field = of(FieldKind::password);
  field.pattern = "^sk-";
  field.max = 20;
  EXPECT_EQ(judged(field, "\"sk-good\""), "\"sk-good\"");
  EXPECT_EQ(judged(field, "\"canary\""), "a value that does not fit → text of at most 20 characters that matches ^sk-");
  field.kind = FieldKind::textarea;
  field.secret = true;
  EXPECT_EQ(judged(field, "\"canary\"").find("canary"), std::string::npos);
}

TEST(Field, kinds_of_text_are_what_they_say) {
  EXPECT_EQ(judged(of(FieldKind::url), "\"https://a.example/x?y\""), "\"https://a.example/x?y\"");
  for (const char* wrong : {"\"ftp://a\"", "\"https://\"", "\"a.example\"", "\"https://u:p@a.example\"", "\"https://a b\"",
                            "\"javascript:alert(1)\"", "7"})
    EXPECT_NE(judged(of(FieldKind::url), wrong).find("a URL with https://"), std::string::npos) << wrong;
  EXPECT_EQ(judged(of(FieldKind::email), "\"ann@a.example\""), "\"ann@a.example\"");
  EXPECT_EQ(judged(of(FieldKind::email), "\"ann\""), "\"ann\" → an email address");
  EXPECT_EQ(judged(of(FieldKind::date), "\"2026-02-28\""), "\"2026-02-28\"");
  EXPECT_EQ(judged(of(FieldKind::date), "\"2026-02-30\""), "\"2026-02-30\" → a date such as 2026-01-31");
  FieldDeclaration bounded = of(FieldKind::url);
  bounded.pattern = "\\.example$";
  EXPECT_NE(judged(bounded, "\"https://a.test\"").find("that matches"), std::string::npos);
}

TEST(Field, choices_are_among_the_options) {
  FieldDeclaration field = of(FieldKind::select);
  field.options = {{"Europe", "eu"}, {"Nine", 9}, {"Yes", true}};
  EXPECT_EQ(judged(field, "\"eu\""), "\"eu\"");
  EXPECT_EQ(judged(field, "\"9\""), "9") << "as forms send it";
  EXPECT_EQ(judged(field, "\"mars\""), "\"mars\" → one of \"eu\" 9 true");
  field.kind = FieldKind::multiselect;
  EXPECT_EQ(judged(field, "[\"eu\",\"9\"]"), "[\"eu\",9]");
  EXPECT_EQ(judged(field, "\"[9]\""), "[9]") << "as a terminal gives it";
  EXPECT_EQ(judged(field, "[\"mars\"]"), "[\"mars\"] → a list of \"eu\" 9 true");
  EXPECT_EQ(judged(field, "\"eu\""), "\"eu\" → a list of \"eu\" 9 true");
  field.kind = FieldKind::select;
  field.options.clear();
  field.options_action = "list";
  EXPECT_EQ(judged(field, "\"whatever\""), "\"whatever\"");
  EXPECT_NE(judged(field, "{}").find("that its action gives"), std::string::npos);
}

TEST(Field, json_parses_and_satisfies_its_schema) {
  FieldDeclaration field = of(FieldKind::json);
  EXPECT_EQ(judged(field, "\"{\\\"a\\\": 1}\""), "{\"a\":1}");
  EXPECT_EQ(judged(field, "\"{\""), "\"{\" → JSON");
  field.schema = CompiledSchema::compile(boost::json::parse(R"({"type":"object","required":["a"],"properties":{"a":{"type":"integer"}}})"))
                     .value_or_throw();
  EXPECT_EQ(judged(field, "{\"a\":1}"), "{\"a\":1}");
  EXPECT_NE(judged(field, "{\"a\":\"x\"}").find("at a: "), std::string::npos) << judged(field, "{\"a\":\"x\"}");
  EXPECT_NE(judged(field, "{}").find("what its schema asks for"), std::string::npos);
  field.secret = true;
  EXPECT_EQ(judged(field, "{\"a\":\"canary\"}").find("canary"), std::string::npos);
}

TEST(Field, no_value_is_endless) {
  const std::string text = "\"" + std::string(70'000, 'x') + "\"";
  EXPECT_EQ(judged(of(FieldKind::text), text.c_str()), "a value that is too long → at most 65536 bytes");
  EXPECT_EQ(judged(of(FieldKind::password), text.c_str()), "a value that is too long → at most 65536 bytes");
}

TEST(Field, what_is_entered_so_far_is_judged_and_nothing_is_missing) {
  FieldDeclaration shown = of(FieldKind::number), other = of(FieldKind::text);
  shown.min = 5;
  other.key = "other";
  const auto empty = check_vars({shown, other}, {}, {}, {}, Completeness::as_far_as_given);
  EXPECT_TRUE(empty);
  const auto wrong = check_vars({shown, other}, {{"one", 4}}, {}, {}, Completeness::as_far_as_given);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(to_string(wrong.problems()), "vars.one: found 4, expected a number of at least 5");
}

TEST(Field, phases_decide_what_may_be_missing) {
  FieldDeclaration before = of(FieldKind::text), after = of(FieldKind::text);
  after.key = "later";
  after.phase = FieldPhase::after_authorisation;
  EXPECT_TRUE(check_vars({before, after}, {{"one", "x"}}, {}, {}, Completeness::before_authorisation));
  EXPECT_FALSE(check_vars({before, after}, {{"later", "x"}}, {}, {}, Completeness::before_authorisation));
  EXPECT_FALSE(check_vars({before, after}, {{"one", "x"}}, {}, {}, Completeness::complete));
  EXPECT_EQ(missing_vars({before, after}, {{"one", "x"}}, {}), std::vector<std::string>{"later"});
}

}  // namespace
}  // namespace junctor::vault
