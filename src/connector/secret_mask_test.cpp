#include "connector/secret_mask.h"

#include <gtest/gtest.h>

namespace junctor::connector {
namespace {

std::string masked(const std::vector<std::string_view>& secrets, std::string_view bytes, std::size_t piece_bytes) {
  SecretMask mask(secrets);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) out += mask.next(bytes.substr(at, piece_bytes));
  return out += mask.rest();
}

TEST(SecretMask, hides_secrets_wherever_the_pieces_end) {
  const std::vector<std::string_view> secrets = {"Bearer abababac", "abababac", "line1\nline2"};
  const std::string bytes = "xabababababac Bearer abababac ababa line1\nline1\nline2";
  const std::string wanted = "xabab******** *************** ababa line1\n***********";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) EXPECT_EQ(masked(secrets, bytes, piece), wanted) << piece;
}

TEST(SecretMask, leaves_nothing_of_a_secret_that_begins_with_another_or_runs_into_it) {
  const std::vector<std::string_view> secrets = {"user-1", "user-1/password", "word-and", "abab"};
  const std::string bytes = "user-1/password-and user-1 ababab user-1/pass";
  const std::string wanted = "******************* ****** ****** ******/pass";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) EXPECT_EQ(masked(secrets, bytes, piece), wanted) << piece;
}

TEST(SecretMask, keeps_back_only_what_may_be_a_beginning) {
  SecretMask mask({"a-long-secret"});
  EXPECT_EQ(mask.next("all of this"), "all of this");
  EXPECT_EQ(mask.next("and this a-lo"), "and this ");
  EXPECT_EQ(mask.next("ng-way"), "a-long-way");
  EXPECT_EQ(mask.next("a-long"), "");
  EXPECT_EQ(mask.rest(), "a-long");
  EXPECT_EQ(mask.rest(), "");
}

TEST(SecretMask, without_secrets_hands_on_what_it_is_given) {
  SecretMask mask({});
  const std::string piece = "bytes";
  EXPECT_EQ(mask.next(piece).data(), piece.data());
  EXPECT_EQ(mask.rest(), "");
}

}  // namespace
}  // namespace junctor::connector
