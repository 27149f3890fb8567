#include "junctor/schema.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "json/parse.h"

namespace junctor {
namespace {

Json from(std::string_view text) { return json::parse(text).value_or_throw(); }

CompiledSchema schema_of(std::string_view text, SchemaOptions options = {}) {
  return CompiledSchema::compile(from(text), options).value_or_throw();
}

std::string problems_of(std::string_view text) {
  const auto result = CompiledSchema::compile(from(text));
  return result ? "" : to_string(result.problems());
}

std::string errors_of(const CompiledSchema& schema, std::string_view document) {
  std::string text;
  for (const auto& error : schema.validate(from(document))) {
    text += error.instance_path + " " + error.schema_path + " " + error.message + "\n";
  }
  return text;
}

TEST(Schema, names_the_place_in_the_document_and_in_the_schema_of_every_error) {
  const auto schema = schema_of(R"({
    "properties": {"a/b": {"$ref": "#/$defs/port"}, "c": {"items": {"type": "string"}}},
    "required": ["d"],
    "$defs": {"port": {"type": "integer", "maximum": 65535}}})");
  EXPECT_EQ(errors_of(schema, R"({"a/b": 70000, "c": ["x", 1]})"),
            "/a~1b /properties/a~1b/$ref/maximum found 70000, expected at most 65535\n"
            "/c/1 /properties/c/items/type found integer 1, expected string\n"
            " /required the member 'd' is missing\n");
  const auto errors = schema.validate(from(R"({"a/b": 70000, "d": 1})"));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].schema_uri, "#/$defs/port/maximum");
  EXPECT_EQ(errors[0].keyword, "maximum");
}

TEST(Schema, explains_only_the_alternatives_that_take_this_kind_of_value) {
  const auto schema = schema_of(R"({"anyOf": [
    {"type": "object", "required": ["id"]}, {"type": "null"}]})");
  EXPECT_EQ(errors_of(schema, "{}"),
            " /anyOf found {…}, which none of the 2 alternatives accepts\n"
            " /anyOf/0/required the member 'id' is missing\n");
}

TEST(Schema, reports_every_wrong_keyword_at_once_with_its_path) {
  EXPECT_EQ(problems_of(R"({"type": "strnig", "properties": {"a": {"minLength": -1},
                            "b": {"pattern": "("}, "c": {"$ref": "#/$defs/none"}}})"),
            to_string(std::vector<Problem>{
                {"/type", 0, "\"strnig\"", "null, boolean, object, array, string, number or integer, or a list of them", ""},
                {"/properties/a/minLength", 0, "-1", "a whole number, 0 or more", ""},
                {"/properties/b/pattern", 0, "the pattern '('", "a regular expression of ECMA-262: missing closing parenthesis", ""},
                {"/properties/c/$ref", 0, "'#/$defs/none', which leads nowhere", "a JSON Pointer to a subschema, or an anchor of that document", ""},
            }));
}

TEST(Schema, refuses_references_that_run_in_a_circle) {
  EXPECT_NE(problems_of(R"({"$ref": "#"})"), "");
  EXPECT_NE(problems_of(R"({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]},
                            "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"})"), "");
  EXPECT_EQ(problems_of(R"({"properties": {"child": {"$ref": "#"}}})"), "");
}

TEST(Schema, stops_at_its_bounds_and_calls_that_an_error) {
  const auto tree = schema_of(R"({"items": {"$ref": "#"}})");
  std::string deep(100, '[');
  deep += std::string(100, ']');
  SchemaLimits limits;
  limits.max_depth = 50;
  EXPECT_TRUE(tree.accepts(from(deep)));
  EXPECT_FALSE(tree.accepts(from(deep), limits));
  EXPECT_EQ(tree.validate(from(deep), limits).back().message, "the document or its schema is too deep");

  // A bound inside 'not' must not turn into acceptance.
  const auto negated = schema_of(R"({"not": {"items": {"$ref": "#/not"}, "maxItems": 0}})");
  EXPECT_FALSE(negated.accepts(from(deep), limits));

  const auto many = schema_of(R"({"items": {"type": "string"}})");
  limits.max_errors = 3;
  EXPECT_EQ(many.validate(from("[1,2,3,4,5,6]"), limits).size(), 3u);
}

TEST(Schema, bounds_the_work_of_schemas_that_multiply) {
  std::string text = R"({"$ref": "#/$defs/d0", "$defs": {)";
  for (int i = 0; i < 40; ++i) {
    const std::string next = "#/$defs/d" + std::to_string(i + 1);
    text += "\"d" + std::to_string(i) + R"(": {"allOf": [{"$ref": ")" + next + R"("}, {"$ref": ")" + next + "\"}]},";
  }
  text += R"("d40": {"type": "object"}}})";
  SchemaLimits limits;
  limits.max_steps = 100000;
  EXPECT_FALSE(schema_of(text).accepts(from("{}"), limits));
}

TEST(Schema, bounds_patterns_that_backtrack) {
  const auto schema = schema_of(R"({"pattern": "^(?=(a+)+$)(a+)+$"})");
  EXPECT_FALSE(schema.accepts(Json(std::string(60, 'a') + "b")));
  const auto errors = schema.validate(Json(std::string(60, 'a') + "b"));
  ASSERT_FALSE(errors.empty());
}

TEST(Schema, a_number_without_fraction_is_an_integer_whatever_its_size) {
  const auto schema = schema_of(R"({"type": "integer"})");
  SchemaTextReader reader;
  for (const char* text : {"1.0", "-3.0e2", "1e300", "-1e300", "4503599627370497.0", "9007199254740993.0",
                           "18446744073709551616", "-0.0"}) {
    EXPECT_TRUE(schema.accepts(from(text))) << text;
    EXPECT_TRUE(schema.accepts_text(text, reader)) << text;
  }
  for (const char* text : {"0.5", "-1.5", "1e-300", "4503599627370495.5", "-2251799813685247.75"}) {
    EXPECT_FALSE(schema.accepts(from(text))) << text;
    EXPECT_FALSE(schema.accepts_text(text, reader)) << text;
  }
}

TEST(Schema, judges_members_that_are_only_required_as_additional_ones) {
  const auto schema = schema_of(R"({"properties": {"a": {"type": "integer"}}, "required": ["a", "b"],
                                    "additionalProperties": {"type": "string"}})");
  SchemaTextReader reader;
  const auto both = [&](std::string_view text) {
    const bool accepted = schema.accepts(from(text));
    EXPECT_EQ(schema.accepts_text(text, reader), accepted) << text;
    return accepted;
  };
  EXPECT_TRUE(both(R"({"b": "x", "a": 1, "c": "y"})"));
  EXPECT_FALSE(both(R"({"a": 1, "b": 2})"));
  EXPECT_FALSE(both(R"({"a": 1, "c": "y"})"));
  EXPECT_FALSE(both(R"({"a": 1, "b": "x", "c": 1})"));
  EXPECT_TRUE(both(R"({"b": 1, "a": "x", "a": 1, "b": "x"})"));
}

TEST(Schema, a_text_with_repeated_keys_is_judged_by_the_last_of_them) {
  SchemaTextReader reader;
  const auto schema = schema_of(R"({"properties": {"a": {"type": "integer"}}, "maxProperties": 2,
                                    "additionalProperties": {"type": "string"}})");
  EXPECT_TRUE(schema.accepts_text(R"({"a": "x", "a": 1})", reader));
  EXPECT_FALSE(schema.accepts_text(R"({"a": 1, "a": "x"})", reader));
  EXPECT_TRUE(schema.accepts_text(R"({"b": 1, "b": "x", "c": "", "c": ""})", reader));
  EXPECT_FALSE(schema_of(R"({"minProperties": 2})").accepts_text(R"({"b": 1, "b": 2})", reader));
}

TEST(Schema, a_text_that_is_no_json_is_a_problem_and_not_an_error) {
  SchemaTextReader reader;
  const auto schema = schema_of("{}");
  EXPECT_FALSE(schema.accepts_text("{", reader));
  EXPECT_FALSE(schema.validate_text("{", reader).ok());
  EXPECT_FALSE(schema.accepts_text("[1] x", reader));
  EXPECT_TRUE(schema.validate_text("[1]", reader).value().empty());
  EXPECT_TRUE(schema.accepts_text("123456789012345678901234567890", reader));
}

TEST(Schema, multiples_are_judged_on_decimal_digits) {
  const auto cents = schema_of(R"({"multipleOf": 0.01})");
  for (const char* good : {"19.99", "4.02", "0", "-0.07", "1e300", "12345678901234.56"}) {
    EXPECT_TRUE(cents.accepts(from(good))) << good;
  }
  for (const char* bad : {"19.995", "0.001", "1e-300"}) EXPECT_FALSE(cents.accepts(from(bad))) << bad;
  EXPECT_FALSE(schema_of(R"({"multipleOf": 7})").accepts(from("18446744073709551615")));
  EXPECT_TRUE(schema_of(R"({"multipleOf": 5})").accepts(from("18446744073709551615")));
}

TEST(Schema, large_integers_are_compared_without_rounding) {
  const auto schema = schema_of(R"({"maximum": 9007199254740992})");
  EXPECT_TRUE(schema.accepts(from("9007199254740992")));
  EXPECT_FALSE(schema.accepts(from("9007199254740993")));
  EXPECT_FALSE(schema_of(R"({"const": 9007199254740993})").accepts(from("9007199254740992.0")));
}

TEST(Schema, finds_references_in_a_registry_and_says_when_it_cannot) {
  SchemaRegistry registry;
  registry.add("https://example.com/name.json", from(R"({"type": "string", "$defs": {"short": {"maxLength": 3}}})"));
  SchemaOptions options;
  options.resolver = &registry;
  options.base_uri = "https://example.com/root.json";
  const auto schema = schema_of(R"({"items": {"allOf": [{"$ref": "name.json"}, {"$ref": "name.json#/$defs/short"}]}})", options);
  EXPECT_TRUE(schema.accepts(from(R"(["abc"])")));
  EXPECT_FALSE(schema.accepts(from(R"(["abcd"])")));
  EXPECT_NE(problems_of(R"({"$ref": "https://example.com/name.json"})").find("a document that is not known"),
            std::string::npos);
}

TEST(Schema, knows_the_published_metaschemas) {
  const auto meta = schema_of(R"({"$ref": "https://json-schema.org/draft/2020-12/schema"})");
  EXPECT_TRUE(meta.accepts(from(R"({"type": "object", "properties": {"a": true}})")));
  EXPECT_FALSE(meta.accepts(from(R"({"properties": {"a": {"type": 1}}})")));
  const auto older = schema_of(R"({"$ref": "https://json-schema.org/draft/2019-09/schema"})");
  EXPECT_FALSE(older.accepts(from(R"({"properties": {"a": {"minLength": -1}}})")));
  const auto seven = schema_of(R"({"$ref": "http://json-schema.org/draft-07/schema#"})");
  EXPECT_FALSE(seven.accepts(from(R"({"properties": {"a": {"minLength": -1}}})")));
}

TEST(Schema, older_drafts_keep_their_own_meaning) {
  const auto seven = schema_of(R"({"$schema": "http://json-schema.org/draft-07/schema#",
    "items": [{"type": "string"}], "additionalItems": false,
    "properties": {"a": {"$ref": "#/definitions/any", "type": "string"}}, "definitions": {"any": {}}})");
  EXPECT_TRUE(seven.accepts(from(R"(["x"])")));
  EXPECT_FALSE(seven.accepts(from(R"(["x", 1])")));
  EXPECT_TRUE(seven.accepts(from(R"({"a": 1})")));
  EXPECT_NE(problems_of(R"({"$schema": "https://example.com/unknown"})"), "");
}

std::string first_error(const char* schema, const char* document) {
  const auto errors = schema_of(schema).validate(from(document));
  return errors.empty() ? "" : errors.front().schema_path + " " + errors.front().schema_uri;
}

TEST(Schema, error_paths_exist_in_the_schema_whatever_its_draft) {
  EXPECT_EQ(first_error(R"({"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveAnchor": true,
                            "type": "object", "additionalProperties": {"$recursiveRef": "#"}})", R"({"a": 1})"),
            "/additionalProperties/$recursiveRef/type #/type");
  EXPECT_EQ(first_error(R"({"$dynamicAnchor": "n", "type": "object", "additionalProperties": {"$dynamicRef": "#n"}})",
                        R"({"a": 1})"),
            "/additionalProperties/$dynamicRef/type #/type");
  const char* seven = R"({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]})";
  EXPECT_EQ(first_error(seven, "[1]"), "/items/0/type #/items/0/type");
  EXPECT_EQ(first_error(R"({"$schema": "http://json-schema.org/draft-07/schema#", "items": [true],
                            "additionalItems": {"type": "string"}})", "[1, 1]"),
            "/additionalItems/type #/additionalItems/type");
  EXPECT_EQ(first_error(R"({"prefixItems": [{"type": "string"}]})", "[1]"), "/prefixItems/0/type #/prefixItems/0/type");
}

TEST(Schema, the_place_of_a_rule_is_a_uri) {
  EXPECT_EQ(first_error(R"({"properties": {"a b/%\u00e9": {"type": "string"}}})", R"({"a b/%\u00e9": 1})"),
            "/properties/a b~1%\u00e9/type #/properties/a%20b~1%25%C3%A9/type");
}

TEST(Schema, refuses_identifiers_that_cannot_be_meant) {
  for (const char* bad : {R"({"$id": 5})", R"({"$id": "http://[bad"})", R"({"$id": "foo#bar"})", R"({"$schema": 5})",
                          R"({"$anchor": "a b"})", R"({"$anchor": ""})", R"({"$anchor": 1})", R"({"$dynamicAnchor": "#a"})",
                          R"({"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveAnchor": 1})",
                          R"({"$schema": "http://json-schema.org/draft-07/schema#", "$id": 5})",
                          R"({"properties": {"a": {"$id": 5}}})"}) {
    EXPECT_NE(problems_of(bad), "") << bad;
  }
  EXPECT_EQ(problems_of(R"({"$anchor": "a b"})"),
            "/$anchor: found 'a b', expected a name of letters, digits, '-', '_' and '.' that starts with a letter");
  for (const char* good : {R"({"$id": "foo#"})", R"({"$id": "urn:a:b"})", R"({"$anchor": "_a-1.b"})",
                           R"({"const": {"$id": 5}})", R"({"properties": {"$id": {"const": 5}}})",
                           R"({"$schema": "http://json-schema.org/draft-07/schema#", "$id": "foo#bar", "$anchor": 5})",
                           R"({"$schema": "http://json-schema.org/draft-07/schema#", "properties":
                               {"a": {"$ref": "#", "$id": 5}}})"}) {
    EXPECT_EQ(problems_of(good), "") << good;
  }
}

TEST(Schema, refuses_what_is_said_twice) {
  EXPECT_EQ(problems_of(R"({"required": ["a", "a"]})"), "/required: found \"a\", expected every name once");
  EXPECT_NE(problems_of(R"({"dependentRequired": {"b": ["a", "a"]}})"), "");
  EXPECT_EQ(problems_of(R"({"$defs": {"x": {"$anchor": "n"}, "y": {"$anchor": "n"}}})"),
            "/$defs/y/$anchor: found 'n', which another schema has, expected every anchor once");
  EXPECT_EQ(problems_of(R"({"$defs": {"x": {"$id": "n"}, "y": {"$id": "n"}}})"),
            "/$defs/y/$id: found 'n', which another schema of the document has, expected every $id once");
  EXPECT_NE(problems_of(R"({"$id": "http://a/b", "$defs": {"x": {"$id": "http://a/b"}}})"), "");
  EXPECT_EQ(problems_of(R"({"$anchor": "n", "$dynamicAnchor": "n"})"), "");
  EXPECT_EQ(problems_of(R"({"$defs": {"x": {"$anchor": "n"}, "y": {"$id": "y", "$anchor": "n"}}})"), "");
  // Two documents may each carry a copy of a third.
  SchemaRegistry registry;
  registry.add("http://a/other", from(R"({"$defs": {"x": {"$id": "http://a/shared"}}})"));
  SchemaOptions options;
  options.resolver = &registry;
  EXPECT_TRUE(CompiledSchema::compile(
      from(R"({"$ref": "http://a/other", "$defs": {"x": {"$id": "http://a/shared"}}})"), options).ok());
}

TEST(Schema, says_why_a_document_is_not_there_and_cuts_what_is_long) {
  class Nothing final : public SchemaResolver {
   public:
    std::optional<Json> find(std::string_view) override { return std::nullopt; }
    std::string why_not(std::string_view uri) override { return std::string(uri) + " is away"; }
  };
  Nothing nothing;
  SchemaOptions options;
  options.resolver = &nothing;
  const auto found = [&](const std::string& text) {
    return CompiledSchema::compile(from(text), options).problems().front().found;
  };
  EXPECT_EQ(found(R"({"$ref": "http://a/b#/c"})"), "'http://a/b#/c', a document that is not known (http://a/b is away)");
  EXPECT_EQ(found(R"({"$schema": "http://a/b"})"), "'http://a/b' (http://a/b is away)");
  options.max_documents = 0;
  EXPECT_EQ(found(R"({"$ref": "http://a/b"})"),
            "'http://a/b', a document that is not known (more than 0 documents are referred to)");
  EXPECT_LT(problems_of(R"({"$ref": "#/)" + std::string(200'000, 'x') + "\"}").size(), 300u);
}

TEST(Schema, formats_are_remarks_unless_asked) {
  const char* text = R"({"format": "ipv4"})";
  EXPECT_TRUE(schema_of(text).accepts(from(R"("x")")));
  SchemaOptions options;
  options.formats = SchemaOptions::Formats::check;
  EXPECT_FALSE(schema_of(text, options).accepts(from(R"("x")")));
  EXPECT_EQ(errors_of(schema_of(text, options), R"("x")"),
            " /format found \"x\", expected the format 'ipv4'\n");
}

TEST(Schema, more_than_64_required_members_are_all_required) {
  std::string text = R"({"required": [)";
  std::string document = "{";
  for (int i = 0; i < 100; ++i) {
    text += (i ? ",\"m" : "\"m") + std::to_string(i) + "\"";
    document += (i ? ",\"m" : "\"m") + std::to_string(i) + "\": 1";
  }
  const auto schema = schema_of(text + "]}");
  EXPECT_TRUE(schema.accepts(from(document + "}")));
  JsonObject object = from(document + "}").as_object();
  object.erase("m90");
  EXPECT_FALSE(schema.accepts(object));
  object["m90"] = 1;
  object.erase("m3");
  EXPECT_FALSE(schema.accepts(object));
}

}  // namespace
}  // namespace junctor
