#include "json/infer.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "json/parse.h"
#include "json/serialize.h"

namespace junctor::json {
namespace {

Json from(std::string_view text) { return parse(text).value_or_throw(); }

std::string inferred(std::initializer_list<const char*> samples) {
  std::vector<Json> values;
  for (const char* text : samples) values.push_back(from(text));
  Json schema = infer_schema(values);
  for (const Json& value : values) {
    SchemaOptions options;
    options.formats = SchemaOptions::Formats::check;
    EXPECT_TRUE(CompiledSchema::compile(schema, options).value_or_throw().accepts(value)) << to_text(value);
  }
  schema.as_object().stable_erase("$schema");
  return to_text(schema);
}

TEST(Infer, joins_the_types_that_were_seen) {
  EXPECT_EQ(inferred({"1", "2.5"}), R"({"type":"number"})");
  EXPECT_EQ(inferred({"1", "null", "\"x y\""}), R"({"type":["string","integer","null"]})");
  EXPECT_EQ(inferred({"[]", "[1]", "[true]"}), R"({"type":"array","items":{"type":["integer","boolean"]}})");
  EXPECT_EQ(inferred({}), "{}");
}

TEST(Infer, a_member_of_every_sample_is_required) {
  EXPECT_EQ(inferred({R"({"a":1,"b":2})", R"({"a":3})"}),
            R"({"type":"object","required":["a"],"properties":{"a":{"type":"integer"},"b":{"type":"integer"}}})");
}

TEST(Infer, recognises_formats_only_when_every_text_has_them) {
  EXPECT_EQ(inferred({R"("2024-01-31")", R"("2023-12-01")"}), R"({"type":"string","format":"date"})");
  EXPECT_EQ(inferred({R"("2024-01-31")", R"("soon, I hope")"}), R"({"type":"string"})");
  EXPECT_EQ(inferred({R"("https://a.example/x")"}), R"({"type":"string","format":"uri"})");
}

TEST(Infer, few_words_seen_often_are_an_enum) {
  EXPECT_EQ(inferred({R"("OPEN")", R"("OPEN")", R"("DONE")", R"("OPEN")", R"("DONE")", R"("DONE")", R"("OPEN")", R"("OPEN")"}),
            R"({"type":"string","enum":["DONE","OPEN"]})");
  EXPECT_EQ(inferred({R"("OPEN")", R"("DONE")"}), R"({"type":"string"})");
}

TEST(Infer, objects_keyed_by_ids_are_maps) {
  EXPECT_EQ(inferred({R"({"10":{"n":1},"11":{"n":2}})", R"({"12":{"n":2}})"}),
            R"({"type":"object","additionalProperties":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}})");
}

TEST(Compare, names_what_is_missing_extra_and_of_another_type) {
  const auto schema = CompiledSchema::compile(from(R"({"required": ["id", "name"], "properties": {
    "id": {"type": "integer"}, "name": {"type": "string"}, "state": {"enum": ["a", "b"]},
    "rows": {"items": {"properties": {"n": {}}}}}})")).value_or_throw();
  using Kind = SchemaDifference::Kind;
  std::vector<std::pair<Kind, std::string>> found;
  for (const auto& one : compare(from(R"({"id":"7","state":"c","rows":[{"n":1},{"m":1}],"new":1})"), schema)) {
    found.emplace_back(one.kind, one.path);
  }
  const std::vector<std::pair<Kind, std::string>> expected = {
      {Kind::type_changed, "/id"}, {Kind::value, "/state"}, {Kind::missing, "/name"},
      {Kind::extra, "/rows/1/m"}, {Kind::extra, "/new"}};
  EXPECT_EQ(found, expected);
  EXPECT_TRUE(compare(from(R"({"id":7,"name":"x"})"), schema).empty());
}

}  // namespace
}  // namespace junctor::json
