#include "queue/keys_in_flight.h"

#include <gmock/gmock.h>

namespace junctor::queue {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(KeysInFlight, the_second_of_two_learns_which_keys_are_taken) {
  KeysInFlight keys;
  const auto first = keys.hold({"a", "b"});
  EXPECT_THAT(first.contested(), IsEmpty());
  const auto second = keys.hold({"b", "c"});
  EXPECT_THAT(second.contested(), ElementsAre("b"));
}

TEST(KeysInFlight, a_key_is_free_again_when_all_who_held_it_are_gone) {
  KeysInFlight keys;
  {
    const auto first = keys.hold({"a"});
    const auto second = keys.hold({"a"});
    EXPECT_THAT(second.contested(), ElementsAre("a"));
  }
  EXPECT_THAT(keys.hold({"a"}).contested(), IsEmpty());
}

TEST(KeysInFlight, one_publication_may_name_a_key_twice) {
  KeysInFlight keys;
  EXPECT_THAT(keys.hold({"a", "a"}).contested(), IsEmpty());
  EXPECT_THAT(keys.hold({"a"}).contested(), IsEmpty());
}

}  // namespace
}  // namespace junctor::queue
