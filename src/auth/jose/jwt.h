// JSON Web Tokens in the compact form (RFC 7515, 7519), verified as RFC 8725 advises, and signed.
//
// Threads: any thread; no shared state.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/jose/jwk.h"
#include "junctor/clock.h"
#include "junctor/json.h"

namespace junctor::auth {

// Longer tokens are refused unread.
constexpr std::size_t most_jwt_bytes = 16 * 1024;

// What a token must satisfy. An empty issuer or audience list is not "any": it refuses everything,
// so that a forgotten setting fails closed.
struct JwtPolicy {
  std::string issuer;
  std::vector<std::string> audiences;  // one of them must stand in "aud"
  std::vector<JwsAlgorithm> algorithms = {JwsAlgorithm::rs256, JwsAlgorithm::es256,
                                          JwsAlgorithm::eddsa};
  std::chrono::seconds clock_skew{60};  // for exp, nbf and iat, in the token's favour
};

enum class JwtFault {
  malformed,    // not three base64url parts with JSON inside, too long, or a critical extension
  algorithm,    // "none", HMAC, or an algorithm outside the policy
  unknown_key,  // no key of the set has that id and algorithm: the one fault a key refetch may cure
  signature,
  expired,        // also: no "exp" at all
  not_yet_valid,  // "nbf" or "iat" in the future
  issuer,
  audience,
};

// A word per fault, as it stands in logs ("unknown_key").
std::string_view to_string(JwtFault fault);

struct VerifiedJwt {
  JsonObject header;
  JsonObject claims;
};

struct JwtRejection {
  JwtFault fault;
  std::string reason;  // a sentence without any part of the token's text except its key id
};

using JwtVerdict = std::variant<VerifiedJwt, JwtRejection>;

JwtVerdict verify_jwt(std::string_view token, const Jwks& keys, const JwtPolicy& policy,
                      Timestamp now);

// The compact form of claims, signed. key_id becomes "kid" when not empty.
std::string sign_jwt(const JsonObject& claims, const SignKey& key, std::string_view key_id);
// The same with HS256, for providers that sign assertions with the client secret (RFC 7523).
std::string sign_jwt_hs256(const JsonObject& claims, const Secret& key);

}  // namespace junctor::auth
