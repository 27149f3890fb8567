// How a person's consent becomes tokens: the authorization code flow with PKCE and state (RFC 6749,
// 7636, 9207, OpenID Connect) and the device flow (RFC 8628).
//
// Threads: any loop.
// Lifetime: what it is given outlives it.
// Invariants:
//   1. A state is bound to a tenant and a connection, ends after state_lifetime, and works once.
//   2. The database holds the hash of a state and, sealed by the vault, its code verifier and
//   nonce.
//   3. Nothing about a state is told before it has been found: an unknown, used or expired one is
//   denied.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oauth/token_service.h"
#include "net/http.h"

namespace junctor::auth {

constexpr std::chrono::minutes state_lifetime{15};

// Where a browser has to go.
struct ConsentPage {
  std::string url;
  Timestamp expires_at;
};

// What a person types on another device.
struct DeviceCode {
  std::string handle;  // names this attempt to poll_device
  std::string user_code;
  std::string verification_url;
  std::string complete_url;  // with the code in it; may be empty
  std::chrono::seconds interval{5};
  Timestamp expires_at;
};

// The end of an attempt.
struct Authorised {
  vault::Connection connection;
  std::string return_to;  // as given at the start
};

class Authorization final {
 public:
  Authorization(TokenService& tokens, HttpClient& client, Discovery& discovery);

  // redirect_uri: this engine's callback, registered at the provider. return_to: where the browser
  // goes in the end; the caller has checked that it is its own. Throws ConnectionFailure.
  ConsentPage begin(Fiber& fiber, const ConnectionKey& key, const std::string& redirect_uri,
                    const std::string& return_to);

  // The callback's query. Failure{denied} for a state that is unknown, used or expired;
  // ConnectionFailure{not_authorised} when the person or the provider refused; {provider_error}.
  Authorised complete(Fiber& fiber, const std::vector<Parameter>& query);

  DeviceCode begin_device(Fiber& fiber, const ConnectionKey& key);
  // nullopt: still waiting; call again after interval. Failure{overloaded} with retry_after when
  // called too early; otherwise as complete().
  std::optional<Authorised> poll_device(Fiber& fiber, const TenantId& tenant,
                                        std::string_view handle);

  // Tells the provider to forget the tokens, as far as it can, and forgets them here.
  void revoke(Fiber& fiber, const ConnectionKey& key);

 private:
  struct Attempt;
  Attempt take(Fiber& fiber, std::string_view state);
  void save(Fiber& fiber, const Attempt& attempt, std::string_view state);
  Authorised finish(Fiber& fiber, const Attempt& attempt, const TokenGrant& grant,
                    const TokenService::Resolved& how, const vault::OpenConnection& open,
                    Timestamp asked_at);
  void check_id_token(Fiber& fiber, const TokenService::Resolved& how, const VarsContext& vars,
                      const TokenGrant& grant, const Secret& nonce);
  vault::OpenConnection open(Fiber& fiber, const ConnectionKey& key);

  TokenService& tokens_;
  HttpClient& client_;
  Discovery& discovery_;
};

}  // namespace junctor::auth
