#include "webhook/jwt.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "auth/jose/test_keys.h"
#include "base/crypto.h"
#include "net/http.h"

namespace junctor::webhook {
namespace {

constexpr std::int64_t now_seconds = 1'700'000'000;
const Timestamp now{std::chrono::seconds(now_seconds)};

class JwtDelivery : public testing::Test {
 protected:
  JwtDelivery() {
    spec_.scheme = VerifyScheme::jwt;
    spec_.issuer = "https://provider.example";
    spec_.audience = "our-endpoint";
  }
  static JsonObject claims() {
    return {{"iss", "https://provider.example"},
            {"aud", "our-endpoint"},
            {"iat", now_seconds},
            {"exp", now_seconds + 60}};
  }
  std::string token(const JsonObject& claims) const { return auth::sign_jwt(claims, key_, "k1"); }
  // "" when it is accepted, else why not.
  std::string outcome(const std::string& value, const std::string& id = "k1") const {
    HttpRequest request;
    request.body = R"({"a":1})";
    request.headers.add(spec_.header.empty() ? "Authorization" : spec_.header, value);
    JsonObject jwk = key_.public_jwk();
    jwk["kid"] = id;
    const auto keys = auth::Jwks::parse(
        boost::json::serialize(JsonObject{{"keys", JsonArray{Json(std::move(jwk))}}}));
    const JwtOutcome out = verify_jwt_delivery(spec_, request, keys.value(), now);
    if (std::holds_alternative<UnknownKey>(out)) return "unknown key";
    const auto* refused = std::get_if<Refused>(&out);
    return refused == nullptr ? "" : refused->reason;
  }

  VerifySpec spec_;
  const auth::SignKey key_ = auth::test::fresh_key(auth::JwsAlgorithm::es256);
};

TEST_F(JwtDelivery, is_accepted_with_a_key_of_the_issuer) {
  EXPECT_EQ(outcome("Bearer " + token(claims())), "");
  EXPECT_EQ(outcome("bearer " + token(claims())), "");
  spec_.header = "X-Verification";
  EXPECT_EQ(outcome(token(claims())), "");
}

TEST_F(JwtDelivery, is_refused_for_another_issuer_audience_time_or_form) {
  JsonObject other = claims();
  other["iss"] = "https://somebody.example";
  EXPECT_NE(outcome("Bearer " + token(other)), "");
  other = claims();
  other["aud"] = "another";
  EXPECT_NE(outcome("Bearer " + token(other)), "");
  other = claims();
  other["exp"] = now_seconds - 3600;
  EXPECT_NE(outcome("Bearer " + token(other)), "");
  EXPECT_NE(outcome(token(claims())), "");
  EXPECT_NE(outcome("Bearer nonsense"), "");
  EXPECT_EQ(outcome("Bearer " + token(claims()), "k2"), "unknown key");
  spec_.audience.clear();
  EXPECT_NE(outcome("Bearer " + token(claims())), "");
}

TEST_F(JwtDelivery, is_bound_to_its_body_where_the_token_says_so) {
  for (const char* name : {"request_body_sha256", "payload_hash"}) {
    JsonObject bound = claims();
    bound[name] = crypto::to_hex(crypto::hash(crypto::Digest::sha256, R"({"a":1})"));
    EXPECT_EQ(outcome("Bearer " + token(bound)), "");
    bound[name] = crypto::to_hex(crypto::hash(crypto::Digest::sha256, R"({"a":2})"));
    EXPECT_EQ(outcome("Bearer " + token(bound)), "the token was made for another body");
    bound[name] = 7;
    EXPECT_EQ(outcome("Bearer " + token(bound)), "the token was made for another body");
  }
}

}  // namespace
}  // namespace junctor::webhook
