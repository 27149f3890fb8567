// Who may call the management API: tokens made here, and JWTs of a trusted issuer.
//
// Threads: any loop.
// Lifetime: tokens and discovery outlive it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/api_tokens.h"
#include "auth/jose/jwt.h"
#include "auth/oauth/discovery.h"
#include "net/http.h"

namespace junctor::auth {

// A trusted issuer of JWTs.
struct JwtTrust {
  JwtPolicy policy;
  std::string jwks_url;      // empty: from the issuer's OpenID configuration
  std::string tenant_claim;  // names the tenant; empty: every token is of `tenant`
  TenantId tenant = default_tenant();
  std::string scope_claim = "scope";  // a blank-separated text, or a list of texts
};

enum class Access {
  authenticated,
  development_without_authentication,  // every request is the default tenant's, with all scopes
};

struct AuthenticatorOptions {
  std::optional<JwtTrust> jwt;
  Access access = Access::authenticated;
};

// For start-up: Failure{denied} when authentication is off and an address is not loopback.
void require_loopback_without_authentication(Access access, std::string_view listen_address);

class Authenticator final {
 public:
  Authenticator(ApiTokens& tokens, Discovery& discovery, const Clock& clock,
                AuthenticatorOptions options);

  // Reads "Authorization: Bearer …" and nothing else: no token in a query or a cookie. Throws
  // NotAuthenticated; Failure{unavailable} when the issuer's keys cannot be fetched.
  Principal authenticate(Fiber& fiber, const HttpRequest& request);

 private:
  Principal authenticate_jwt(Fiber& fiber, std::string_view token);

  ApiTokens& tokens_;
  Discovery& discovery_;
  const Clock& clock_;
  const AuthenticatorOptions options_;
};

}  // namespace junctor::auth
