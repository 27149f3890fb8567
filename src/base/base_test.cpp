#include <gtest/gtest.h>

#include <set>
#include <type_traits>

#include "base/crypto.h"
#include "junctor/clock.h"
#include "junctor/failure.h"
#include "junctor/ids.h"
#include "junctor/result.h"
#include "junctor/secret.h"

namespace junctor {
namespace {

static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_same_v<RunId, EventId>);

TEST(Uuid, grows_with_every_call_and_survives_its_text) {
  Uuid last;
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; ++i) {
    const Uuid next = Uuid::generate();
    EXPECT_LT(last, next);
    EXPECT_EQ(Uuid::parse(next.to_string()), next);
    EXPECT_EQ(next.to_string()[14], '7');
    seen.insert(next.to_string());
    last = next;
  }
  EXPECT_EQ(seen.size(), 20'000u);
}

TEST(Uuid, refuses_text_that_is_none) {
  for (const char* text : {"", "019a", "019a0000-0000-7000-8000-00000000000g",
                           "019a00000000-0000-7000-8000-000000000000-"})
    EXPECT_EQ(Uuid::parse(text), std::nullopt) << text;
}

// RFC 4231 test case 2, FIPS 180-4 "abc".
TEST(Crypto, agrees_with_the_published_vectors) {
  using crypto::Digest;
  EXPECT_EQ(crypto::to_hex(crypto::hmac(Digest::sha256, "Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(crypto::to_hex(crypto::hash(Digest::sha1, "abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Crypto, opens_only_what_is_untouched_and_for_the_same_row) {
  const std::string key(32, 'k');
  const std::string sealed = crypto::seal(key, "the secret", "row 1");
  EXPECT_EQ(crypto::open(key, sealed, "row 1"), "the secret");
  EXPECT_EQ(crypto::open(key, sealed, "row 2"), std::nullopt);
  EXPECT_EQ(crypto::open(std::string(32, 'x'), sealed, "row 1"), std::nullopt);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string touched = sealed;
    touched[i] = static_cast<char>(touched[i] ^ 1);
    EXPECT_EQ(crypto::open(key, touched, "row 1"), std::nullopt) << i;
  }
  EXPECT_EQ(crypto::open(key, "short", "row 1"), std::nullopt);
}

// RFC 4648 section 10.
TEST(Base64, agrees_with_the_standard_and_refuses_the_rest) {
  EXPECT_EQ(crypto::to_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(crypto::to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(crypto::from_base64("Zm8="), "fo");
  EXPECT_EQ(crypto::from_base64url("Zm8"), "fo");
  EXPECT_EQ(crypto::to_base64url("\xff\xfe"), "__4");
  for (const char* text : {"Zm8", "Zm9=", "Z", "Zm8 ", "Zm=8"})
    EXPECT_EQ(crypto::from_base64(text), std::nullopt) << text;
}

TEST(Secret, moves_its_bytes_and_compares_without_showing_them) {
  Secret first("swordfish");
  Secret second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT: the state after a move is what is tested
  EXPECT_EQ(second.reveal(), "swordfish");
  EXPECT_TRUE(second.equals("swordfish"));
  EXPECT_FALSE(second.equals("swordfisH"));
}

TEST(Result, throws_every_problem_when_there_is_no_value) {
  Result<int> result(std::vector<Problem>{{"a.b", 3, "x", "y", "f.yaml"}, {"c", 0, "", "z", ""}});
  try {
    std::move(result).value_or_throw();
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.message(), "f.yaml:3: a.b: found x, expected y\nc: expected z");
  }
}

TEST(Clock, writes_times_as_the_standard_does) {
  EXPECT_EQ(to_string(Timestamp(std::chrono::milliseconds(1'795'230'000'007))),
            "2026-11-21T03:00:00.007Z");
  EXPECT_EQ(to_string(Timestamp(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(Failure, says_which_kinds_may_succeed_later) {
  EXPECT_TRUE(is_retryable(FailureKind::unavailable));
  EXPECT_FALSE(is_retryable(FailureKind::invalid));
  EXPECT_THROW(JUNCTOR_CHECK(1 == 2), Failure);
}

}  // namespace
}  // namespace junctor
