#include "json/schema_shortcuts.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <random>

#include "json/parse.h"
#include "json/schema_run.h"
#include "junctor/schema.h"

namespace junctor::schema {
namespace {

CompiledSchema compiled(std::string_view text) {
  SchemaOptions options;
  options.formats = SchemaOptions::Formats::check;
  return CompiledSchema::compile(json::parse(text).value_or_throw(), options).value_or_throw();
}

NodeId from_root(const CompiledSchema& schema, Kinds kind) {
  return schema.program().shortcut(schema.program().root, kind);
}

std::string location(const CompiledSchema& schema, Kinds kind) {
  const NodeId id = from_root(schema, kind);
  if (id == always) return "always";
  return id == never ? "never" : schema.program().locations[id];
}

TEST(SchemaShortcuts, lead_through_references_and_the_only_possible_alternative) {
  const auto schema = compiled(R"({"$ref": "#/$defs/a", "$defs": {
      "a": {"anyOf": [{"$ref": "#/$defs/b"}, {"type": "null"}]},
      "b": {"allOf": [{"type": ["object", "string"], "required": ["x"]}]}}})");
  EXPECT_EQ(location(schema, object_kind), "#/$defs/b/allOf/0");
  EXPECT_EQ(location(schema, string_kind), "always");
  EXPECT_EQ(location(schema, null_kind), "always");
  EXPECT_EQ(location(schema, integer_kind), "never");
}

TEST(SchemaShortcuts, stay_where_more_than_one_subschema_decides) {
  for (const char* text :
       {R"({"anyOf": [{"minLength": 1}, {"maxLength": 5}]})", R"({"oneOf": [true, {"minLength": 2}]})",
        R"({"allOf": [{"minLength": 1}, {"maxLength": 5}]})", R"({"not": {"minLength": 1}})",
        R"({"if": {"minLength": 1}, "then": false})", R"({"minLength": 1, "allOf": [{"maxLength": 5}]})",
        R"({"enum": ["a"], "anyOf": [{"minLength": 1}, {"type": "null"}]})"}) {
    const auto schema = compiled(text);
    EXPECT_EQ(from_root(schema, string_kind), schema.program().root) << text;
  }
}

TEST(SchemaShortcuts, keep_nodes_that_track_what_was_evaluated) {
  const auto schema = compiled(R"({"$ref": "#/$defs/a", "unevaluatedProperties": false,
                                   "$defs": {"a": {"properties": {"x": true}}}})");
  EXPECT_EQ(from_root(schema, object_kind), schema.program().root);
  EXPECT_TRUE(schema.accepts(json::parse(R"({"x": 1})").value()));
  EXPECT_FALSE(schema.accepts(json::parse(R"({"y": 1})").value()));
}

TEST(SchemaShortcuts, do_not_leave_the_resource_where_references_are_dynamic) {
  const auto schema = compiled(R"({"$id": "http://a/outer", "$dynamicAnchor": "node",
      "$ref": "inner", "$defs": {"inner": {"$id": "inner", "$dynamicAnchor": "node",
        "properties": {"child": {"$dynamicRef": "#node"}}, "$ref": "leaf"},
      "leaf": {"$id": "leaf", "type": "object"}}})");
  EXPECT_EQ(from_root(schema, object_kind), schema.program().root);
  EXPECT_FALSE(schema.accepts(json::parse(R"({"child": {"child": 1}})").value()));
}

TEST(SchemaShortcuts, end_after_many_references_and_the_answer_stays) {
  std::string text = R"({"$ref": "#/$defs/d0", "$defs": {)";
  for (int i = 0; i < 60; ++i) {
    text += "\"d" + std::to_string(i) + R"(": {"$ref": "#/$defs/d)" + std::to_string(i + 1) + "\"},";
  }
  const auto schema = compiled(text + R"("d60": {"type": "string", "minLength": 2}}})");
  EXPECT_TRUE(schema.accepts(Json("ab")));
  EXPECT_FALSE(schema.accepts(Json("a")));
  EXPECT_FALSE(schema.accepts(Json(1)));
}

// Runs that collect errors take no shortcuts: both must give the same answer.
class RandomSchema {
 public:
  explicit RandomSchema(unsigned seed) : random_(seed) {}

  std::string schema(int depth) {
    static constexpr const char* leaves[] = {
        "true", "false", R"({"type":"string","minLength":1})", R"({"type":"null"})",
        R"({"type":["integer","null"]})", R"({"enum":["a",1,null]})", R"({"minimum":2})",
        R"({"required":["a"]})", R"({"$ref":"#/$defs/x"})", R"({"$ref":"#/$defs/y"})"};
    if (depth == 0 || pick(4) == 0) return leaves[pick(std::size(leaves))];
    std::string text = "{";
    const auto add = [&](const std::string& member) { text += (text.size() > 1 ? "," : "") + member; };
    if (pick(3) == 0) add(R"("type":["object","string","integer"])");
    if (pick(5) == 0) add(R"("unevaluatedProperties":false)");
    for (const char* keyword : {"allOf", "anyOf", "oneOf"}) {
      if (pick(3) == 0) add("\"" + std::string(keyword) + "\":" + list(depth));
    }
    if (pick(6) == 0) add("\"not\":" + schema(depth - 1));
    if (pick(2) == 0) add(R"("properties":{"a":)" + schema(depth - 1) + R"(,"b":)" + schema(depth - 1) + "}");
    if (pick(4) == 0) add("\"additionalProperties\":" + schema(depth - 1));
    return text + "}";
  }
  std::string value(int depth) {
    static constexpr const char* leaves[] = {"null", "true", "1", "2.5", "\"\"", "\"a\"", "[]", "{}"};
    if (depth == 0 || pick(3) == 0) return leaves[pick(std::size(leaves))];
    std::string text = "{";
    for (const char* key : {"a", "b", "c"}) {
      if (pick(2) == 0) text += (text.size() > 1 ? ",\"" : "\"") + std::string(key) + "\":" + value(depth - 1);
    }
    return text + "}";
  }

 private:
  std::size_t pick(std::size_t bound) { return random_() % bound; }
  std::string list(int depth) {
    std::string text = "[" + schema(depth - 1);
    for (std::size_t more = pick(3); more > 0; --more) text += "," + schema(depth - 1);
    return text + "]";
  }

  std::mt19937 random_;
};

TEST(SchemaShortcuts, change_no_answer_on_random_schemas_and_values) {
  RandomSchema random(7);
  SchemaTextReader reader;
  int accepted = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = R"({"allOf":[)" + random.schema(3) + R"(],"$defs":{"x":)" + random.schema(0) +
                             R"(,"y":{"properties":{"a":)" + random.schema(1) + "}}}}";
    const auto schema = CompiledSchema::compile(json::parse(text).value_or_throw());
    if (!schema) continue;  // x referred to itself
    for (int j = 0; j < 10; ++j) {
      const std::string value = random.value(2);
      const Json document = json::parse(value).value_or_throw();
      const SchemaLimits limits;
      junctor::schema::Run run(schema.value().program(), limits);
      explain_json(run, document);
      const bool good = run.errors.empty();
      ASSERT_EQ(schema.value().accepts(document), good) << text << "\n" << value;
      ASSERT_EQ(schema.value().accepts_text(value, reader), good) << text << "\n" << value;
      accepted += good ? 1 : 0;
    }
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace junctor::schema
