#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "auth/jose/test_keys.h"
#include "auth/schemes.h"
#include "auth/test_world.h"
#include "vault/connection.h"

namespace junctor::auth {
namespace {

using Certificate = std::unique_ptr<X509, openssl::Release<X509_free>>;

std::string text_of(BIO* out) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  return std::string(text, static_cast<std::size_t>(size));
}

KeyHandle fresh_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

std::string certificate_of(EVP_PKEY* key) {
  const Certificate made(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key);
  X509_sign(made.get(), key, EVP_sha256());
  const openssl::Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), made.get());
  return text_of(out.get());
}

std::string pem_of(EVP_PKEY* key, std::string passphrase) {
  const openssl::Bio out(BIO_new(BIO_s_mem()));
  const EVP_CIPHER* cipher = passphrase.empty() ? nullptr : EVP_aes_256_cbc();
  PEM_write_bio_PKCS8PrivateKey(out.get(), key, cipher, passphrase.data(),
                                static_cast<int>(passphrase.size()), nullptr, nullptr);
  return text_of(out.get());
}

class ClientIdentityTest : public testing::Test {
 protected:
  void set(const char* name, const std::string& value) {
    open_.secrets.insert_or_assign(name, Secret(value));
  }
  std::shared_ptr<const ClientIdentity> identity() {
    MtlsAuth auth;
    auth.passphrase = "=vars.passphrase";
    auth.ca = "=vars.ca";
    return client_identity(auth, VarsContext(open_));
  }
  std::string error() {
    try {
      identity();
    } catch (const vault::ConnectionFailure& failure) {
      EXPECT_EQ(failure.code(), vault::ConnectionError::credentials_invalid);
      return failure.message();
    }
    return "none";
  }

  vault::OpenConnection open_;
  const KeyHandle key_ = fresh_key();
};

TEST_F(ClientIdentityTest, opens_an_encrypted_key_with_its_passphrase) {
  set("certificate", certificate_of(key_.get()));
  set("private_key", pem_of(key_.get(), "open sesame"));
  EXPECT_EQ(error(), "mtls.private_key is encrypted; set mtls.passphrase");
  set("passphrase", "guess");
  EXPECT_EQ(error(), "mtls.passphrase does not open mtls.private_key");
  set("passphrase", "open sesame");
  EXPECT_EQ(identity()->private_key.reveal(), pem_of(key_.get(), ""));
}

TEST_F(ClientIdentityTest, says_what_is_wrong_with_its_parts) {
  set("certificate", "nonsense");
  set("private_key", pem_of(key_.get(), ""));
  EXPECT_EQ(error(), "mtls.certificate is no PEM certificate");
  set("certificate", certificate_of(fresh_key().get()));
  EXPECT_EQ(error(), "mtls.private_key does not belong to mtls.certificate");
  set("private_key", "nonsense");
  EXPECT_EQ(error(), "mtls.private_key is no PEM private key");
}

TEST_F(ClientIdentityTest, brings_the_authorities_of_its_connection) {
  set("certificate", certificate_of(key_.get()));
  set("private_key", pem_of(key_.get(), ""));
  EXPECT_EQ(identity()->certificate_authorities, "");
  const std::string ca = certificate_of(key_.get());
  set("ca", ca);
  EXPECT_EQ(identity()->certificate_authorities, ca);
  set("ca", "nonsense");
  EXPECT_EQ(error(), "mtls.ca is no PEM certificate");
}

// What provider metadata says (RFC 8705 section 5) and where a token is then asked for.
TEST(ClientCertificate, goes_to_the_endpoints_that_the_provider_has_for_it) {
  test::World world;
  world.provider.api = [&](Fiber&, HttpRequest& request) {
    if (request.path != "/.well-known/openid-configuration") return HttpResponse::text(400, "no certificate");
    return HttpResponse::json(
        200, JsonObject{{"issuer", world.provider.url()},
                        {"token_endpoint", world.provider.url("/plain")},
                        {"revocation_endpoint", world.provider.url("/revoke")},
                        {"mtls_endpoint_aliases", JsonObject{{"token_endpoint", world.provider.url("/token")}}}});
  };
  const auto define = [&](bool with_certificate) {
    world.definition(
        AuthType::oidc,
        [&](Auth& auth) {
          auth.oauth2.emplace().grant = Grant::client_credentials;
          if (with_certificate) auth.mtls.emplace();
        },
        [&](AuthDefinition& definition) {
          definition.endpoints.token = Template();
          definition.endpoints.issuer = world.provider.url();
        });
  };
  const KeyHandle key = fresh_key();
  run_in_fiber([&](Fiber& fiber) {
    define(true);
    const JsonObject vars{{"client_id", "me"},
                          {"client_secret", "s"},
                          {"certificate", certificate_of(key.get())},
                          {"private_key", pem_of(key.get(), "")}};
    const auto connection = world.connect(fiber, vars);
    EXPECT_EQ(test::error_of([&] { world.engine().tokens().current(fiber, connection); }), "none");
    const auto open = world.store().read(fiber, [&](Snapshot& view) {
      return world.engine().connections().open(view, connection.tenant, connection.id);
    });
    EXPECT_EQ(world.engine().tokens().resolve(fiber, open).endpoints.revocation, world.provider.url("/revoke"))
        << "where there is no alias";
    define(false);
    EXPECT_EQ(world.engine().tokens().resolve(fiber, open).endpoints.token, world.provider.url("/plain"));
  });
}

}  // namespace
}  // namespace junctor::auth
