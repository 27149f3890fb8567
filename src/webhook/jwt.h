// Deliveries that prove where they come from by a JWT of the provider, signed with a key of its JWKS.
//
// The token stands in `header` behind `prefix`; by default "Authorization: Bearer …". Issuer and audience
// must be those of the definition. Where the token carries the body's SHA-256 ("request_body_sha256",
// "payload_hash"), it must be that of the bytes that came.
//
// Threads: any thread; no state.
#pragma once

#include "auth/jose/jwt.h"
#include "webhook/verify.h"

namespace junctor::webhook {

// The issuer's keys have none for this token: the one refusal that fetching them again may cure.
struct UnknownKey {};
using JwtOutcome = std::variant<Verified, Refused, UnknownKey>;

JwtOutcome verify_jwt_delivery(const VerifySpec& spec, const HttpRequest& request,
                               const auth::Jwks& keys, Timestamp now);

}  // namespace junctor::webhook
