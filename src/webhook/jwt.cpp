#include "webhook/jwt.h"

#include <boost/json.hpp>

#include "base/crypto.h"
#include "net/http.h"

namespace junctor::webhook {
namespace {

// The token, or why there is none.
std::variant<std::string_view, Refused> token_of(const VerifySpec& spec,
                                                 const HttpRequest& request) {
  const std::string name = spec.header.empty() ? "Authorization" : spec.header;
  const auto values = request.headers.get_all(name);
  if (values.size() != 1) return Refused{"the header " + name + " is missing or there twice"};
  std::string_view value = values.front();
  const std::string_view prefix =
      spec.header.empty() && spec.prefix.empty() ? std::string_view("Bearer ") : spec.prefix;
  if (!equal_ignoring_case(value.substr(0, prefix.size()), prefix))
    return Refused{"the header " + name + " is of another form"};
  return value.substr(prefix.size());
}

// A token that names no hash of the body vouches for the sender alone.
bool body_fits(const JsonObject& claims, std::string_view body) {
  for (const char* name : {"request_body_sha256", "payload_hash"}) {
    const Json* claim = claims.if_contains(name);
    if (claim == nullptr) continue;
    const auto hash = crypto::hash(crypto::Digest::sha256, body);
    const auto given = claim->is_string()
                           ? crypto::from_hex(std::string_view(claim->as_string()))
                           : std::nullopt;
    if (!given || !crypto::equal_constant_time(hash, *given)) return false;
  }
  return true;
}

}  // namespace

JwtOutcome verify_jwt_delivery(const VerifySpec& spec, const HttpRequest& request,
                               const auth::Jwks& keys, Timestamp now) {
  const auto token = token_of(spec, request);
  if (const auto* refused = std::get_if<Refused>(&token)) return *refused;
  auth::JwtPolicy policy;
  policy.issuer = spec.issuer;
  policy.audiences = {spec.audience};
  const auth::JwtVerdict verdict =
      auth::verify_jwt(std::get<std::string_view>(token), keys, policy, now);
  if (const auto* rejected = std::get_if<auth::JwtRejection>(&verdict)) {
    if (rejected->fault == auth::JwtFault::unknown_key) return UnknownKey{};
    return Refused{rejected->reason};
  }
  if (!body_fits(std::get<auth::VerifiedJwt>(verdict).claims, request.body))
    return Refused{"the token was made for another body"};
  return Verified{};
}

}  // namespace junctor::webhook
