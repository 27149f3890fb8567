#include <gtest/gtest.h>

#include "cli/node.h"

namespace junctor {
namespace {

TEST(PublicUrl, has_the_brackets_that_an_ipv6_address_needs) {
  Config config;
  config.port = 8400;
  config.address = "::1";
  EXPECT_EQ(public_url(config), "http://[::1]:8400");
  config.address = "127.0.0.1";
  EXPECT_EQ(public_url(config), "http://127.0.0.1:8400");
  config.public_url = "https://junctor.example/";
  EXPECT_EQ(public_url(config), "https://junctor.example");
}

}  // namespace
}  // namespace junctor
