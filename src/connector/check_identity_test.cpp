#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connector/yaml_loader.h"

namespace junctor::connector {
namespace {

using testing::HasSubstr;

// The problems of an integration with this way to authorise and these vars; empty for none.
std::string problems(const std::string& auth, const std::string& vars) {
  const std::string text = "slug: demo\nendpoints: {base_url: \"https://api.test\", token: \"https://api.test/t\"}\nauth: " +
                           auth + "\nvars: " + vars + "\nactions: {go: {api: {path: /x}}}\n";
  const auto loaded = load_integration(text, "demo.yaml");
  return loaded ? std::string() : to_string(loaded.problems());
}

constexpr const char* both = "{client_id: {}, client_secret: {type: password}}";
constexpr const char* secret_alone = "{client_secret: {type: password}}";

TEST(CheckIdentity, a_client_with_a_secret_has_an_id) {
  for (const char* how : {"basic", "body"}) {
    const auto auth = [&](const std::string& id) {
      return std::string("{type: oauth2, oauth2: {grant: client_credentials, client_auth: ") + how + id + "}}";
    };
    EXPECT_EQ(problems(auth(""), both), "");
    EXPECT_EQ(problems(auth(", client_id: me"), secret_alone), "");
    EXPECT_EQ(problems(auth(", client_id: \"=vars.app & '.test'\""), secret_alone), "");
    const std::string refused = problems(auth(""), secret_alone);
    EXPECT_THAT(refused, HasSubstr("auth.oauth2.client_id"));
    EXPECT_THAT(refused, HasSubstr(std::string("client_auth: ") + how));
    EXPECT_THAT(problems(auth(", client_id: \"\""), both), HasSubstr("auth.oauth2.client_id"));
  }
  EXPECT_THAT(problems("{type: oauth2, oauth2: {grant: client_credentials}}", secret_alone),
              HasSubstr("client_auth: basic"));
}

TEST(CheckIdentity, who_shows_no_secret_needs_no_id_here) {
  EXPECT_EQ(problems("{type: oauth2, oauth2: {grant: jwt_bearer, client_auth: none, private_key: \"=vars.key\"}}",
                     "{key: {type: password}}"),
            "");
  EXPECT_EQ(problems("{type: oauth2, oauth2: {grant: token_exchange, exchange: {body: {a: 1}, token: $}}}",
                     secret_alone),
            "");
}

TEST(CheckIdentity, knows_no_key_that_would_do_nothing) {
  EXPECT_THAT(problems("{type: oauth2, oauth2: {grant: client_credentials, certificate_bound: true}}", both),
              HasSubstr("certificate_bound"));
}

}  // namespace
}  // namespace junctor::connector
