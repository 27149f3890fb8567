#include "auth/jose/jwt.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "auth/jose/test_keys.h"
#include "base/crypto.h"

namespace junctor::auth {
namespace {

constexpr std::int64_t present = 1'800'000'000;
const Timestamp now{std::chrono::seconds(present)};

JwtPolicy policy() { return {.issuer = "https://issuer.example", .audiences = {"junctor"}}; }

JsonObject claims() {
  return {{"iss", "https://issuer.example"},
          {"aud", "junctor"},
          {"sub", "me"},
          {"iat", present},
          {"exp", present + 300}};
}

Jwks keys_of(const SignKey& key, std::string_view id) {
  JsonObject jwk = key.public_jwk();
  jwk["kid"] = id;
  return Jwks::parse(boost::json::serialize(JsonObject{{"keys", JsonArray{jwk}}})).value_or_throw();
}

std::string fault_of(const JwtVerdict& verdict) {
  const auto* rejection = std::get_if<JwtRejection>(&verdict);
  return rejection == nullptr ? "accepted" : std::string(to_string(rejection->fault));
}

std::string unsigned_token(std::string_view header, const JsonObject& body,
                           std::string_view signature) {
  return crypto::to_base64url(header) + "." + crypto::to_base64url(boost::json::serialize(body)) +
         "." + crypto::to_base64url(signature);
}

class EveryAlgorithm : public testing::TestWithParam<JwsAlgorithm> {};
INSTANTIATE_TEST_SUITE_P(Jwt, EveryAlgorithm,
                         testing::Values(JwsAlgorithm::rs256, JwsAlgorithm::es256,
                                         JwsAlgorithm::eddsa),
                         [](const auto& each) { return std::string(to_string(each.param)); });

TEST_P(EveryAlgorithm, accepts_its_own_signature_and_no_changed_byte) {
  const SignKey key = test::fresh_key(GetParam());
  const Jwks keys = keys_of(key, "k1");
  const std::string token = sign_jwt(claims(), key, "k1");
  ASSERT_EQ(fault_of(verify_jwt(token, keys, policy(), now)), "accepted");
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(fault_of(verify_jwt(changed, keys, policy(), now)), "accepted") << i;
  }
}

TEST_P(EveryAlgorithm, refuses_the_signature_of_another_key) {
  const Jwks keys = keys_of(test::fresh_key(GetParam()), "k1");
  const std::string token = sign_jwt(claims(), test::fresh_key(GetParam()), "k1");
  EXPECT_EQ(fault_of(verify_jwt(token, keys, policy(), now)), "signature");
}

TEST(Jwt, never_accepts_none_nor_a_public_key_used_as_an_hmac_secret) {
  const SignKey key = test::fresh_key(JwsAlgorithm::rs256);
  const Jwks keys = keys_of(key, "k1");
  for (const char* name :
       {"none", "None", "NONE", "nOnE", "HS256", "HS512", "rs256", "RS512", "PS256", ""}) {
    const std::string header = std::string(R"({"alg":")") + name + R"(","kid":"k1"})";
    EXPECT_EQ(fault_of(verify_jwt(unsigned_token(header, claims(), ""), keys, policy(), now)),
              "algorithm");
  }
  for (const std::string& secret : {boost::json::serialize(key.public_jwk()), std::string()}) {
    const std::string token = sign_jwt_hs256(claims(), Secret(secret));
    EXPECT_EQ(fault_of(verify_jwt(token, keys, policy(), now)), "algorithm");
  }
}

TEST(Jwt, keeps_to_the_algorithms_of_its_policy) {
  const SignKey key = test::fresh_key(JwsAlgorithm::es256);
  JwtPolicy narrow = policy();
  narrow.algorithms = {JwsAlgorithm::rs256};
  EXPECT_EQ(fault_of(verify_jwt(sign_jwt(claims(), key, "k1"), keys_of(key, "k1"), narrow, now)),
            "algorithm");
}

TEST(Jwt, names_the_fault_of_each_claim) {
  const SignKey key = test::fresh_key(JwsAlgorithm::eddsa);
  const Jwks keys = keys_of(key, "k1");
  const auto fault = [&](std::string_view name, Json value) {
    JsonObject changed = claims();
    changed[name] = std::move(value);
    return fault_of(verify_jwt(sign_jwt(changed, key, "k1"), keys, policy(), now));
  };
  EXPECT_EQ(fault("iss", "https://issuer.example/"), "issuer");
  EXPECT_EQ(fault("iss", nullptr), "issuer");
  EXPECT_EQ(fault("aud", "other"), "audience");
  EXPECT_EQ(fault("aud", JsonArray{"other", 7}), "audience");
  EXPECT_EQ(fault("aud", JsonArray{"other", "junctor"}), "accepted");
  EXPECT_EQ(fault("exp", "tomorrow"), "expired");
  EXPECT_EQ(fault("exp", 1e300), "expired");
  EXPECT_EQ(fault("nbf", "never"), "not_yet_valid");
  JsonObject endless = claims();
  endless.erase("exp");
  EXPECT_EQ(fault_of(verify_jwt(sign_jwt(endless, key, "k1"), keys, policy(), now)), "expired");
}

TEST(Jwt, tolerates_the_clock_skew_and_no_more) {
  const SignKey key = test::fresh_key(JwsAlgorithm::eddsa);
  const Jwks keys = keys_of(key, "k1");
  const auto fault = [&](std::string_view name, std::int64_t offset) {
    JsonObject changed = claims();
    changed[name] = present + offset;
    return fault_of(verify_jwt(sign_jwt(changed, key, "k1"), keys, policy(), now));
  };
  EXPECT_EQ(fault("exp", -59), "accepted");
  EXPECT_EQ(fault("exp", -60), "expired");
  EXPECT_EQ(fault("nbf", 60), "accepted");
  EXPECT_EQ(fault("nbf", 61), "not_yet_valid");
  EXPECT_EQ(fault("iat", 61), "not_yet_valid");
}

TEST(Jwt, an_empty_policy_refuses_everything) {
  const SignKey key = test::fresh_key(JwsAlgorithm::eddsa);
  EXPECT_EQ(fault_of(verify_jwt(sign_jwt(claims(), key, ""), keys_of(key, ""), {}, now)), "issuer");
}

TEST(Jwt, an_unknown_key_id_is_told_apart_so_that_keys_can_be_fetched_again) {
  const SignKey key = test::fresh_key(JwsAlgorithm::es256);
  EXPECT_EQ(fault_of(verify_jwt(sign_jwt(claims(), key, "k2"), keys_of(key, "k1"), policy(), now)),
            "unknown_key");
  EXPECT_EQ(fault_of(verify_jwt(sign_jwt(claims(), key, ""), keys_of(key, "k1"), policy(), now)),
            "accepted");
}

TEST(Jwt, malformed_text_is_refused) {
  const SignKey key = test::fresh_key(JwsAlgorithm::eddsa);
  const Jwks keys = keys_of(key, "k1");
  const std::string good = sign_jwt(claims(), key, "k1");
  for (const std::string& text :
       {std::string(), std::string(".."), std::string("a.b"), good + ".x", good + "=", good + "\n",
        " " + good, std::string(20'000, 'a'), std::string("e30.e30.")})
    EXPECT_NE(fault_of(verify_jwt(text, keys, policy(), now)), "accepted") << text.substr(0, 80);
  const std::string critical = R"({"alg":"EdDSA","kid":"k1","crit":["b64"],"b64":false})";
  EXPECT_EQ(fault_of(verify_jwt(unsigned_token(critical, claims(), ""), keys, policy(), now)),
            "malformed");
}

TEST(VerifyKey, verifies_the_examples_of_the_standards) {
  struct Example {
    const char* jwk;
    const char* message;
    const char* signature;
  };
  // RFC 7515 appendix A.3 and RFC 8037 appendix A.4.
  const Example examples[] = {
      {R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
           "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
       "eyJhbGciOiJFUzI1NiJ9."
       "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS"
       "9pc19yb290Ijp0cnVlfQ",
       "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
      {R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
       "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
       "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"}};
  for (const Example& example : examples) {
    const VerifyKey key =
        VerifyKey::from_jwk(boost::json::parse(example.jwk).as_object()).value_or_throw();
    EXPECT_TRUE(key.verify(example.message, *crypto::from_base64url(example.signature)));
    EXPECT_FALSE(key.verify("x", *crypto::from_base64url(example.signature)));
    EXPECT_FALSE(key.verify(example.message, ""));
  }
}

TEST(VerifyKey, refuses_weak_and_impossible_keys) {
  const auto problem_at = [](const char* text) {
    const auto key = VerifyKey::from_jwk(boost::json::parse(text).as_object());
    return key ? std::string("none") : key.problems().front().path;
  };
  const std::string zeros(43, 'A');
  EXPECT_EQ(problem_at(R"({"kty":"oct","k":"AAAA"})"), "kty");
  EXPECT_EQ(problem_at(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"), "n");
  EXPECT_EQ(problem_at(("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" + zeros + "\",\"y\":\"" +
                        zeros + "\"}")
                           .c_str()),
            "x");
  EXPECT_EQ(problem_at(R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})"), "crv");
  EXPECT_EQ(problem_at(R"({"kty":"OKP","crv":"X25519","x":"AA"})"), "crv");
  EXPECT_EQ(problem_at(R"({"kty":"OKP","crv":"Ed25519","use":"enc","x":"AA"})"), "use");
  EXPECT_EQ(problem_at(R"({"kty":"OKP","crv":"Ed25519","alg":"HS256","x":"AA"})"), "alg");
}

TEST(Jwks, leaves_out_what_it_cannot_use_and_bounds_the_rest) {
  EXPECT_EQ(Jwks::parse(R"({"keys":[{"kty":"oct","k":"AAAA"},7,{"kty":"OKP","crv":"Ed25519",
                         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})")
                .value_or_throw()
                .keys()
                .size(),
            1u);
  EXPECT_FALSE(Jwks::parse("{}").ok());
  EXPECT_FALSE(Jwks::parse("[").ok());
  std::string many = R"({"keys":[0)";
  for (int i = 0; i < 100; ++i) many += ",0";
  EXPECT_FALSE(Jwks::parse(many + "]}").ok());
}

TEST(SignKey, refuses_what_cannot_sign) {
  EXPECT_FALSE(SignKey::from_pem(Secret("no key")).ok());
  EXPECT_FALSE(SignKey::from_pem(Secret("")).ok());
}

}  // namespace
}  // namespace junctor::auth
