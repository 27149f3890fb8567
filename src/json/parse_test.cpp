#include "json/parse.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include "json/repeated_key.h"
#include "json/serialize.h"

namespace junctor::json {
namespace {

std::string round_trip(std::string_view text) {
  auto parsed = parse(text);
  return parsed ? to_text(parsed.value()) : to_string(parsed.problems());
}

TEST(JsonText, prints_numbers_as_javascript_does) {
  EXPECT_EQ(round_trip("[1.0, 1e21, 123456789012345680000, 0.1, 1e-7, -0.0, 0.000001, 5e-324]"),
            "[1,1e+21,123456789012345680000,0.1,1e-7,0,0.000001,5e-324]");
  EXPECT_EQ(number_text(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(number_text(-123.456), "-123.456");
  EXPECT_EQ(number_text(1e20), "100000000000000000000");
  number_text(1.2345678901234567e-100);
  EXPECT_EQ(number_text(96.5), "96.5");
}

TEST(JsonParse, rounds_doubles_correctly) {
  EXPECT_EQ(parse("0.3").value(), Json(0.3));
  EXPECT_EQ(parse("2.2250738585072011e-308").value(), Json(2.2250738585072011e-308));
  EXPECT_EQ(parse("9007199254740993.0").value(), Json(9007199254740992.0));
  EXPECT_EQ(parse("1.7976931348623157e308").value(), Json(1.7976931348623157e308));
}

TEST(JsonParse, keeps_integers_that_fit_and_turns_bigger_ones_into_doubles) {
  EXPECT_TRUE(parse("-9223372036854775808").value().is_int64());
  EXPECT_TRUE(parse("18446744073709551615").value().is_uint64());
  EXPECT_EQ(parse("18446744073709551616").value(), Json(18446744073709551616.0));
  EXPECT_EQ(parse("1e-400").value(), Json(0.0));
}

TEST(JsonParse, takes_exponents_of_any_length) {
  for (const char* text : {"1e-3333333324", "0e99999999999", "-0.0E+99999999999999999999", "123.5e-00000000000000004000"}) {
    ASSERT_TRUE(parse(text)) << text;
    EXPECT_EQ(parse(text).value(), Json(0.0)) << text;
  }
  EXPECT_EQ(parse("1e00000000000000000002").value(), Json(100.0));
  EXPECT_EQ(round_trip(R"(["1e-99999999999\"1e-99999999999", 1e-99999999999, {"1e99999999999": 2e1}])"),
            R"(["1e-99999999999\"1e-99999999999",0,{"1e99999999999":20}])");
  EXPECT_NE(round_trip("1e99999999999").find("out of range"), std::string::npos);
  EXPECT_NE(round_trip("\n[1e-99999999999, 1e99999999999]").find("line 2"), std::string::npos);
  EXPECT_NE(round_trip("[1e-99999999999, x]").find("offset 17"), std::string::npos);
}

TEST(JsonParse, finds_a_key_that_stands_twice_in_one_object) {
  EXPECT_FALSE(repeated_key(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}], "c": "a", "": 1e-99999999999})"));
  const auto found = repeated_key("{\"a\": {\"b\": 1,\n\"\\u0062\": 2}}");
  ASSERT_TRUE(found);
  EXPECT_EQ(to_string(*found), "line 2: found the key \"b\" a second time, expected each key of an object once");
}

TEST(JsonParse, puts_the_value_into_the_given_storage) {
  boost::json::monotonic_resource memory;
  std::string items;
  for (int i = 0; i < 1000; ++i) items += ",[\"a text beyond any small buffer\"]";
  const auto value = parse("{\"a\":[0" + items + "]}", {}, &memory);
  ASSERT_TRUE(value);
  EXPECT_EQ(value.value().storage().get(), &memory);
  EXPECT_EQ(value.value().at("a").as_array().size(), 1001u);
  EXPECT_EQ(value.value().at("a").at(1000).at(0).storage().get(), &memory);
}

TEST(JsonParse, names_the_line_of_what_is_wrong) {
  auto result = parse("{\n \"a\": 1,\n \"b\": }\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.problems().front().line, 3);
}

TEST(JsonParse, refuses_what_is_out_of_bounds) {
  EXPECT_NE(round_trip("1e400").find("out of range"), std::string::npos);
  EXPECT_NE(round_trip("\"\xff\"").find("UTF-8"), std::string::npos);
  EXPECT_NE(round_trip(std::string(1'000'000, '[')).find("nested too deep"), std::string::npos);
  EXPECT_NE(round_trip("[1").find("end of the text"), std::string::npos);
  EXPECT_NE(round_trip("1 2").find("more text"), std::string::npos);
  EXPECT_FALSE(parse("NaN"));
  EXPECT_FALSE(parse(""));
  EXPECT_FALSE(parse("[1, 2, 3]", {.max_depth = 4, .max_bytes = 5}));
}

TEST(JsonParse, says_what_is_wrong_with_the_encoding) {
  EXPECT_NE(round_trip("\xef\xbb\xbf{}").find("a byte order mark"), std::string::npos);
  for (const char* text : {R"(["\ud800"])", R"(["\uD800 x"])", R"(["\ud83dx"])", R"(["\ud800\n"])", R"(["\ud800\u0041"])", R"(["\udc00"])"}) {
    EXPECT_NE(round_trip(text).find("half of a surrogate pair"), std::string::npos) << round_trip(text);
  }
  EXPECT_EQ(round_trip(R"("\ud83d\ude00")"), "\"\xf0\x9f\x98\x80\"");
  EXPECT_EQ(round_trip("\"\xef\xbb\xbf\""), "\"\xef\xbb\xbf\"");
  EXPECT_NE(round_trip("\"\xff\"").find("UTF-8"), std::string::npos);
}

// Digits left on the stack by an earlier call must not become part of an exponent.
TEST(JsonText, prints_numbers_the_same_whatever_was_on_the_stack) {
  const auto dirty = [] {
    volatile char bytes[512];
    for (volatile char& byte : bytes) byte = '7';
  };
  for (int i = 0; i < 50; ++i) {
    dirty();
    ASSERT_EQ(to_text(Json(12.5)), "12.5");
    dirty();
    ASSERT_EQ(to_text(Json(-2.5e-7)), "-2.5e-7");
    dirty();
    ASSERT_EQ(to_text(Json(1e22)), "1e+22");
  }
}

TEST(JsonText, is_read_back_as_the_same_value) {
  const std::string text =
      R"({"a":[1,2.5,"\n\u0001\"\\é😀",true,null],"b":{"c":{},"d":[]},"e":-1e-9})";
  EXPECT_EQ(round_trip(text), text);
  EXPECT_EQ(to_text(parse(R"({"a":[1,{}],"b":[]})").value(), Layout::pretty),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

}  // namespace
}  // namespace junctor::json
