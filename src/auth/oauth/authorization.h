// How a person's consent becomes tokens: the authorization code flow with PKCE and state (RFC 6749,
// 7636, 9207, 9700, OpenID Connect) and the device flow (RFC 8628).
//
// invite() gives a ticket: the link that a person opens. begin() turns it into the provider's page and a proof
// that stays in the person's browser. complete() takes what the provider sent back, and only together with
// that proof: an answer that somebody else began cannot be slipped into a browser.
//
// Threads: any loop.
// Lifetime: what it is given outlives it.
// Invariants:
//   1. A ticket and a state are bound to a tenant and a connection, end after their lifetime, and work once.
//   2. A state counts only in the browser that began with it; shown elsewhere, it is used up.
//   3. Nothing is told about a ticket or state that is unknown, used or expired: they look the same.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/oauth/attempts.h"
#include "auth/oauth/token_service.h"
#include "junctor/secret.h"
#include "net/http.h"

namespace junctor::auth {

constexpr std::chrono::minutes ticket_lifetime{10};
constexpr std::chrono::minutes state_lifetime{15};

// What opens a consent, once.
struct ConsentTicket {
  std::string text;
  Timestamp expires_at;
};

// Where a browser has to go, and what it has to keep for the way back.
struct ConsentPage {
  std::string url;
  std::string state;  // as in the URL
  Secret proof;       // for complete()
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

// Nobody has entered the code yet; call again after the interval, which may have grown.
struct DeviceWaiting {
  std::chrono::seconds interval;
};

class Authorization final {
 public:
  Authorization(TokenService& tokens, HttpClient& client, Discovery& discovery);

  // Before the first request. The keeper outlives this.
  void keep_requests(AuthorisationKeeper& keeper) { keeper_ = &keeper; }

  // redirect_uri: this engine's callback, registered at the provider. return_to: where the browser
  // goes in the end; the caller has checked that it is its own. Throws ConnectionFailure for whatever would
  // keep begin() from its page.
  ConsentTicket invite(Fiber& fiber, const ConnectionKey& key, const std::string& redirect_uri,
                       const std::string& return_to);
  // ConnectionFailure{consent_unknown}; a ticket whose page cannot be made stays good.
  ConsentPage begin(Fiber& fiber, std::string_view ticket);

  // The callback's query and what its browser kept for this state; empty when it kept nothing.
  // ConnectionFailure{consent_unknown}, {another_browser}, {another_issuer}; {not_authorised} when the person
  // or the provider refused; {provider_error}.
  Authorised complete(Fiber& fiber, const std::vector<Parameter>& query, std::string_view proof);

  DeviceCode begin_device(Fiber& fiber, const ConnectionKey& key);
  // Asks the provider once in an interval, whoever calls and however often. Throws as complete().
  std::variant<Authorised, DeviceWaiting> poll_device(Fiber& fiber, const TenantId& tenant,
                                                      std::string_view handle);

  // Tells the provider to forget the tokens, as far as it can, and forgets them here.
  void revoke(Fiber& fiber, const ConnectionKey& key);

 private:
  struct Prepared;
  Prepared prepare(Fiber& fiber, const ConnectionKey& key);
  Attempt take(Fiber& fiber, std::string_view handle, AttemptKind kind);
  Authorised authorised_before(Fiber& fiber, const ConnectionKey& key);
  TokenAnswer ask_about_device(Fiber& fiber, const Attempt& attempt,
                               const TokenService::Resolved& how,
                               const vault::OpenConnection& connection, Timestamp now,
                               const TokenWire& wire);
  Authorised exchange_code(Fiber& fiber, const Attempt& attempt, const std::string& code,
                           const TokenService::Resolved& how, const vault::OpenConnection& connection,
                           const TokenWire& wire);
  DeviceCode begin_device_with(Fiber& fiber, const ConnectionKey& key, const TokenService::Resolved& how,
                               const vault::OpenConnection& connection, const TokenWire& wire);
  // Does a step of an authorisation whose requests go over the wire it is given; the keeper gets them, however it ends.
  void kept(Fiber& fiber, const ConnectionKey& key, const vault::OpenConnection& connection,
            const char* step, const std::function<void(const TokenWire&)>& work);
  void keep(Fiber& fiber, const AuthorisationKeeper::Step& step);
  std::string page_url(Attempt& attempt, const Prepared& prepared, const std::string& state) const;
  Authorised finish(Fiber& fiber, const Attempt& attempt, const TokenGrant& grant,
                    const TokenService::Resolved& how, Timestamp asked_at);
  void send_revocation(Fiber& fiber, const ConnectionKey& key, const RevocableToken& token);
  void forget_tokens(Fiber& fiber, const ConnectionKey& key);
  void check_id_token(Fiber& fiber, const TokenService::Resolved& how, const VarsContext& vars,
                      const TokenGrant& grant, const Secret& nonce);
  vault::OpenConnection open(Fiber& fiber, const ConnectionKey& key);

  TokenService& tokens_;
  HttpClient& client_;
  Discovery& discovery_;
  Attempts attempts_;
  AuthorisationKeeper* keeper_ = nullptr;
};

}  // namespace junctor::auth
