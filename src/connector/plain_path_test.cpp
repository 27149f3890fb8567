#include "connector/plain_path.h"

#include <gtest/gtest.h>

#include "connector/expressions.h"
#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/jsonata.h"

namespace junctor::connector {
namespace {

Json parsed(std::string_view text) { return json::parse(text).value_or_throw(); }

TEST(PlainPath, is_names_and_nothing_else) {
  for (const char* text : {"items", "data.x.pageInfo", "`@odata.nextLink`", "meta.`next page`.id", "_a1"}) EXPECT_TRUE(PlainPath::of(text)) << text;
  for (const char* text : {"", "$", "$input.x", "a.", ".a", "a..b", "a[0]", "a b", "a or b", "1a", "a.1", "'a'", "`a", "true", "a.null",
                           "a.and", "a.*", "a.%", "a?b:c", "f(a)", "a.{'b': c}", "more ? next"}) {
    EXPECT_FALSE(PlainPath::of(text)) << text;
  }
}

TEST(PlainPath, selects_what_the_engine_selects) {
  const char* const values[] = {
      "null", "1", "\"a\"", "[]", "{}", "[{\"a\":1}]", "[{\"a\":[1]},{\"a\":[2,3]}]", R"({"a":null})", R"({"a":[]})", R"({"a":[7]})",
      R"({"a":[[1]]})", R"({"a":[[1],[2]]})", R"({"a":[[]]})", R"({"a":{}})", R"({"a":{"b":1}})", R"({"a":{"b":[]}})", R"({"a":{"b":[1]}})",
      R"({"a":{"b":[[1,2]]}})", R"({"a":[{"b":1}]})", R"({"a":[{"b":1},{"b":2},{},3,null]})", R"({"a":[{"b":[1]}]})",
      R"({"a":[{"b":[1]},{"b":[2,3]},{"b":[]}]})", R"({"a":[{"b":[]},{"b":[]}]})", R"({"a":[{"b":[]}]})", R"({"a":[{"b":null},{"b":null}]})",
      R"({"a":[{"b":{"c":1}},{"b":[{"c":2},{"c":[3,[4]]}]}]})", R"({"a":[[{"b":1}],{"b":2}]})", R"({"a":[{"b":[[1]]},{"b":[2]}]})",
      R"({"a":{"b":{"c":[{"c":1}]}}})", R"({"a":false})", R"({"a":[{"b":{"c":[5]}},{"b":{"c":[]}}]})"};
  for (const char* path : {"a", "a.b", "a.b.c", "z", "a.z"}) {
    const auto plain = PlainPath::of(path);
    ASSERT_TRUE(plain);
    const auto engine = jsonata::Expression::compile(path);
    for (const char* text : values) {
      const Json value = parsed(text);
      const auto read = plain->read(value);
      if (!read) continue;  // left to the engine
      const auto expected = engine.evaluate(value);
      EXPECT_EQ(read->selected, expected) << path << " of " << text;
    }
  }
}

TEST(PlainPath, keeps_every_digit) {
  const CompiledExpression rows(Jsonata{"data.rows.id"});
  const Json value = parsed(R"({"data":{"rows":[{"id":9007199254740993},{"id":12345678901234567890}]}})");
  EXPECT_EQ(json::to_text(rows.evaluate(value).value()), "[9007199254740993,12345678901234567890]");
  const CompiledValue body(ValueSpec{parsed(R"({"id":"=input.id","ids":["=input.id"]})")});
  EXPECT_EQ(json::to_text(body.evaluate(parsed(R"({"input":{"id":9007199254740993}})"))), R"({"id":9007199254740993,"ids":[9007199254740993]})");
}

}  // namespace
}  // namespace junctor::connector
