#include "connector/seen_places.h"

#include <gtest/gtest.h>

#include <string>

namespace junctor::connector {
namespace {

// How many places of a circle of this length are taken before one comes again; 0: none of `most` did.
int taken(int tail, int length, int most) {
  SeenPlaces seen;
  for (int i = 0; i < most; ++i) {
    const int place = i < tail ? i : tail + (i - tail) % length;
    if (seen.comes_again(std::to_string(place))) return i;
  }
  return 0;
}

TEST(SeenPlaces, notices_a_short_circle_at_once) {
  EXPECT_EQ(taken(0, 1, 10), 1);
  EXPECT_EQ(taken(0, 2, 10), 2);
  EXPECT_EQ(taken(7, 500, 10'000), 507);
  EXPECT_EQ(taken(5'000, 999, 10'000), 5'999);
}

TEST(SeenPlaces, notices_a_long_circle_before_its_third_round_is_over) {
  for (const int length : {1'500, 4'096, 10'000}) {
    const int took = taken(0, length, 100'000);
    EXPECT_GT(took, 0);
    EXPECT_LE(took, 3 * length);
  }
}

TEST(SeenPlaces, takes_nothing_new_for_something_seen) { EXPECT_EQ(taken(50'000, 1, 50'000), 0); }

}  // namespace
}  // namespace junctor::connector
