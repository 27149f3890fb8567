#include "auth/signing/digest_session.h"

#include <gtest/gtest.h>

#include "auth/signing/digest_auth.h"

namespace junctor::auth {
namespace {

using namespace std::chrono_literals;
using Refusal = DigestSession::Refusal;

constexpr Timestamp start{1'800'000'000s};

std::vector<Challenge> challenge(const std::string& nonce, const std::string& more = ", qop=auth") {
  return parse_challenges("Digest realm=\"r\", nonce=\"" + nonce + "\"" + more);
}

std::string sent(const DigestSession::Use& use) {
  return answer_digest(use.challenge,
                       {.method = "GET",
                        .target = "/",
                        .body = {},
                        .client_nonce = use.client_nonce,
                        .nonce_count = use.nonce_count},
                       "u", Secret("p"));
}

TEST(DigestSession, counts_from_one_for_each_nonce) {
  DigestSession session("seed");
  EXPECT_FALSE(session.next());
  EXPECT_EQ(session.refused(challenge("a"), "", start), Refusal::first_answer);
  EXPECT_EQ(session.next()->nonce_count, 1u);
  const auto second = session.next().value();
  EXPECT_EQ(second.nonce_count, 2u);
  EXPECT_EQ(session.refused(challenge("b"), sent(second), start), Refusal::answer_again);
  EXPECT_EQ(session.next()->nonce_count, 1u);
}

TEST(DigestSession, goes_on_counting_where_a_challenge_repeats_the_nonce) {
  DigestSession session("seed");
  session.refused(challenge("a"), "", start);
  session.next();
  EXPECT_EQ(session.refused(challenge("a"), "", start), Refusal::first_answer)
      << "a second request had gone out before the first challenge came";
  EXPECT_EQ(session.next()->nonce_count, 2u);
}

TEST(DigestSession, raises_a_refused_count_once_above_what_was_ever_sent) {
  DigestSession session("seed");
  session.refused(challenge("a"), "", start);
  const auto late = session.next().value(), first = session.next().value();
  EXPECT_EQ(session.refused(challenge("a"), sent(first), start), Refusal::answer_again);
  const auto raised = session.next().value();
  EXPECT_EQ(raised.nonce_count, 1'800'000'001u);
  EXPECT_EQ(session.refused(challenge("a"), sent(late), start), Refusal::answer_again)
      << "it went out before, the present count may well be right";
  EXPECT_EQ(session.refused(challenge("a"), sent(session.next().value()), start), Refusal::stands);
  EXPECT_EQ(session.refused(challenge("a"), sent(raised), start + 11s), Refusal::answer_again);
  EXPECT_GT(session.next()->nonce_count, 1'800'000'011u);
}

TEST(DigestSession, has_nothing_to_raise_where_the_server_does_not_count) {
  DigestSession session("seed");
  session.refused(challenge("a", ""), "", start);
  EXPECT_EQ(session.refused(challenge("a", ""), sent(session.next().value()), start), Refusal::stands);
  EXPECT_EQ(session.refused(challenge("a", ", stale=true"), sent(session.next().value()), start),
            Refusal::answer_again);
}

TEST(DigestSession, cannot_answer_what_is_no_digest) {
  DigestSession session("seed");
  EXPECT_EQ(session.refused(parse_challenges("Basic realm=r"), "", start), Refusal::stands);
  EXPECT_EQ(session.refused({}, "", start), Refusal::stands);
}

TEST(DigestSession, has_a_fresh_client_nonce_for_each_request_but_one_for_a_session) {
  DigestSession plain("seed");
  plain.refused(challenge("a"), "", start);
  EXPECT_NE(plain.next()->client_nonce, plain.next()->client_nonce);

  const auto of_session = [](const char* seed, const char* nonce) {
    DigestSession session(seed);
    session.refused(challenge(nonce, ", algorithm=MD5-sess, qop=auth"), "", start);
    const std::string first = session.next()->client_nonce;
    EXPECT_EQ(session.next()->client_nonce, first);
    return first;
  };
  EXPECT_EQ(of_session("one", "a"), of_session("one", "a")) << "it outlives the process";
  EXPECT_NE(of_session("one", "a"), of_session("one", "b"));
  EXPECT_NE(of_session("one", "a"), of_session("two", "a"));
}

}  // namespace
}  // namespace junctor::auth
