#include "auth/schemes.h"

#include "auth/test_world.h"

namespace junctor::auth {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::World;

// What the provider gets of one call: "name: value" per header, in lower case names.
class SchemesTest : public testing::Test {
 protected:
  SchemesTest() {
    world_.provider.api = [this](Fiber&, HttpRequest& request) {
      received_ = HttpRequest();
      received_.method = request.method;
      received_.target = request.target;
      received_.body = request.body;
      received_.headers = request.headers;
      return HttpResponse::text(200, "in");
    };
  }

  // error_of the call.
  std::string send(AuthType type, const std::function<void(Auth&)>& change, const std::string& body,
                   const std::string& path = "/orders?b=2&a=1") {
    std::string error;
    run_in_fiber([&](Fiber& fiber) {
      world_.definition(type, change);
      const auto key = world_.connect(fiber, {{"secret", "sign me"}, {"token", "t0"}}, "n" + std::to_string(++number_));
      error = error_of([&] {
        ClientRequest request;
        request.method = "POST";
        request.body = body;
        world_.engine().call(fiber, key.tenant, key.id, world_.provider.url(path), std::move(request));
      });
    });
    return error;
  }
  std::string got(std::string_view name) const { return std::string(received_.headers.get(name).value_or("")); }
  std::string seconds() const { return std::to_string(clock_.now().time_since_epoch().count() / 1000); }

  VirtualClock clock_{system_clock().now()};
  World world_{clock_};
  HttpRequest received_;
  int number_ = 0;
};

TEST_F(SchemesTest, hmac_signs_time_and_body_unless_told_otherwise) {
  ASSERT_EQ(send(AuthType::hmac, [](Auth& auth) { auth.hmac.emplace().timestamp_header = "X-Time"; }, "{\"a\":1}"), "none");
  EXPECT_EQ(got("X-Time"), seconds());
  EXPECT_EQ(got("X-Signature"), crypto::to_hex(crypto::hmac(crypto::Digest::sha256, "sign me", seconds() + ".{\"a\":1}")));
}

TEST_F(SchemesTest, hmac_signs_a_text_of_method_path_query_nonce_and_the_hash_of_the_body) {
  const std::string body = "{\"a\":\"\xC3\xA9\"}";
  ASSERT_EQ(send(AuthType::hmac, [](Auth& auth) {
              HmacAuth& hmac = auth.hmac.emplace();
              hmac.algorithm = HmacAlgorithm::sha512;
              hmac.encoding = Encoding::base64;
              hmac.sign = Jsonata("$join([method, path, query, nonce, body_sha256, vars.token], '\\n')");
              hmac.header = "Authorization";
              hmac.prefix = "HMAC ";
              hmac.nonce_header = "X-Nonce";
              hmac.headers = Json(JsonObject{{"X-Short", "=$substring(signature, 0, 8)"}});
            }, body), "none");
  const std::string nonce = got("X-Nonce");
  EXPECT_EQ(nonce.size(), 32u);
  const std::string text = "POST\n/orders\nb=2&a=1\n" + nonce + "\n" +
                           crypto::to_hex(crypto::hash(crypto::Digest::sha256, body)) + "\nt0";
  const std::string signature = crypto::to_base64(crypto::hmac(crypto::Digest::sha512, "sign me", text));
  EXPECT_EQ(got("Authorization"), "HMAC " + signature);
  EXPECT_EQ(got("X-Short"), signature.substr(0, 8));
  EXPECT_EQ(received_.body, body) << "what was signed is what went out";
  const std::string first = nonce;
  send(AuthType::hmac, [](Auth& auth) { auth.hmac.emplace().nonce_header = "X-Nonce"; }, body);
  EXPECT_NE(got("X-Nonce"), first);
}

TEST_F(SchemesTest, hmac_has_each_algorithm_and_encoding_that_can_be_declared) {
  const std::pair<HmacAlgorithm, crypto::Digest> algorithms[] = {{HmacAlgorithm::sha1, crypto::Digest::sha1},
                                                                 {HmacAlgorithm::sha256, crypto::Digest::sha256},
                                                                 {HmacAlgorithm::sha384, crypto::Digest::sha384},
                                                                 {HmacAlgorithm::sha512, crypto::Digest::sha512}};
  for (const auto& [algorithm, digest] : algorithms)
    for (const Encoding encoding : {Encoding::hex, Encoding::base64, Encoding::base64url}) {
      ASSERT_EQ(send(AuthType::hmac, [&](Auth& auth) {
                  HmacAuth& hmac = auth.hmac.emplace();
                  hmac.algorithm = algorithm;
                  hmac.encoding = encoding;
                  hmac.sign = Jsonata("body");
                }, "text"), "none");
      const std::string bytes = crypto::hmac(digest, "sign me", "text");
      EXPECT_EQ(got("X-Signature"), encoding == Encoding::hex      ? crypto::to_hex(bytes)
                                    : encoding == Encoding::base64 ? crypto::to_base64(bytes)
                                                                   : crypto::to_base64url(bytes));
    }
}

TEST_F(SchemesTest, hmac_refuses_what_it_cannot_sign) {
  EXPECT_EQ(send(AuthType::hmac, [](Auth& auth) { auth.hmac.emplace().sign = Jsonata("42"); }, "x"), "credentials_invalid");
  EXPECT_EQ(send(AuthType::hmac, [](Auth& auth) { auth.hmac.emplace().secret = "=vars.password"; }, "x"), "credentials_invalid");
  EXPECT_EQ(world_.provider.api_calls, 0);
}

TEST_F(SchemesTest, declared_headers_are_computed_from_vars_and_request) {
  ASSERT_EQ(send(AuthType::headers, [](Auth& auth) {
              auth.headers = Json(JsonObject{{"X-Static", "as it is"},
                                             {"X-Token", "='Key ' & vars.token"},
                                             {"X-About", "=method & ' ' & path & '?' & query"},
                                             {"X-Body", "=body_sha256"},
                                             {"X-Absent", "=vars.username"}});
            }, "text"), "none");
  EXPECT_EQ(got("X-Static"), "as it is");
  EXPECT_EQ(got("X-Token"), "Key t0");
  EXPECT_EQ(got("X-About"), "POST /orders?b=2&a=1");
  EXPECT_EQ(got("X-Body"), crypto::to_hex(crypto::hash(crypto::Digest::sha256, "text")));
  EXPECT_FALSE(received_.headers.get("X-Absent"));
}

}  // namespace
}  // namespace junctor::auth
