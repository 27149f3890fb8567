#include "engine/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace junctor {
namespace {

using testing::HasSubstr;

class ProjectTest : public testing::Test {
 protected:
  ProjectTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "junctor-project-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    std::filesystem::create_directories(folder_ + "/chat");
    std::ofstream(folder_ + "/chat/integration.yaml") << "slug: chat\n";
  }
  ~ProjectTest() override {
    unsetenv("JUNCTOR_TEST_TOKEN");
    std::filesystem::remove_all(folder_);
  }

  Result<Project> load(const std::string& text,
                       Environment environment = Environment::must_be_set) {
    std::ofstream(folder_ + "/junctor.yaml") << text;
    return load_project(folder_, environment);
  }
  std::string problems(const std::string& text) {
    const auto project = load(text);
    return project.ok() ? "none" : to_string(project.problems());
  }

  std::string folder_;
};

TEST_F(ProjectTest, reads_integrations_connections_endpoints_and_settings) {
  setenv("JUNCTOR_TEST_TOKEN", "t-1", 1);
  const Project project = load(R"(
integrations: [./chat]
connections:
  - integration: chat
    name: team
    vars: {token: "${JUNCTOR_TEST_TOKEN}", region: "${JUNCTOR_TEST_REGION:-eu}", retries: 3}
endpoints:
  - {name: shop, integration: chat, webhook: orders, secrets: ["a-${JUNCTOR_TEST_TOKEN}"]}
settings: {port: 8401}
)").value_or_throw();
  EXPECT_EQ(project.integrations.at(0), folder_ + "/./chat");
  EXPECT_EQ(project.connections.at(0).vars,
            (JsonObject{{"token", "t-1"}, {"region", "eu"}, {"retries", 3}}));
  EXPECT_EQ(project.endpoints.at(0).secrets.at(0), "a-t-1");
  EXPECT_EQ(project.settings.at("port"), "8401");
}

TEST_F(ProjectTest, counts_a_relative_data_directory_from_its_folder) {
  EXPECT_EQ(load("settings: {data_dir: kept}").value_or_throw().settings.at("data_dir"), folder_ + "/kept");
  EXPECT_EQ(load("settings: {data_dir: /kept}").value_or_throw().settings.at("data_dir"), "/kept");
}

TEST_F(ProjectTest, a_variable_that_is_not_set_is_a_problem_for_an_engine) {
  const std::string text =
      "integrations: [./chat]\nconnections:\n  - integration: chat\n    vars: {token: "
      "\"${JUNCTOR_TEST_TOKEN}\"}\n";
  EXPECT_THAT(problems(text), HasSubstr("junctor.yaml:4"));
  EXPECT_THAT(problems(text), HasSubstr("JUNCTOR_TEST_TOKEN"));
}

TEST_F(ProjectTest, who_only_judges_a_project_is_told_what_is_not_set) {
  const Project project =
      load("integrations: [./chat]\nsettings: {port: \"${JUNCTOR_TEST_TOKEN}\"}\n",
           Environment::may_be_unset)
          .value_or_throw();
  ASSERT_EQ(project.unset.size(), 1u);
  EXPECT_EQ(project.unset[0].path, "settings.port");
}

TEST_F(ProjectTest, says_every_problem_with_its_line_and_what_was_meant) {
  const std::string said = problems(
      "integratons: [./chat]\nintegrations: [./nowhere]\nconnections:\n  - {name: team}\n"
      "endpoints: {a: 1}\nsettings: {prt: 1}\n");
  EXPECT_THAT(said, HasSubstr("junctor.yaml:1: integratons"));
  EXPECT_THAT(said, HasSubstr("did you mean integrations?"));
  EXPECT_THAT(said, HasSubstr("junctor.yaml:2: integrations[0]"));
  EXPECT_THAT(said, HasSubstr("junctor.yaml:5: endpoints"));
  EXPECT_THAT(said, HasSubstr("did you mean port?"));
}

TEST_F(ProjectTest, a_folder_with_one_definition_is_a_project) {
  const Project project = load_project(folder_ + "/chat/").value_or_throw();
  EXPECT_EQ(project.integrations.at(0), folder_ + "/chat");
  EXPECT_FALSE(load_project(folder_ + "/nowhere").ok());
}

}  // namespace
}  // namespace junctor
