#include "auth/jose/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "auth/jose/openssl_handles.h"
#include "base/crypto.h"
#include "json/parse.h"

namespace junctor::auth {
namespace {

constexpr int least_rsa_bits = 2048;
constexpr int most_rsa_bits = 8192;
constexpr int most_exponent_bits = 64;
constexpr std::size_t p256_bytes = 32;
constexpr std::size_t ed25519_bytes = 32;

Problem problem(std::string path, std::string found, std::string expected) {
  return Problem{std::move(path), 0, std::move(found), std::move(expected), {}};
}

std::string text_member(const JsonObject& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::optional<std::string> bytes_member(const JsonObject& object, std::string_view name) {
  const std::string text = text_member(object, name);
  if (text.empty() || text.size() > 4096) return std::nullopt;
  auto bytes = crypto::from_base64url(text);
  return bytes && !bytes->empty() ? bytes : std::nullopt;
}

KeyHandle build(const char* type, OSSL_PARAM* parameters) {
  const openssl::KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) <= 0 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) <= 0) {
    openssl::forget_errors();
    return nullptr;
  }
  KeyHandle handle(key, EVP_PKEY_free);
  // The private half is absent, so this checks the public values: range, and a point on its curve.
  const openssl::KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (EVP_PKEY_public_check(check.get()) != 1) {
    openssl::forget_errors();
    return nullptr;
  }
  return handle;
}

Result<KeyHandle> rsa_key(const JsonObject& jwk) {
  const auto modulus = bytes_member(jwk, "n");
  const auto exponent = bytes_member(jwk, "e");
  if (!modulus) return problem("n", "no base64url number", "the RSA modulus");
  if (!exponent) return problem("e", "no base64url number", "the RSA exponent");
  const openssl::BigNumber n = openssl::number(*modulus), e = openssl::number(*exponent);
  const int bits = BN_num_bits(n.get());
  if (bits < least_rsa_bits || bits > most_rsa_bits)
    return problem("n", std::to_string(bits) + " bits", "2048 to 8192 bits");
  if (BN_num_bits(e.get()) > most_exponent_bits || !BN_is_odd(e.get()) || BN_is_one(e.get()))
    return problem("e", "an unusual exponent", "an odd number above 1 of at most 64 bits");
  const openssl::ParameterBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  const openssl::Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  KeyHandle key = build("RSA", parameters.get());
  if (!key) return problem("n", "a number that is no RSA modulus", "an RSA public key");
  return key;
}

Result<KeyHandle> p256_key(const JsonObject& jwk) {
  if (const std::string curve = text_member(jwk, "crv"); curve != "P-256")
    return problem("crv", curve, "P-256, the curve of ES256");
  const auto x = bytes_member(jwk, "x"), y = bytes_member(jwk, "y");
  if (!x || x->size() != p256_bytes) return problem("x", "a wrong length", "32 bytes");
  if (!y || y->size() != p256_bytes) return problem("y", "a wrong length", "32 bytes");
  const std::string point = "\x04" + *x + *y;
  const openssl::ParameterBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  const openssl::Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  KeyHandle key = build("EC", parameters.get());
  if (!key) return problem("x", "a point that is not on the curve", "a point on P-256");
  return key;
}

Result<KeyHandle> ed25519_key(const JsonObject& jwk) {
  if (const std::string curve = text_member(jwk, "crv"); curve != "Ed25519")
    return problem("crv", curve, "Ed25519");
  const auto x = bytes_member(jwk, "x");
  if (!x || x->size() != ed25519_bytes) return problem("x", "a wrong length", "32 bytes");
  KeyHandle key(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, openssl::bytes(*x), x->size()),
                EVP_PKEY_free);
  if (!key) return problem("x", "no public key", "an Ed25519 public key");
  return key;
}

}  // namespace

std::string_view to_string(JwsAlgorithm algorithm) {
  switch (algorithm) {
    case JwsAlgorithm::rs256: return "RS256";
    case JwsAlgorithm::es256: return "ES256";
    case JwsAlgorithm::eddsa: return "EdDSA";
  }
  return "RS256";
}

std::optional<JwsAlgorithm> parse_jws_algorithm(std::string_view name) {
  for (const auto algorithm : {JwsAlgorithm::rs256, JwsAlgorithm::es256, JwsAlgorithm::eddsa})
    if (name == to_string(algorithm)) return algorithm;
  return std::nullopt;
}

Result<VerifyKey> VerifyKey::from_jwk(const JsonObject& jwk) {
  const std::string type = text_member(jwk, "kty");
  if (type != "RSA" && type != "EC" && type != "OKP")
    return problem("kty", type.empty() ? "nothing" : type, "RSA, EC or OKP");
  const auto algorithm = type == "RSA"  ? JwsAlgorithm::rs256
                         : type == "EC" ? JwsAlgorithm::es256
                                        : JwsAlgorithm::eddsa;
  if (const std::string use = text_member(jwk, "use"); !use.empty() && use != "sig")
    return problem("use", use, "sig");
  // RFC 9864 names the curve where RFC 8037 names the family.
  if (const std::string declared = text_member(jwk, "alg");
      !declared.empty() && declared != to_string(algorithm) &&
      !(algorithm == JwsAlgorithm::eddsa && declared == "Ed25519"))
    return problem("alg", declared, std::string(to_string(algorithm)));
  Result<KeyHandle> key = algorithm == JwsAlgorithm::rs256   ? rsa_key(jwk)
                          : algorithm == JwsAlgorithm::es256 ? p256_key(jwk)
                                                             : ed25519_key(jwk);
  if (!key) return key.problems();
  return VerifyKey(algorithm, text_member(jwk, "kid"), std::move(key).value());
}

Result<Jwks> Jwks::parse(std::string_view text) {
  if (text.size() > most_bytes)
    return problem("", std::to_string(text.size()) + " bytes", "at most 524288 bytes");
  Result<Json> parsed = json::parse(text, {.max_depth = 16, .max_bytes = most_bytes});
  if (!parsed) return parsed.problems();
  const Json& document = parsed.value();
  const auto* list = document.is_object() ? document.as_object().if_contains("keys") : nullptr;
  if (list == nullptr || !list->is_array())
    return problem("keys", "nothing", "a JSON object with an array \"keys\"");
  if (list->as_array().size() > most_keys)
    return problem("keys", std::to_string(list->as_array().size()) + " keys", "at most 100 keys");
  std::vector<VerifyKey> keys;
  for (const Json& item : list->as_array()) {
    if (!item.is_object()) continue;
    if (Result<VerifyKey> key = VerifyKey::from_jwk(item.as_object()); key)
      keys.push_back(std::move(key).value());
  }
  return Jwks(std::move(keys));
}

std::vector<const VerifyKey*> Jwks::find(JwsAlgorithm algorithm, std::string_view id) const& {
  std::vector<const VerifyKey*> found;
  for (const VerifyKey& key : keys_)
    if (key.algorithm() == algorithm && (id.empty() || key.id() == id)) found.push_back(&key);
  return found;
}

}  // namespace junctor::auth
