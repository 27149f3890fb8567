#include <gtest/gtest.h>

#include "auth/oauth/pkce.h"
#include "auth/signing/aws_sigv4.h"
#include "auth/signing/challenge.h"
#include "auth/signing/digest_auth.h"

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
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"}};
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
