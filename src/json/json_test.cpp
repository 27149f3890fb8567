// Numbers, equality, pointers, URIs, canonical form.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "json/canonical.h"
#include "json/equal.h"
#include "json/name_table.h"
#include "json/number.h"
#include "json/parse.h"
#include "json/pointer.h"
#include "json/serialize.h"
#include "json/uri.h"

namespace junctor::json {
namespace {

Json from(std::string_view text) { return parse(text).value_or_throw(); }

TEST(Number, compares_integers_and_doubles_exactly) {
  const auto number = [](std::string_view text) { return Number::of(from(text)); };
  EXPECT_EQ(compare(number("1"), number("1.0")), 0);
  EXPECT_LT(compare(number("9007199254740992.0"), number("9007199254740993")), 0);
  EXPECT_GT(compare(number("18446744073709551615"), number("-1e300")), 0);
  EXPECT_LT(compare(number("18446744073709551615"), number("1.8446744073709552e19")), 0);
  EXPECT_LT(compare(number("-9223372036854775808"), number("-9223372036854775807")), 0);
  EXPECT_EQ(compare(number("-9223372036854775808"), number("-9223372036854775808.0")), 0);
  EXPECT_LT(compare(number("-2"), number("-1.5")), 0);
  EXPECT_GT(compare(number("-1"), number("-1.5")), 0);
  EXPECT_GT(compare(number("1.5"), number("1")), 0);
}

TEST(Equality, knows_one_value_per_number_and_no_order_of_members) {
  EXPECT_TRUE(json_equal(from(R"({"a":1,"b":[1.0]})"), from(R"({"b":[1],"a":1.0})")));
  EXPECT_FALSE(json_equal(from("true"), from("1")));
  EXPECT_FALSE(json_equal(from("[1,2]"), from("[2,1]")));
  EXPECT_EQ(json_hash(from(R"({"a":1,"b":2})")), json_hash(from(R"({"b":2.0,"a":1})")));
}

TEST(NameTable, finds_its_names_and_nothing_else) {
  std::vector<std::string> names = {"", "a", "ab", "abc", "abcd", "abcdefg", "abcdefgh",
                                    "abcdefghijklmnop", "abcdefghijklmnopq", "abcdefghXXXXXXXXijklmnop"};
  for (int i = 0; i < 300; ++i) names.push_back("member_" + std::to_string(i));
  const NameTable table(names);
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(table.find(names[i]), i);
    EXPECT_EQ(table.find(names[i], 5), i);
    EXPECT_EQ(table.find(names[i] + "!"), NameTable::absent);
  }
  EXPECT_EQ(table.find("abcdefghYYYYYYYYijklmnop"), NameTable::absent);
  EXPECT_EQ(table.find(std::string_view("\0", 1)), NameTable::absent);
  EXPECT_EQ(NameTable().find("a"), NameTable::absent);
}

TEST(Pointer, reads_writes_and_removes) {
  Json document = from(R"({"a":{"b/c":[1,{"m~n":2}]},"":0})");
  EXPECT_EQ(*find_pointer(document, "/a/b~1c/1/m~0n"), 2);
  EXPECT_EQ(*find_pointer(document, "/"), 0);
  EXPECT_EQ(find_pointer(document, "/a/b~1c/01"), nullptr);
  EXPECT_EQ(find_pointer(document, "/a/b~1c/-"), nullptr);
  EXPECT_EQ(find_pointer(document, "a"), nullptr);
  EXPECT_TRUE(set_pointer(document, "/a/b~1c/-", 3).ok());
  EXPECT_TRUE(set_pointer(document, "/x/y", true).ok());
  EXPECT_FALSE(set_pointer(document, "/a/b~1c/9", 3).ok());
  EXPECT_TRUE(remove_pointer(document, "/a/b~1c/0"));
  EXPECT_FALSE(remove_pointer(document, "/a/none"));
  EXPECT_EQ(to_text(document), R"({"a":{"b/c":[{"m~n":2},3]},"":0,"x":{"y":true}})");
  EXPECT_EQ(path_of_pointer("/a/0/b c"), "a[0]['b c']");
  EXPECT_EQ(path_of_pointer(""), "$");
}

TEST(Uri, resolves_the_examples_of_rfc_3986) {
  const char* base = "http://a/b/c/d;p?q";
  const std::pair<const char*, const char*> cases[] = {
      {"g:h", "g:h"}, {"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"}, {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"}, {"//g", "http://g"}, {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"}, {"#s", "http://a/b/c/d;p?q#s"}, {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"}, {"./", "http://a/b/c/"}, {"..", "http://a/b/"}, {"../g", "http://a/b/g"},
      {"../..", "http://a/"}, {"../../../g", "http://a/g"}, {"/./g", "http://a/g"},
      {"g/./h", "http://a/b/c/g/h"}, {"g/../h", "http://a/b/c/h"}};
  for (const auto& [reference, expected] : cases) EXPECT_EQ(resolve_uri(base, reference), expected) << reference;
  EXPECT_EQ(resolve_uri("urn:uuid:1", "#x"), "urn:uuid:1#x");
  EXPECT_EQ(decoded_fragment("#/a%25b%"), "/a%b%");
}

TEST(Canonical, prints_the_example_of_rfc_8785) {
  const Json value = from(R"({"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
    "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]})");
  EXPECT_EQ(canonical_text(value),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(Canonical, sorts_names_by_utf_16_units) {
  const Json value = from(R"({"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7})");
  EXPECT_EQ(canonical_text(value),
            "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001f600\":5,\"\ufb33\":3}");
}

TEST(Canonical, equal_payloads_share_a_fingerprint) {
  EXPECT_EQ(fingerprint(from(R"({"a":1,"b":2})")), fingerprint(from(R"({ "b" : 2.0, "a" : 1 })")));
  EXPECT_NE(fingerprint(from("9007199254740993")), fingerprint(from("9007199254740992")));
  EXPECT_EQ(fingerprint(from("{}")), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

}  // namespace
}  // namespace junctor::json
