#include <gtest/gtest.h>

#include <map>

#include "base/crypto.h"
#include "net/http.h"
#include "webhook/challenge.h"
#include "webhook/verify.h"

namespace junctor::webhook {
namespace {

constexpr std::int64_t sent_at = 1'700'000'000;
constexpr const char* endpoint = "https://example.com/hooks/a";

struct Delivery {
  VerifyScheme scheme = VerifyScheme::none;
  std::string body{};
  Headers headers{};
  std::string query{};
  std::string method = "POST";

  HttpRequest request() const {
    HttpRequest out;
    out.method = method;
    out.body = body;
    out.headers = headers;
    out.query = parse_query(query);
    return out;
  }
  VerifySpec spec() const {
    VerifySpec out;
    out.scheme = scheme;
    return out;
  }
  bool accepted(std::initializer_list<std::string_view> secrets, std::string_view url = endpoint,
                std::int64_t now = sent_at) const {
    std::vector<Secret> held;
    for (const auto secret : secrets) held.emplace_back(secret);
    return std::holds_alternative<Verified>(
        verify(spec(), request(), url, held, Timestamp(std::chrono::seconds(now))));
  }
  std::optional<HttpResponse> asked(std::string_view secret) const {
    std::vector<Secret> held;
    held.emplace_back(secret);
    return challenge(spec(), request(), endpoint, held, Timestamp(std::chrono::seconds(sent_at)));
  }
};

std::string mac(crypto::Digest digest, std::string_view key, std::string_view text) {
  return crypto::hmac(digest, key, text);
}

TEST(Schemes, shopify_signs_the_body_in_base64) {
  const std::string right = crypto::to_base64(mac(crypto::Digest::sha256, "s", "{}"));
  const Delivery good{VerifyScheme::shopify, "{}", {{"X-Shopify-Hmac-SHA256", right}}};
  EXPECT_TRUE(good.accepted({"old", "s"}));
  EXPECT_FALSE(good.accepted({"old"}));
  const Delivery other{VerifyScheme::shopify, "{ }", {{"X-Shopify-Hmac-SHA256", right}}};
  EXPECT_FALSE(other.accepted({"s"}));
}

TEST(Schemes, bamboohr_signs_body_and_time) {
  const std::string stamp = std::to_string(sent_at);
  const std::string right = crypto::to_hex(mac(crypto::Digest::sha256, "s", "{}" + stamp));
  const Delivery good{VerifyScheme::bamboohr,
                      "{}",
                      {{"X-BambooHR-Signature", right}, {"X-BambooHR-Timestamp", stamp}}};
  EXPECT_TRUE(good.accepted({"s"}));
  EXPECT_FALSE(good.accepted({"s"}, endpoint, sent_at + 301));
  EXPECT_FALSE(good.accepted({"s"}, endpoint, sent_at - 301));
}

TEST(Schemes, hubspot_counts_in_milliseconds_and_signs_the_url) {
  const std::string stamp = std::to_string(sent_at * 1000);
  const std::string right = crypto::to_base64(
      mac(crypto::Digest::sha256, "s", std::string("POST") + endpoint + "{}" + stamp));
  const Delivery good{VerifyScheme::hubspot,
                      "{}",
                      {{"X-HubSpot-Signature-v3", right}, {"X-HubSpot-Request-Timestamp", stamp}}};
  EXPECT_TRUE(good.accepted({"s"}));
  EXPECT_FALSE(good.accepted({"s"}, "https://example.com/hooks/b"));
  EXPECT_FALSE(good.accepted({"s"}, endpoint, sent_at + 301));
}

// The request of Twilio's documentation, signed by its library for Node.js.
TEST(Schemes, twilio_accepts_what_its_library_signs) {
  const char* url = "https://mycompany.com/myapp.php?foo=1&bar=2";
  const char* token = "12345";
  Delivery good{VerifyScheme::twilio,
                "CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310"
                "&To=%2B18005551212",
                {{"X-Twilio-Signature", "GvWf1cFY/Q7PnoempGyD5oXAezc="},
                 {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
                "foo=1&bar=2"};
  EXPECT_TRUE(good.accepted({token}, url));
  EXPECT_TRUE(good.accepted({token}, "https://mycompany.com:8443/myapp.php?foo=1&bar=2"));
  EXPECT_FALSE(good.accepted({token}, "https://mycompany.com/myapp.php?foo=1&bar=3"));
  EXPECT_FALSE(good.accepted({"12346"}, url));
  good.body += "&To=x";
  EXPECT_FALSE(good.accepted({token}, url));
}

TEST(Schemes, twilio_binds_a_body_that_is_no_form_by_its_digest) {
  const std::string body = R"({"a":1})";
  const std::string query =
      "bodySHA256=" + crypto::to_hex(crypto::hash(crypto::Digest::sha256, body));
  const std::string url = std::string(endpoint) + "?" + query;
  const std::string right = crypto::to_base64(mac(crypto::Digest::sha1, "t", url));
  const Headers headers{{"X-Twilio-Signature", right}, {"Content-Type", "application/json"}};
  EXPECT_TRUE((Delivery{VerifyScheme::twilio, body, headers, query}).accepted({"t"}, url));
  EXPECT_FALSE((Delivery{VerifyScheme::twilio, body + " ", headers, query}).accepted({"t"}, url));
  const std::string bare = crypto::to_base64(mac(crypto::Digest::sha1, "t", endpoint));
  EXPECT_FALSE(
      (Delivery{VerifyScheme::twilio, body, {{"X-Twilio-Signature", bare}}}).accepted({"t"}));
}

TEST(Schemes, microsoft_wants_its_state_in_every_notification) {
  const auto body = [](std::string_view a, std::string_view b) {
    return R"({"value":[{"clientState":")" + std::string(a) + R"("},{"clientState":")" +
           std::string(b) + R"("}]})";
  };
  EXPECT_TRUE((Delivery{VerifyScheme::microsoft, body("s", "s")}).accepted({"s"}));
  EXPECT_TRUE((Delivery{VerifyScheme::microsoft, body("s", "t")}).accepted({"s", "t"}));
  EXPECT_FALSE((Delivery{VerifyScheme::microsoft, body("s", "x")}).accepted({"s"}));
  for (const char* bad : {"", "{}", R"({"value":[]})", R"({"value":[{}]})", R"({"value":[1]})",
                          R"({"value":[{"clientState":""}]})", "nonsense"})
    EXPECT_FALSE((Delivery{VerifyScheme::microsoft, bad}).accepted({"s", ""})) << bad;
}

TEST(Schemes, standard_takes_secrets_without_their_mark_and_public_keys) {
  const std::string stamp = std::to_string(sent_at);
  const std::string key = *crypto::from_base64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  const std::string text = "msg_1." + stamp + ".{}";
  const auto with = [&](const std::string& signature) {
    return Delivery{
        VerifyScheme::standard,
        "{}",
        {{"webhook-id", "msg_1"}, {"webhook-timestamp", stamp}, {"webhook-signature", signature}}};
  };
  const auto good = with("v1," + crypto::to_base64(mac(crypto::Digest::sha256, key, text)));
  EXPECT_TRUE(good.accepted({"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}));
  EXPECT_TRUE(good.accepted({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}));
  const auto plain =
      with("v1," + crypto::to_base64(mac(crypto::Digest::sha256, "plain text", text)));
  EXPECT_TRUE(plain.accepted({"plain text"}));
  EXPECT_FALSE(plain.accepted({"whsec_plain text"}));
  // A public key is no shared secret, whatever the signature says it is.
  const std::string known = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";
  const auto forged = with(
      "v1," + crypto::to_base64(mac(crypto::Digest::sha256, *crypto::from_base64(known), text)));
  EXPECT_FALSE(forged.accepted({"whpk_" + known}));
}

TEST(Challenge, meta_asks_by_get_and_proves_itself_by_the_token) {
  const Delivery good{
      VerifyScheme::meta, "", {}, "hub.mode=subscribe&hub.verify_token=s&hub.challenge=42", "GET"};
  ASSERT_TRUE(good.asked("s").has_value());
  EXPECT_EQ(good.asked("s")->body, "42");
  EXPECT_EQ(good.asked("other")->status, 403);
  EXPECT_FALSE((Delivery{VerifyScheme::meta, "{}"}).asked("s").has_value());
  EXPECT_FALSE(good.accepted({"s"}));
}

TEST(Challenge, microsoft_gets_its_token_back_as_plain_text) {
  const Delivery good{VerifyScheme::microsoft, "", {}, "validationToken=Validation%3A+%3Cb%3E"};
  const auto answer = good.asked("s");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "Validation: <b>");
  EXPECT_TRUE(answer->headers.get("Content-Type")->starts_with("text/plain"));
  EXPECT_EQ(answer->headers.get("X-Content-Type-Options"), "nosniff");
}

TEST(Challenge, slack_is_answered_only_when_it_signed) {
  const std::string stamp = std::to_string(sent_at);
  Delivery good{VerifyScheme::slack, R"({"type":"url_verification","challenge":"3eZb"})"};
  const std::string text = "v0:" + stamp + ":" + good.body;
  good.headers = {
      {"X-Slack-Request-Timestamp", stamp},
      {"X-Slack-Signature", "v0=" + crypto::to_hex(mac(crypto::Digest::sha256, "s", text))}};
  EXPECT_EQ(good.asked("s")->body, "3eZb");
  EXPECT_EQ(good.asked("x")->status, 403);
  EXPECT_FALSE(
      (Delivery{VerifyScheme::slack, R"({"type":"event_callback"})"}).asked("s").has_value());
  EXPECT_FALSE((Delivery{VerifyScheme::github, good.body}).asked("s").has_value());
}

}  // namespace
}  // namespace junctor::webhook
