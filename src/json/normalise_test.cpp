#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/schema.h"

namespace junctor {
namespace {

Json from(std::string_view text) { return json::parse(text).value_or_throw(); }

// The normalised document as text, or the problems.
std::string normalised(std::string_view schema, std::string_view document, NormaliseOptions options = {}) {
  options.coercion = NormaliseOptions::Coercion::from_text;
  const auto compiled = CompiledSchema::compile(from(schema)).value_or_throw();
  const auto result = normalise(compiled, from(document), options);
  return result ? json::to_text(result.value()) : to_string(result.problems());
}

TEST(Normalise, text_becomes_what_the_schema_asks_for) {
  const char* schema = R"({"properties": {"n": {"type": "integer"}, "x": {"type": "number"},
    "b": {"type": "boolean"}, "l": {"type": "array", "items": {"type": "integer"}},
    "s": {"type": "string"}, "e": {"enum": [1, 2]}, "u": {"type": ["integer", "null"]}}})";
  EXPECT_EQ(normalised(schema, R"({"n":"12","x":"-1.5e2","b":"true","l":"7","s":"12","e":"2","u":"3"})"),
            R"({"n":12,"x":-150,"b":true,"l":[7],"s":"12","e":2,"u":3})");
  EXPECT_EQ(normalised(schema, R"({"b":"0","l":["1","2"]})"), R"({"b":false,"l":[1,2]})");
}

TEST(Normalise, what_is_no_number_and_no_boolean_is_a_fault_with_its_path) {
  const char* schema = R"({"properties": {"n": {"type": "integer"}, "b": {"type": "boolean"},
                                          "deep": {"properties": {"n": {"type": "number"}}}}})";
  EXPECT_EQ(normalised(schema, R"({"n":"","b":"yes","deep":{"n":"1x"}})"),
            "n: found string \"\", expected integer\n"
            "b: found string \"yes\", expected boolean\n"
            "deep.n: found string \"1x\", expected number");
  for (const char* bad : {R"({"n":" 1"})", R"({"n":"1.5"})", R"({"n":"0x10"})", R"({"n":"1e400"})", R"({"n":"+1"})"}) {
    EXPECT_NE(normalised(schema, bad).find("expected integer"), std::string::npos) << bad;
  }
}

TEST(Normalise, defaults_stand_in_for_absent_members_at_every_level) {
  const char* schema = R"({"properties": {
    "page": {"type": "integer", "default": 1},
    "filter": {"default": {}, "properties": {"state": {"default": "open"}}},
    "rows": {"items": {"properties": {"n": {"default": 0}}}}}})";
  EXPECT_EQ(normalised(schema, R"({"rows":[{},{"n":5}]})"),
            R"({"rows":[{"n":0},{"n":5}],"page":1,"filter":{"state":"open"}})");
  EXPECT_NE(normalised(schema, R"({"page":null})").find("page"), std::string::npos);
}

TEST(Normalise, undeclared_members_are_stripped_at_every_level_unless_the_schema_speaks_of_them) {
  const char* schema = R"({"properties": {
    "a": {"properties": {"b": {}}}, "free": {"type": "object"},
    "map": {"properties": {"x": {}}, "additionalProperties": {"type": "integer"}},
    "rows": {"items": {"properties": {"n": {}}}}}, "required": ["r"]})";
  EXPECT_EQ(normalised(schema, R"({"r":1,"z":1,"a":{"b":1,"c":2},"free":{"q":1},"map":{"y":"3"},"rows":[{"n":1,"m":2}]})"),
            R"({"r":1,"a":{"b":1},"free":{"q":1},"map":{"y":3},"rows":[{"n":1}]})");
  EXPECT_NE(normalised(R"({"properties":{"a":{}},"additionalProperties":false})", R"({"b":1})").find("b:"),
            std::string::npos);
}

TEST(Normalise, members_declared_by_any_schema_that_applies_stay) {
  EXPECT_EQ(normalised(R"({"allOf": [{"properties": {"a": {"properties": {"x": {"type": "integer"}}}}},
                                     {"$ref": "#/$defs/more"}],
                           "$defs": {"more": {"properties": {"a": {"properties": {"y": {"default": 2}}}}}}})",
                       R"({"a":{"x":"1","z":3},"q":0})"),
            R"({"a":{"x":1,"y":2}})");
}

TEST(Normalise, the_first_alternative_that_fits_decides) {
  const char* schema = R"({"oneOf": [
    {"properties": {"kind": {"const": "n"}, "value": {"type": "integer"}}, "required": ["kind"]},
    {"properties": {"kind": {"const": "s"}, "text": {"default": "-"}}, "required": ["kind"]}]})";
  EXPECT_EQ(normalised(schema, R"({"kind":"n","value":"4","text":1})"), R"({"kind":"n","value":4})");
  EXPECT_EQ(normalised(schema, R"({"kind":"s"})"), R"({"kind":"s","text":"-"})");
  EXPECT_EQ(normalised(R"({"if": {"properties": {"n": {"type": "integer", "minimum": 5}}, "required": ["n"]},
                           "then": {"properties": {"big": {"default": true}}},
                           "else": {"properties": {"big": {"default": false}}}})", R"({"n":"7"})"),
            R"({"n":7,"big":true})");
}

}  // namespace
}  // namespace junctor
