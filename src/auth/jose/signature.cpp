// The signatures of jwk.h: made and verified.
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "auth/jose/jwk.h"
#include "auth/jose/openssl_handles.h"
#include "base/crypto.h"

namespace junctor::auth {
namespace {

constexpr std::size_t p256_bytes = 32;
constexpr std::size_t ed25519_bytes = 32;

using EcdsaSignature = std::unique_ptr<ECDSA_SIG, openssl::Release<ECDSA_SIG_free>>;

// JWS writes r and s side by side, OpenSSL reads them as DER.
std::string der_from_raw(std::string_view raw) {
  const EcdsaSignature signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), openssl::number(raw.substr(0, p256_bytes)).release(),
                 openssl::number(raw.substr(p256_bytes)).release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size > 0 ? size : 0));
  OPENSSL_free(der);
  return out;
}

std::string raw_from_der(std::string_view der) {
  const unsigned char* cursor = openssl::bytes(der);
  const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der.size())));
  JUNCTOR_CHECK(signature != nullptr);
  std::string out(2 * p256_bytes, '\0');
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), openssl::bytes(out), p256_bytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), openssl::bytes(out) + p256_bytes, p256_bytes);
  return out;
}

const EVP_MD* digest_of(JwsAlgorithm algorithm) {
  return algorithm == JwsAlgorithm::eddsa ? nullptr : EVP_sha256();
}

std::optional<JwsAlgorithm> algorithm_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") != 0 && EVP_PKEY_get_bits(key) >= 2048) return JwsAlgorithm::rs256;
  if (EVP_PKEY_is_a(key, "ED25519") != 0) return JwsAlgorithm::eddsa;
  char group[64] = {};
  if (EVP_PKEY_is_a(key, "EC") != 0 &&
      EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, nullptr) == 1 &&
      std::string_view(group) == "prime256v1")
    return JwsAlgorithm::es256;
  return std::nullopt;
}

std::string number_member(const EVP_PKEY* key, const char* name, int least_bytes) {
  BIGNUM* value = nullptr;
  JUNCTOR_CHECK(EVP_PKEY_get_bn_param(key, name, &value) == 1);
  const openssl::BigNumber owned(value);
  const int size = std::max(least_bytes, BN_num_bytes(value));
  std::string out(static_cast<std::size_t>(size), '\0');
  BN_bn2binpad(value, openssl::bytes(out), size);
  return crypto::to_base64url(out);
}

// A key file without a passphrase must not make OpenSSL ask for one on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

bool VerifyKey::verify(std::string_view message, std::string_view signature) const {
  std::string der;
  if (algorithm_ == JwsAlgorithm::es256) {
    if (signature.size() != 2 * p256_bytes) return false;
    der = der_from_raw(signature);
    signature = der;
  }
  const openssl::DigestContext context(EVP_MD_CTX_new());
  const bool right =
      EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm_), nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), openssl::bytes(signature), signature.size(),
                       openssl::bytes(message), message.size()) == 1;
  if (!right) openssl::forget_errors();
  return right;
}

Result<SignKey> SignKey::from_pem(const Secret& pem) {
  const openssl::Bio bio(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())));
  KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  if (!key) {
    openssl::forget_errors();
    return Problem{"", 0, "text that is no private key", "a PEM private key without a passphrase", {}};
  }
  const auto algorithm = algorithm_of(key.get());
  if (!algorithm)
    return Problem{"", 0, "a key of another kind", "RSA of 2048 bits or more, EC P-256 or Ed25519", {}};
  return SignKey(*algorithm, std::move(key));
}

std::string SignKey::sign(std::string_view message) const {
  const openssl::DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  JUNCTOR_CHECK(EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm_), nullptr, key_.get()) == 1);
  JUNCTOR_CHECK(EVP_DigestSign(context.get(), nullptr, &size, openssl::bytes(message), message.size()) == 1);
  std::string out(size, '\0');
  JUNCTOR_CHECK(EVP_DigestSign(context.get(), openssl::bytes(out), &size, openssl::bytes(message),
                               message.size()) == 1);
  out.resize(size);
  return algorithm_ == JwsAlgorithm::es256 ? raw_from_der(out) : out;
}

JsonObject SignKey::public_jwk() const {
  JsonObject jwk;
  switch (algorithm_) {
    case JwsAlgorithm::rs256:
      jwk["kty"] = "RSA";
      jwk["n"] = number_member(key_.get(), OSSL_PKEY_PARAM_RSA_N, 0);
      jwk["e"] = number_member(key_.get(), OSSL_PKEY_PARAM_RSA_E, 0);
      break;
    case JwsAlgorithm::es256:
      jwk["kty"] = "EC";
      jwk["crv"] = "P-256";
      jwk["x"] = number_member(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, p256_bytes);
      jwk["y"] = number_member(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, p256_bytes);
      break;
    case JwsAlgorithm::eddsa: {
      std::string point(ed25519_bytes, '\0');
      std::size_t size = point.size();
      JUNCTOR_CHECK(EVP_PKEY_get_raw_public_key(key_.get(), openssl::bytes(point), &size) == 1);
      jwk["kty"] = "OKP";
      jwk["crv"] = "Ed25519";
      jwk["x"] = crypto::to_base64url(point);
      break;
    }
  }
  return jwk;
}

}  // namespace junctor::auth
