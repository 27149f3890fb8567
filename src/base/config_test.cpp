#include "base/config.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace junctor {
namespace {

TEST(Config, reads_every_form_of_a_value) {
  Config config;
  EXPECT_TRUE(apply_setting(config, "port", "9000", "test").empty());
  EXPECT_TRUE(apply_setting(config, "body_limit", "8m", "test").empty());
  EXPECT_TRUE(apply_setting(config, "event_retention", "7d", "test").empty());
  EXPECT_TRUE(apply_setting(config, "event_limit", "20g", "test").empty());
  EXPECT_TRUE(apply_setting(config, "allow_addresses", "127.0.0.0/8,localhost", "test").empty());
  EXPECT_TRUE(apply_setting(config, "dev_no_auth", "true", "test").empty());
  EXPECT_EQ(config.port, 9000);
  EXPECT_EQ(config.body_limit_bytes, 8u * 1024 * 1024);
  EXPECT_EQ(config.event_retention, std::chrono::hours(7 * 24));
  EXPECT_EQ(config.event_limit_bytes, std::size_t{20} << 30);
  EXPECT_EQ(config.allow_addresses, (std::vector<std::string>{"127.0.0.0/8", "localhost"}));
  EXPECT_EQ(config.authentication, Authentication::off_for_development);
}

TEST(Config, says_where_a_wrong_value_came_from_and_what_is_expected) {
  Config config;
  for (const auto& [key, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"port", "70000"}, {"port", "80x"}, {"body_limit", "0"}, {"log_level", "loud"},
           {"roles", "api,chef"}, {"event_retention", "5m"}, {"dev_no_auth", "maybe"},
           {"threads", "-1"}, {"data_dir", ""}, {"prot", "80"}}) {
    const auto problems = apply_setting(config, key, text, "JUNCTOR_TEST");
    ASSERT_EQ(problems.size(), 1u) << key;
    EXPECT_EQ(problems[0].path, "JUNCTOR_TEST");
    EXPECT_FALSE(problems[0].expected.empty());
  }
}

TEST(Config, takes_settings_from_the_environment) {
  setenv("JUNCTOR_DATA_DIR", "elsewhere", 1);
  setenv("JUNCTOR_SHUTDOWN_TIMEOUT", "soon", 1);
  Config config;
  const auto problems = apply_environment(config);
  unsetenv("JUNCTOR_DATA_DIR");
  unsetenv("JUNCTOR_SHUTDOWN_TIMEOUT");
  EXPECT_EQ(config.data_dir, "elsewhere");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].path, "JUNCTOR_SHUTDOWN_TIMEOUT");
}

}  // namespace
}  // namespace junctor
