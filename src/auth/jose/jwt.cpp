#include "auth/jose/jwt.h"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <optional>

#include "base/crypto.h"
#include "json/parse.h"
#include "json/serialize.h"

namespace junctor::auth {
namespace {

struct Parts {
  std::string_view signed_text;
  JsonObject header;
  JsonObject claims;
  std::string signature;
};

// Strict: no padding, no white space, no alphabet but RFC 4648 section 5.
std::optional<std::string> decode(std::string_view part) {
  if (part.find('=') != std::string_view::npos) return std::nullopt;
  return crypto::from_base64url(part);
}

std::optional<JsonObject> decode_object(std::string_view part) {
  const auto text = decode(part);
  if (!text) return std::nullopt;
  Result<Json> parsed = json::parse(*text, {.max_depth = 32, .max_bytes = most_jwt_bytes});
  if (!parsed || !parsed.value().is_object()) return std::nullopt;
  return std::move(parsed.value().as_object());
}

std::optional<Parts> split(std::string_view token) {
  if (token.size() > most_jwt_bytes) return std::nullopt;
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return std::nullopt;
  auto header = decode_object(token.substr(0, first));
  auto claims = decode_object(token.substr(first + 1, second - first - 1));
  auto signature = decode(token.substr(second + 1));
  if (!header || !claims || !signature) return std::nullopt;
  return Parts{token.substr(0, second), std::move(*header), std::move(*claims), std::move(*signature)};
}

std::string_view text_of(const JsonObject& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->as_string().data(), value->as_string().size()};
}

// Seconds since 1970; nullopt when absent, and a fault of the token when it is no number in range.
struct Moment {
  bool present = false;
  std::optional<double> seconds;
};

Moment moment_of(const JsonObject& claims, std::string_view name) {
  const auto* value = claims.if_contains(name);
  if (value == nullptr) return {};
  if (!value->is_number()) return {true, std::nullopt};
  const double seconds = value->to_number<double>();
  if (!std::isfinite(seconds) || std::abs(seconds) > 1e12) return {true, std::nullopt};
  return {true, seconds};
}

bool names_one_of(const Json* audience, const std::vector<std::string>& accepted) {
  if (audience == nullptr) return false;
  const auto matches = [&](const Json& value) {
    if (!value.is_string()) return false;
    for (const std::string& name : accepted)
      if (std::string_view(value.as_string()) == name) return true;
    return false;
  };
  if (!audience->is_array()) return matches(*audience);
  for (const Json& value : audience->as_array())
    if (matches(value)) return true;
  return false;
}

using Rejected = std::optional<JwtRejection>;

Rejected reject(JwtFault fault, std::string reason) { return JwtRejection{fault, std::move(reason)}; }

Rejected check_times(const JsonObject& claims, const JwtPolicy& policy, Timestamp now) {
  const double present = static_cast<double>(now.time_since_epoch().count()) / 1000.0;
  const double skew = static_cast<double>(policy.clock_skew.count());
  const Moment expires = moment_of(claims, "exp");
  if (!expires.seconds) return reject(JwtFault::expired, "the token has no usable \"exp\"");
  if (present >= *expires.seconds + skew) return reject(JwtFault::expired, "the token has expired");
  for (const std::string_view name : {"nbf", "iat"}) {
    const Moment begins = moment_of(claims, name);
    if (begins.present && (!begins.seconds || present < *begins.seconds - skew))
      return reject(JwtFault::not_yet_valid, "the token is not valid yet");
  }
  return std::nullopt;
}

Rejected check_claims(const JsonObject& claims, const JwtPolicy& policy, Timestamp now) {
  if (policy.issuer.empty() || text_of(claims, "iss") != policy.issuer)
    return reject(JwtFault::issuer, "the token comes from another issuer");
  if (!names_one_of(claims.if_contains("aud"), policy.audiences))
    return reject(JwtFault::audience, "the token is meant for another audience");
  return check_times(claims, policy, now);
}

Rejected check_signature(const Parts& parts, const Jwks& keys, const JwtPolicy& policy) {
  if (parts.header.contains("crit"))
    return reject(JwtFault::malformed, "the token has critical extensions, none of which is known");
  const auto algorithm = parse_jws_algorithm(text_of(parts.header, "alg"));
  bool allowed = false;
  for (const JwsAlgorithm one : policy.algorithms) allowed = allowed || one == algorithm;
  if (!algorithm || !allowed)
    return reject(JwtFault::algorithm, "the token is signed with an algorithm that is not allowed");
  const std::string_view id = text_of(parts.header, "kid");
  const auto candidates = keys.find(*algorithm, id);
  if (candidates.empty())
    return reject(JwtFault::unknown_key, "no key of the issuer fits the token");
  for (const VerifyKey* key : candidates)
    if (key->verify(parts.signed_text, parts.signature)) return std::nullopt;
  return reject(JwtFault::signature, "the token's signature is wrong");
}

std::string signing_input(const JsonObject& header, const JsonObject& claims) {
  return crypto::to_base64url(json::to_text(Json(header))) + "." +
         crypto::to_base64url(json::to_text(Json(claims)));
}

}  // namespace

std::string_view to_string(JwtFault fault) {
  constexpr std::array<std::string_view, 8> words = {"malformed", "algorithm",     "unknown_key", "signature",
                                                     "expired",   "not_yet_valid", "issuer",      "audience"};
  return words[static_cast<std::size_t>(fault)];
}

JwtVerdict verify_jwt(std::string_view token, const Jwks& keys, const JwtPolicy& policy, Timestamp now) {
  std::optional<Parts> parts = split(token);
  if (!parts) return JwtRejection{JwtFault::malformed, "the text is no signed JWT"};
  if (Rejected rejected = check_signature(*parts, keys, policy)) return std::move(*rejected);
  if (Rejected rejected = check_claims(parts->claims, policy, now)) return std::move(*rejected);
  return VerifiedJwt{std::move(parts->header), std::move(parts->claims)};
}

std::string sign_jwt(const JsonObject& claims, const SignKey& key, std::string_view key_id) {
  JsonObject header{{"alg", to_string(key.algorithm())}, {"typ", "JWT"}};
  if (!key_id.empty()) header["kid"] = key_id;
  const std::string input = signing_input(header, claims);
  return input + "." + crypto::to_base64url(key.sign(input));
}

std::string sign_jwt_hs256(const JsonObject& claims, const Secret& key) {
  const std::string input = signing_input({{"alg", "HS256"}, {"typ", "JWT"}}, claims);
  return input + "." + crypto::to_base64url(crypto::hmac(crypto::Digest::sha256, key.reveal(), input));
}

}  // namespace junctor::auth
