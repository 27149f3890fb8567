#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connector/yaml_loader.h"

namespace junctor::connector {
namespace {

using testing::HasSubstr;

// Problems of a definition with these vars; the first var is on line 5.
std::string problems(const std::string& vars, const std::string& base = "http://localhost", const std::string& path = "/") {
  const auto report = examine_integration(
      "slug: fields\nendpoints: {base_url: \"" + base + "\"}\nauth: {type: bearer}\nvars:\n" + vars +
          "actions: {get: {api: {path: \"" + path + "\"}}}\n",
      "f.yaml");
  return to_string(report.problems);
}

TEST(CheckFields, takes_bounds_patterns_and_defaults_that_make_sense) {
  EXPECT_EQ(problems(R"(  token: {type: password, min: 10, max: 40, pattern: "^sk-"}
  port: {type: number, min: -1.5, max: 65535, default: 443}
  name: {min: 2, default: ab, pattern: "^[a-z]+$"}
  plan: {type: select, options: [{value: 1}, {value: b}], default: b}
  days: {type: multiselect, options: [{value: mo}, {value: tu}], default: [mo]}
  mail: {type: email, default: ann@a.example, visible_when: {field: plan, equals: 1}}
  site: {type: url, default: "https://a.example"}
  since: {type: date, default: "2026-01-31"}
)"), "");
}

TEST(CheckFields, refuses_bounds_that_nothing_satisfies_or_that_bound_nothing) {
  EXPECT_THAT(problems("  token: {type: password}\n  port: {type: number, min: 9, max: 1}\n"),
              HasSubstr("f.yaml:6: vars.port.min: found a minimum above the maximum, expected min ≤ max"));
  EXPECT_THAT(problems("  token: {min: -1}\n"), HasSubstr("f.yaml:5: vars.token.min: found no length"));
  EXPECT_THAT(problems("  token: {max: 2.5}\n"), HasSubstr("f.yaml:5: vars.token.max: found no length"));
  for (const char* type : {"boolean", "json", "date"})
    EXPECT_THAT(problems(std::string("  token: {type: ") + type + ", max: 3}\n"),
                HasSubstr("f.yaml:5: vars.token.max: found a bound of a value that has no size"));
  EXPECT_THAT(problems("  token: {type: select, options: [{value: a}], min: 1}\n"), HasSubstr("vars.token.min"));
}

TEST(CheckFields, refuses_patterns_that_do_not_compile_or_judge_no_text) {
  EXPECT_THAT(problems("  token:\n    label: Token\n    pattern: \"[a-\"\n"), HasSubstr("f.yaml:7: vars.token.pattern: found"));
  EXPECT_THAT(problems("  token: {type: number, pattern: \"^1\"}\n"),
              HasSubstr("f.yaml:5: vars.token.pattern: found a pattern of a value that is no text"));
}

TEST(CheckFields, refuses_defaults_that_their_own_field_refuses) {
  EXPECT_THAT(problems("  token: {type: number, min: 1, default: 0}\n"),
              HasSubstr("f.yaml:5: vars.token.default: found 0, expected a number of at least 1"));
  EXPECT_THAT(problems("  token: {pattern: \"^a\", default: b}\n"), HasSubstr("vars.token.default: found \"b\", expected text that matches ^a"));
  EXPECT_THAT(problems("  token: {max: 1, default: bb}\n"), HasSubstr("vars.token.default"));
  EXPECT_THAT(problems("  token: {type: url, default: nowhere}\n"), HasSubstr("vars.token.default: found \"nowhere\", expected a URL"));
  EXPECT_THAT(problems("  token: {type: multiselect, options: [{value: a}], default: [b]}\n"), HasSubstr("vars.token.default"));
  EXPECT_THAT(problems("  token: {type: password, default: x}\n"), HasSubstr("vars.token.default: found a secret in the definition"));
}

TEST(CheckFields, refuses_conditions_that_never_hold) {
  EXPECT_THAT(problems("  token: {type: password}\n  a: {visible_when: {field: token, equals: x}}\n"),
              HasSubstr("f.yaml:6: vars.a.visible_when.field: found a secret"));
  EXPECT_THAT(problems("  token: {type: boolean}\n  a: {visible_when: {field: token, equals: maybe}}\n"),
              HasSubstr("vars.a.visible_when.equals: found a value that \"token\" cannot have, expected true or false"));
  EXPECT_THAT(problems("  token: {visible_when: {field: b, equals: x}}\n  b: {visible_when: {field: token, equals: x}}\n"),
              HasSubstr("vars.b.visible_when.field: found a field that shows only when this one does"));
  EXPECT_THAT(problems("  token: {}\n  a: {visible_when: {field: tokn, equals: x}}\n"), HasSubstr("did you mean"));
}

TEST(CheckFields, refuses_places_of_vars_that_no_request_has) {
  const std::string vars = "  token: {type: password}\n  site: {type: json}\n";
  EXPECT_EQ(problems(vars, "https://{vars.site.host}", "/{vars.site}"), "");
  EXPECT_THAT(problems(vars, "https://{vars.host}"), HasSubstr("endpoints.base_url: found the place {vars.host}, expected a field of `vars`"));
  EXPECT_THAT(problems(vars, "http://localhost", "/{vars.token}"),
              HasSubstr("actions.get.api.path: found the place {vars.token}, which is a secret, expected a var that may be seen"));
}

TEST(CheckFields, warns_of_files_that_go_nowhere) {
  const auto warnings = [](const std::string& body) {
    return to_string(examine_integration("slug: files\nendpoints: {base_url: \"http://localhost\"}\nactions:\n"
                                         "  up: {params: {doc: {ui_type: file}}, api: {method: POST, path: /" + body + "}}\n", "f.yaml").warnings);
  };
  EXPECT_THAT(warnings(""), HasSubstr("actions.up.params.doc: found a file that goes nowhere"));
  for (const char* body : {", body_kind: file", ", body_kind: multipart, multipart: {doc: {file: doc}}"})
    EXPECT_THAT(warnings(body), testing::Not(HasSubstr("goes nowhere")));
}

}  // namespace
}  // namespace junctor::connector
