#include "auth/oauth/store_refusals.h"

#include <gtest/gtest.h>

namespace junctor::auth {
namespace {

using namespace std::chrono_literals;

std::string said_by(const std::function<void()>& work) {
  testing::internal::CaptureStderr();
  work();
  return testing::internal::GetCapturedStderr();
}

ConnectionKey connection() { return {default_tenant(), ConnectionId::generate()}; }

TEST(StoreRefusals, are_said_when_they_begin_once_a_minute_and_when_they_are_over) {
  StoreRefusals refusals;
  const ConnectionKey one = connection(), two = connection();
  Timestamp now{1'800'000'000s};
  EXPECT_NE(said_by([&] { refusals.refused(one, "disk full", now); }).find("disk full"), std::string::npos);
  EXPECT_EQ(said_by([&] {
    for (int second = 0; second < 59; ++second) {
      now += 1s;
      refusals.refused(one, "disk full", now);
      refusals.refused(two, "disk full", now);
    }
  }), "");
  now += 1s;
  EXPECT_NE(said_by([&] { refusals.refused(two, "disk full", now); }).find("of 2 connections"), std::string::npos);
  EXPECT_EQ(said_by([&] { refusals.refused(one, "disk full", now); }), "");
  EXPECT_EQ(said_by([&] { refusals.taken(one); }), "");
  EXPECT_NE(said_by([&] { refusals.taken(two); }).find("has the new tokens"), std::string::npos);
  EXPECT_EQ(said_by([&] { refusals.taken(two); }), "") << "of a token that was taken at once";
}

TEST(StoreRefusals, that_begin_anew_are_said_at_once) {
  StoreRefusals refusals;
  const ConnectionKey one = connection();
  const Timestamp now{1'800'000'000s};
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(said_by([&] { refusals.refused(one, "away", now); }), "");
    EXPECT_NE(said_by([&] { refusals.taken(one); }), "");
  }
}

}  // namespace
}  // namespace junctor::auth
