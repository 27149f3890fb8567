#include <gtest/gtest.h>

#include "auth/oauth/pkce.h"
#include "auth/signing/aws_sigv4.h"
#include "auth/signing/challenge.h"
#include "auth/signing/digest_auth.h"
#include "base/crypto.h"

namespace junctor::auth {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(Pkce, matches_the_example_of_the_standard) {
  EXPECT_EQ(code_challenge(Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  const Secret verifier = make_code_verifier();
  EXPECT_EQ(verifier.reveal().size(), 43u);
}

TEST(Challenge, reads_several_challenges_of_one_header) {
  const auto challenges = parse_challenges(
      R"(Basic realm="simple \"quoted\", with comma", Newauth realm="apps", type=1, title="Login, please",)"
      R"( Negotiate YWJj==, Bearer)");
  ASSERT_EQ(challenges.size(), 4u);
  EXPECT_EQ(challenges[0].scheme, "basic");
  EXPECT_EQ(challenges[0].parameter("realm"), "simple \"quoted\", with comma");
  EXPECT_EQ(challenges[1].parameters.size(), 3u);
  EXPECT_EQ(challenges[2].token68, "YWJj==");
  EXPECT_EQ(challenges[3], (Challenge{"bearer", "", {}}));
}

TEST(Challenge, survives_what_is_not_well_formed) {
  EXPECT_TRUE(parse_challenges("").empty());
  EXPECT_TRUE(parse_challenges(" , ,, ").empty());
  EXPECT_TRUE(parse_challenges("\"quoted\"").empty());
  EXPECT_EQ(parse_challenges("Digest realm=\"open").size(), 1u);
  EXPECT_EQ(parse_challenges("Digest a=1,,b=2 , ,c = \"3\"").front().parameters.size(), 3u);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "Basic a=b, ";
  EXPECT_LE(parse_challenges(many).size(), most_challenges);
}

TEST(Digest, matches_the_examples_of_rfc_7616) {
  const auto answer = [](const char* algorithm) {
    const auto challenge = choose_digest(parse_challenges(
        std::string(R"(Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=)") +
        algorithm +
        R"(, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")"));
    return answer_digest(challenge.value(),
                         {.method = "GET",
                          .target = "/dir/index.html",
                          .body = {},
                          .client_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"},
                         "Mufasa", Secret("Circle of Life"));
  };
  EXPECT_NE(answer("MD5").find("response=\"8ca523f5e9506fed4657c9700eebdbec\""), std::string::npos);
  EXPECT_NE(answer("SHA-256").find(
                "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""),
            std::string::npos);
  EXPECT_NE(answer("SHA-256").find("nc=00000001"), std::string::npos);
}

TEST(Digest, hashes_the_user_name_where_the_server_asks) {
  // RFC 7616 section 3.9.2, with the hash algorithm as printed in erratum 4897.
  const auto challenge = choose_digest(parse_challenges(
      R"(Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true)"));
  const std::string answer = answer_digest(challenge.value(),
                                           {.method = "GET",
                                            .target = "/doe.json",
                                            .body = {},
                                            .client_nonce = "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm"},
                                           "J\xC3\xA4s\xC3\xB8n Doe", Secret("Secret, or not?"));
  EXPECT_NE(answer.find("userhash=true"), std::string::npos);
  EXPECT_EQ(answer.find("Doe"), std::string::npos);
}

TEST(Digest, answers_servers_of_every_age_and_protection) {
  const auto answer = [](const std::string& more, std::string_view body) {
    const auto challenge = choose_digest(parse_challenges(
        R"(Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41")" + more));
    return answer_digest(challenge.value(),
                         {.method = "GET", .target = "/dir/index.html", .body = body, .client_nonce = "0a4f113b"},
                         "Mufasa", Secret("Circle Of Life"));
  };
  const auto md5 = [](const std::string& text) { return crypto::to_hex(crypto::hash(crypto::Digest::md5, text)); };
  const std::string first = md5("Mufasa:testrealm@host.com:Circle Of Life"), nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
  EXPECT_NE(answer(", qop=\"auth,auth-int\"", "").find("response=\"6629fae49393a05397450978507c4ef1\""), std::string::npos)
      << "RFC 2617 section 3.5";
  const std::string old = answer("", "");
  EXPECT_NE(old.find("response=\"670fd8c2df070c60b045671b8b24ff02\""), std::string::npos) << "RFC 2069: no qop";
  EXPECT_EQ(old.find("cnonce"), std::string::npos);
  EXPECT_EQ(old.find("nc="), std::string::npos);
  const std::string whole = answer(", qop=auth-int", "the body");
  EXPECT_NE(whole.find("qop=auth-int"), std::string::npos);
  EXPECT_NE(whole.find("response=\"" + md5(first + ":" + nonce + ":00000001:0a4f113b:auth-int:" +
                                          md5("GET:/dir/index.html:" + md5("the body"))) + "\""),
            std::string::npos);
  const std::string session = answer(", algorithm=MD5-sess, qop=auth", "");
  EXPECT_NE(session.find("response=\"" + md5(md5(first + ":" + nonce + ":0a4f113b") + ":" + nonce +
                                            ":00000001:0a4f113b:auth:" + md5("GET:/dir/index.html")) + "\""),
            std::string::npos);
}

TEST(Digest, chooses_the_strongest_and_refuses_unknown_ones) {
  const auto chosen = choose_digest(parse_challenges(
      R"(Digest realm="r", nonce="a", algorithm=MD5, qop="auth", Digest realm="r", nonce="b", algorithm=SHA-256, qop="auth-int")"));
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->nonce, "b");
  EXPECT_EQ(chosen->protection, DigestProtection::authenticate_body);
  EXPECT_FALSE(
      choose_digest(parse_challenges(R"(Digest realm="r", nonce="a", algorithm=SHA3-256)")));
  EXPECT_FALSE(choose_digest(parse_challenges(R"(Digest realm="r", nonce="a", qop="token")")));
  EXPECT_FALSE(choose_digest(parse_challenges(R"(Bearer realm="r")")));
}

struct AwsExample {
  const char* name;
  const char* method;
  const char* path;
  const char* query;
  Pairs headers;
  const char* body;
  const char* signature;
};

// The public test suite of the algorithm (user AKIDEXAMPLE, region us-east-1, service "service").
TEST(AwsSigV4, matches_the_published_vectors) {
  const Pairs host{{"Host", "example.amazonaws.com"}};
  const AwsExample examples[] = {
      {"get-vanilla", "GET", "/", "", host, "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"post-vanilla", "POST", "/", "", host, "",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", host, "",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-relative", "GET", "/example/..", "", host, "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slashes", "GET", "//example//", "", host, "",
       "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
      {"get-space", "GET", "/example space/", "", host, "",
       "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
      {"get-header-value-trim",
       "GET",
       "/",
       "",
       {{"Host", "example.amazonaws.com"},
        {"My-Header1", " value1"},
        {"My-Header2", " \"a   b   c\""}},
       "",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"get-header-key-duplicate",
       "GET",
       "/",
       "",
       {{"Host", "example.amazonaws.com"},
        {"My-Header1", "value2"},
        {"My-Header1", "value2"},
        {"My-Header1", "value1"}},
       "",
       "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {"get-header-value-order",
       "GET",
       "/",
       "",
       {{"Host", "example.amazonaws.com"},
        {"My-Header1", "value4"},
        {"My-Header1", "value1"},
        {"My-Header1", "value3"},
        {"My-Header1", "value2"}},
       "",
       "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
      {"get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "",
       host, "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"get-utf8", "GET", "/\xE1\x88\xB4", "", host, "",
       "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {"get-vanilla-empty-query-key", "GET", "/", "Param1=value1", host, "",
       "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
      {"get-vanilla-query-unreserved", "GET", "/",
       "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
       "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
       host, "", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-vanilla-utf8-query", "GET", "/", "\xE1\x88\xB4=bar", host, "",
       "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
      {"get-relative-relative", "GET", "/example1/example2/../..", "", host, "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slash-dot-slash", "GET", "/./", "", host, "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slash-pointless-dot", "GET", "/./example", "", host, "",
       "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
      {"post-vanilla-query", "POST", "/", "Param1=value1", host, "",
       "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
      {"post-header-key-sort",
       "POST",
       "/",
       "",
       {{"Host", "example.amazonaws.com"}, {"My-Header1", "value1"}},
       "",
       "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
      {"post-header-value-case",
       "POST",
       "/",
       "",
       {{"Host", "example.amazonaws.com"}, {"My-Header1", "VALUE1"}},
       "",
       "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
      {"post-x-www-form-urlencoded",
       "POST",
       "/",
       "",
       {{"Content-Type", "application/x-www-form-urlencoded"}, {"Host", "example.amazonaws.com"}},
       "Param1=value1",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
      {"post-x-www-form-urlencoded-parameters",
       "POST",
       "/",
       "",
       {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"},
        {"Host", "example.amazonaws.com"}},
       "Param1=value1",
       "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"}};
  const Timestamp time{std::chrono::seconds(1'440'938'160)};
  for (const AwsExample& example : examples) {
    const AwsKeys keys{"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), Secret()};
    const Pairs added = sign_aws_v4({.method = example.method,
                                     .path = example.path,
                                     .query = example.query,
                                     .headers = example.headers,
                                     .body = example.body},
                                    {"us-east-1", "service"}, keys, time);
    EXPECT_EQ(added.front(),
              (std::pair<std::string, std::string>("X-Amz-Date", "20150830T123600Z")));
    EXPECT_TRUE(added.back().second.ends_with(example.signature))
        << example.name << added.back().second;
  }
}

TEST(AwsSigV4, signs_s3_by_its_own_rules) {
  const AwsKeys keys{"AKIAIOSFODNN7EXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                     Secret()};
  const Pairs added =
      sign_aws_v4({.method = "GET",
                   .path = "/test.txt",
                   .query = "",
                   .headers = {{"Host", "examplebucket.s3.amazonaws.com"}, {"Range", "bytes=0-9"}},
                   .body = ""},
                  {"us-east-1", "s3"}, keys, Timestamp{std::chrono::seconds(1'369'353'600)});
  EXPECT_TRUE(added.back().second.ends_with(
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
      << added.back().second;
}

TEST(AwsSigV4, sends_the_session_token_and_signs_it) {
  const AwsKeys keys{"AKIDEXAMPLE", Secret("key"), Secret("session")};
  const Pairs added = sign_aws_v4(
      {.method = "GET", .path = "/", .query = "", .headers = {{"Host", "h"}}, .body = ""},
      {"r", "s"}, keys, Timestamp{});
  EXPECT_NE(added.back().second.find("x-amz-security-token"), std::string::npos);
}

}  // namespace
}  // namespace junctor::auth
