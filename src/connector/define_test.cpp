#include "junctor/define.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connector/yaml_loader.h"
#include "junctor/shared_object.h"

namespace junctor::connector {
namespace {

struct FindInput {
  std::string id;
  std::optional<std::string> fields;
};
JUNCTOR_DESCRIBE(FindInput, (id, fields))
struct Person {
  std::string id;
  int age = 0;
};
JUNCTOR_DESCRIBE(Person, (id, age))

Person find(Context&, const FindInput& input) { return {input.id, 42}; }

class NoContext final : public Context {
 public:
  Fiber& fiber() override { throw Failure(FailureKind::bug, "none"); }
  const TenantId& tenant() const override { return default_tenant(); }
  RunId run() const override { return {}; }
  std::string idempotency_key() const override { return {}; }
  const Json& vars() const override { return vars_; }
  Secret secret(std::string_view) override { return {}; }
  std::optional<UploadFile> file(std::string_view) override { return {}; }
  Json call(std::string_view, const Json&, const CallOptions&) override { return nullptr; }
  StreamedRows stream(std::string_view, const Json&, const std::function<bool(const Json&)>&,
                      const CallOptions&) override {
    return {};
  }
  EventId emit(std::string_view, const Json&) override { return {}; }
  void transaction(const std::function<void(Records&)>&) override {}
  Json step(std::string_view, const std::function<Json()>& body) override { return body(); }
  void log(LogLevel, std::string_view) override {}
  void progress(std::uint64_t, std::uint64_t, std::string_view) override {}
  void count(std::string_view, std::int64_t) override {}

 private:
  Json vars_;
};

TEST(Define, a_file_stands_beside_the_handlers_struct) {
  const Integration hr = define_integration("hr")
                             .action("find", find, {.path = "/people/{id}/photo", .params = {{.name = "photo", .ui_type = UiType::file, .required = true}}})
                             .build();
  const Action& action = *hr.find_action("find");
  EXPECT_EQ(input_schema(hr, action), schema_of<FindInput>());
  ASSERT_EQ(files_of(action).size(), 1u);
  EXPECT_EQ(files_of(action).front().name, "photo");
  EXPECT_TRUE(takes_body_as_file(action));
  EXPECT_FALSE(params_describe_input(action));
}

TEST(Define, takes_schemas_from_the_handlers_structs_and_calls_it) {
  const Integration hr =
      define_integration("hr")
          .name("HR")
          .collection<Person>("people")
          .action("findPerson", find,
                  {.description = "One", .method = "GET", .path = "/people/{id}"})
          .build();
  const Action* action = hr.find_action("find_person");
  ASSERT_NE(action, nullptr);
  EXPECT_EQ(action->name, "Find Person");
  EXPECT_EQ(input_schema(hr, *action).at("required"), Json(JsonArray{"id"}));
  EXPECT_TRUE(output_schema(hr, *action).at("properties").as_object().contains("age"));
  NoContext context;
  EXPECT_EQ(action->handler(context, JsonObject{{"id", "7"}}),
            Json(JsonObject{{"id", "7"}, {"age", 42}}));
  EXPECT_EQ(hr.functions.at(0).endpoint_path, "/people/{id}");
}

TEST(Define, gives_the_same_value_as_yaml) {
  Action post;
  post.slug = "post";
  post.params = {{.name = "text", .required = true}};
  post.api.emplace();
  post.api->method = "POST";
  post.api->path = "/messages";
  const Integration from_code =
      define_integration("chat").base_url("https://chat.example.com").action(post).build();
  const Integration from_yaml = load_integration(R"(
slug: chat
endpoints: {base_url: "https://chat.example.com"}
actions:
  post: {params: {text: {required: true}}, api: {method: POST, path: /messages}}
)",
                                                 "x")
                                    .value_or_throw();
  EXPECT_TRUE(from_code == from_yaml);
}

TEST(Define, says_every_problem_of_a_definition) {
  Action bad;
  bad.triggers = {{.type = TriggerType::schedule, .cron = "99 * * * *"}};
  try {
    define_integration("Bad Slug").action("x", find, bad).build();
    FAIL() << "it was accepted";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.message(), testing::HasSubstr("slug: found \"Bad Slug\""));
    EXPECT_THAT(failure.message(), testing::HasSubstr("actions.x.triggers[0].cron"));
  }
}

TEST(Define, says_on_which_line_each_problem_was_made) {
  Action bad;
  bad.triggers = {{.type = TriggerType::schedule, .cron = "99 * * * *"}};
  const int line = __LINE__ + 1;
  IntegrationBuilder hr = define_integration("Bad Slug");
  hr.base_url("no url");
  hr.action("findPerson", find, bad);
  hr.action("find_person", find);
  hr.var({.key = "1st"});
  try {
    hr.build();
    FAIL() << "it was accepted";
  } catch (const Failure& failure) {
    const auto at = [&](int offset, const char* path) {
      return testing::HasSubstr("define_test.cpp:" + std::to_string(line + offset) + ": " + path);
    };
    EXPECT_THAT(failure.message(), at(0, "slug: "));
    EXPECT_THAT(failure.message(), at(1, "endpoints.base_url"));
    EXPECT_THAT(failure.message(), at(3, "actions.find_person: found a second"));
    EXPECT_THAT(failure.message(), at(4, "vars.1st"));
  }
}

TEST(SharedObject, refuses_what_is_no_integration) {
  EXPECT_THROW(load_shared_object("/nowhere.so"), Failure);
  EXPECT_THROW(load_shared_object("/lib/x86_64-linux-gnu/libz.so.1"), Failure);
}

}  // namespace
}  // namespace junctor::connector
