#include "webhook/verify.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "net/http.h"

namespace junctor::webhook {
namespace {

constexpr std::int64_t sent_at = 1'700'000'000;

HttpRequest delivery(std::string body, Headers headers) {
  HttpRequest request;
  request.method = "POST";
  request.body = std::move(body);
  request.headers = std::move(headers);
  return request;
}

// Empty when verified, else the reason.
std::string outcome(const VerifySpec& spec, const HttpRequest& request,
                    std::initializer_list<const char*> secrets, std::int64_t now = sent_at) {
  std::vector<Secret> held;
  for (const char* secret : secrets) held.emplace_back(secret);
  const Verdict verdict = verify(spec, request, "https://example.com/hooks/a", held,
                                 Timestamp(std::chrono::seconds(now)));
  const auto* refused = std::get_if<Refused>(&verdict);
  return refused == nullptr ? "" : refused->reason;
}

VerifySpec scheme(VerifyScheme value) {
  VerifySpec spec;
  spec.scheme = value;
  return spec;
}

std::string hex_hmac(std::string_view secret, std::string_view text) {
  return crypto::to_hex(crypto::hmac(crypto::Digest::sha256, secret, text));
}

// The example of GitHub's documentation.
TEST(Verify, github_accepts_the_documented_example_and_nothing_near_it) {
  const auto spec = scheme(VerifyScheme::github);
  const char* secret = "It's a Secret to Everybody";
  const char* right =
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  EXPECT_EQ(outcome(spec, delivery("Hello, World!", {{"x-hub-signature-256", right}}), {secret}), "");
  EXPECT_NE(outcome(spec, delivery("Hello, World! ", {{"x-hub-signature-256", right}}), {secret}), "");
  EXPECT_NE(outcome(spec, delivery("Hello, World!", {{"x-hub-signature-256", right}}), {"other"}), "");
  EXPECT_NE(outcome(spec, delivery("Hello, World!", {}), {secret}), "");
  EXPECT_NE(outcome(spec, delivery("Hello, World!", {{"x-hub-signature-256", right + 7}}), {secret}),
            "");
}

// The example of Slack's documentation.
TEST(Verify, slack_accepts_the_documented_example_within_its_tolerance) {
  const auto request = delivery(
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
      "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
      "response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibI"
      "GlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
      {{"X-Slack-Request-Timestamp", "1531420618"},
       {"X-Slack-Signature",
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}});
  const auto spec = scheme(VerifyScheme::slack);
  EXPECT_EQ(outcome(spec, request, {"8f742231b10e8888abcd99yyyzzz85a5"}, 1531420618 + 299), "");
  EXPECT_EQ(outcome(spec, request, {"8f742231b10e8888abcd99yyyzzz85a5"}, 1531420618 + 301),
            "the timestamp is outside the tolerance");
}

// The example of the Standard Webhooks libraries.
TEST(Verify, standard_accepts_its_own_headers_and_those_of_svix) {
  const auto spec = scheme(VerifyScheme::standard);
  const std::string body = R"({"test": 2432232314})";
  const std::string key = *crypto::from_base64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const std::string stamp = std::to_string(sent_at);
  const std::string signature =
      "v1a,bm90IG91cnM= v1," +
      crypto::to_base64(crypto::hmac(crypto::Digest::sha256, key, "msg_1." + stamp + "." + body));
  const char* secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  EXPECT_EQ(outcome(spec, delivery(body, {{"webhook-id", "msg_1"}, {"webhook-timestamp", stamp},
                                          {"webhook-signature", signature}}), {secret}), "");
  EXPECT_EQ(outcome(spec, delivery(body, {{"svix-id", "msg_1"}, {"svix-timestamp", stamp},
                                          {"svix-signature", signature}}), {secret}), "");
  EXPECT_NE(outcome(spec, delivery(body, {{"webhook-id", "msg_2"}, {"webhook-timestamp", stamp},
                                          {"webhook-signature", signature}}), {secret}), "");
  EXPECT_NE(outcome(spec, delivery(body, {{"webhook-timestamp", stamp},
                                          {"webhook-signature", signature}}), {secret}), "");
}

TEST(Verify, stripe_accepts_any_of_several_signatures_and_secrets) {
  const auto spec = scheme(VerifyScheme::stripe);
  const std::string text = std::to_string(sent_at) + ".{}";
  const auto request = delivery("{}", {{"Stripe-Signature", "t=" + std::to_string(sent_at) +
                                            ",v1=00ff,v0=11,v1=" + hex_hmac("new", text)}});
  EXPECT_EQ(outcome(spec, request, {"old", "new"}), "");
  EXPECT_NE(outcome(spec, request, {"old"}), "");
  EXPECT_NE(outcome(spec, delivery("{}", {{"Stripe-Signature", "v1=" + hex_hmac("new", text)}}),
                    {"new"}), "");
}

TEST(Verify, hmac_follows_what_the_definition_says) {
  VerifySpec spec = scheme(VerifyScheme::hmac);
  spec.header = "X-Shop-Hmac";
  spec.encoding = Encoding::base64;
  spec.algorithm = HmacAlgorithm::sha512;
  spec.signed_text = "{method}:{url}:{header.X-Nonce}:{body}";
  const std::string text = "POST:https://example.com/hooks/a:7:{\"a\":1}";
  const std::string right = crypto::to_base64(crypto::hmac(crypto::Digest::sha512, "s", text));
  EXPECT_EQ(outcome(spec, delivery(R"({"a":1})", {{"X-Shop-Hmac", right}, {"X-Nonce", "7"}}), {"s"}),
            "");
  EXPECT_NE(outcome(spec, delivery(R"({"a":1})", {{"X-Shop-Hmac", right}, {"X-Nonce", "8"}}), {"s"}),
            "");
}

// RFC 8032 section 7.1, test 2.
TEST(Verify, ed25519_accepts_the_vector_of_the_standard) {
  VerifySpec spec = scheme(VerifyScheme::ed25519);
  spec.header = "X-Signature-Ed25519";
  const char* key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
  const char* signature =
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
  EXPECT_EQ(outcome(spec, delivery("\x72", {{"X-Signature-Ed25519", signature}}), {key}), "");
  EXPECT_NE(outcome(spec, delivery("\x73", {{"X-Signature-Ed25519", signature}}), {key}), "");
  EXPECT_NE(outcome(spec, delivery("\x72", {{"X-Signature-Ed25519", signature}}), {"00"}), "");
}

TEST(Verify, shared_secrets_are_compared_whole) {
  const auto bearer = scheme(VerifyScheme::bearer);
  EXPECT_EQ(outcome(bearer, delivery("", {{"Authorization", "Bearer abc"}}), {"abc"}), "");
  EXPECT_NE(outcome(bearer, delivery("", {{"Authorization", "Bearer abcd"}}), {"abc"}), "");
  EXPECT_NE(outcome(bearer, delivery("", {{"Authorization", "Basic abc"}}), {"abc"}), "");
  const auto basic = scheme(VerifyScheme::basic);
  EXPECT_EQ(outcome(basic, delivery("", {{"Authorization", "Basic " + crypto::to_base64("u:p")}}),
                    {"u:p"}), "");
  VerifySpec header = scheme(VerifyScheme::header);
  header.header = "X-Token";
  EXPECT_EQ(outcome(header, delivery("", {{"x-token", "t"}}), {"t"}), "");
  EXPECT_NE(outcome(header, delivery("", {{"x-token", ""}}), {""}), "");
}

TEST(Verify, fails_closed) {
  EXPECT_NE(outcome(scheme(VerifyScheme::github), delivery("", {}), {}), "");
  EXPECT_NE(outcome(scheme(VerifyScheme::jwt), delivery("", {}), {"s"}), "");
  const std::string empty_key = "sha256=" + hex_hmac("", "x");
  EXPECT_NE(outcome(scheme(VerifyScheme::github),
                    delivery("x", {{"X-Hub-Signature-256", empty_key}}), {""}), "");
  EXPECT_EQ(outcome(scheme(VerifyScheme::none), delivery("", {}), {}), "");
}

TEST(Verify, gives_up_on_endless_candidates) {
  std::string header;
  for (int i = 0; i < 100'000; ++i) header += "sha256=00,";
  header += "sha256=" + hex_hmac("s", "x");
  EXPECT_NE(outcome(scheme(VerifyScheme::github), delivery("x", {{"X-Hub-Signature-256", header}}),
                    {"s"}), "");
}

}  // namespace
}  // namespace junctor::webhook
