// Keys of the JOSE family (RFC 7517, 7518, 8037): what verifies and what signs.
//
// Only three asymmetric algorithms verify: RS256, ES256 and EdDSA (Ed25519). "none" has no name here,
// and a public key can never be taken for an HMAC secret, because HMAC does not verify at all.
//
// Threads: immutable, any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/json.h"
#include "junctor/result.h"
#include "junctor/secret.h"

struct evp_pkey_st;

namespace junctor::auth {

enum class JwsAlgorithm { rs256, es256, eddsa };

// "RS256", "ES256", "EdDSA".
std::string_view to_string(JwsAlgorithm algorithm);
// Exact spelling only; nullopt for everything else, such as "none" and "HS256".
std::optional<JwsAlgorithm> parse_jws_algorithm(std::string_view name);

// Shared by the copies of a key, which are equal and immutable.
using KeyHandle = std::shared_ptr<evp_pkey_st>;

// A public key that verifies signatures of exactly one algorithm.
class VerifyKey final {
 public:
  // From one JWK: kty RSA (2048 to 8192 bits), EC with P-256, or OKP with Ed25519. Private members
  // are ignored. Problems name the member; a key of another use ("use": "enc") or of an algorithm
  // outside the list is `unsupported` text in `found`.
  static Result<VerifyKey> from_jwk(const JsonObject& jwk);

  JwsAlgorithm algorithm() const { return algorithm_; }
  // The JWK's "kid"; empty when it has none.
  const std::string& id() const { return id_; }

  // Whether signature (raw bytes, for ES256 the 64 bytes of RFC 7518 section 3.4) is right.
  bool verify(std::string_view message, std::string_view signature) const;

 private:
  VerifyKey(JwsAlgorithm algorithm, std::string id, KeyHandle key)
      : algorithm_(algorithm), id_(std::move(id)), key_(std::move(key)) {}

  JwsAlgorithm algorithm_;
  std::string id_;
  KeyHandle key_;
};

// A private key that signs.
class SignKey final {
 public:
  // From PEM text (PKCS#8, PKCS#1 or SEC1, not encrypted). The algorithm follows from the kind of key.
  static Result<SignKey> from_pem(const Secret& pem);

  JwsAlgorithm algorithm() const { return algorithm_; }
  // Raw bytes of the signature in the form JWS wants. Failure{bug} when OpenSSL refuses.
  std::string sign(std::string_view message) const;
  // The public half as a JWK without "kid".
  JsonObject public_jwk() const;

 private:
  SignKey(JwsAlgorithm algorithm, KeyHandle key) : algorithm_(algorithm), key_(std::move(key)) {}

  JwsAlgorithm algorithm_;
  KeyHandle key_;
};

// A set of keys (RFC 7517 section 5).
class Jwks final {
 public:
  static constexpr std::size_t most_keys = 100;
  static constexpr std::size_t most_bytes = 512 * 1024;

  Jwks() = default;
  explicit Jwks(std::vector<VerifyKey> keys) : keys_(std::move(keys)) {}

  // Keys that this engine cannot use are left out, as the RFC asks; text that is no key set, or is
  // larger than the bounds above, is a problem.
  static Result<Jwks> parse(std::string_view text);

  // The candidates for a token: keys of that algorithm with that id, or, when the token names no id,
  // all keys of that algorithm.
  std::vector<const VerifyKey*> find(JwsAlgorithm algorithm, std::string_view id) const&;
  std::vector<const VerifyKey*> find(JwsAlgorithm, std::string_view) const&& = delete;

  const std::vector<VerifyKey>& keys() const { return keys_; }

 private:
  std::vector<VerifyKey> keys_;
};

}  // namespace junctor::auth
