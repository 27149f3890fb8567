// What the caller of an outside API needs from this room: requests with credentials, and what to do
// after a refusal.
//
//   for (Refusals refusals;;) {
//     ClientRequest request = build();            // complete: method, URL, headers, body
//     credentials.apply(fiber, request);          // last, since some schemes sign the whole request
//     ClientResponse answer = client.send(fiber, request);
//     if (answer.status != 401 || !refusals.may_ask() ||
//         !refusals.retries(credentials.after_refusal(fiber, request, answer))) return answer;
//   }
//
// Threads: any loop; one CredentialSource may serve many fibers at once.
// Lifetime: outlives the calls it serves.
// Invariants:
//   1. A credential goes only to hosts of its own integration: apply() refuses every other URL with
//      Failure{denied}, before it reads a secret.
//   2. However many fibers, threads and nodes ask at once, the token endpoint sees one refresh.
//   3. Nothing here puts a credential into a Failure, a log line or the request's own description.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oauth/token_exchange.h"

namespace junctor {
class Fiber;
struct ClientRequest;
struct ClientResponse;
}  // namespace junctor

namespace junctor::auth {

enum class AfterRefusal {
  // The same as retry_once, for a request that went out to be told how to authenticate: a refusal of
  // its second form may be asked about as well.
  retry_and_ask,
  retry_once,  // the credential has changed, or can now be computed: build, apply and send again
  give_up,     // the refusal stands; the connection's state has been updated where that is due
};

// Of one call: how often it may ask after a refusal.
class Refusals final {
 public:
  bool may_ask() const { return left_ > 0; }
  // Whether the call goes out again.
  bool retries(AfterRefusal after) {
    left_ = after == AfterRefusal::retry_and_ask ? left_ - 1 : 0;
    return after != AfterRefusal::give_up;
  }

 private:
  int left_ = 2;
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;

  // Puts the connection's credentials into a complete request; may refresh a token first. Sets client
  // certificates where the scheme has them, and marks the headers it adds as secret.
  // Failure{denied} with the connection's state in its message: the URL's host is not the
  // integration's, the connection is disabled, its grant was revoked or never given;
  // Failure{invalid}: a var that the scheme needs is missing; Failure{unavailable, timeout}: the token
  // endpoint cannot be reached.
  virtual void apply(Fiber& fiber, ClientRequest& request) = 0;

  // To be called for an answer with status 401 (for digest it carries the challenge), as often as
  // Refusals allows. sent is the
  // request as apply() left it: when another fiber has refreshed meanwhile, nothing is refreshed again.
  virtual AfterRefusal after_refusal(Fiber& fiber, const ClientRequest& sent,
                                     const ClientResponse& answer) = 0;

  // The values that must be cut out of anything recorded about the call (header names in lower case,
  // query parameter names, cookie names), by scheme, not by value.
  struct Redactions {
    std::vector<std::string> headers;
    std::vector<std::string> query_parameters;
  };
  virtual Redactions redactions() const = 0;

  // The token requests that were made for apply() and after_refusal() since this was last called.
  virtual std::vector<TokenExchange> take_exchanges() { return {}; }

  // The secrets that the connection's vars hold, whether a request carries them or not.
  virtual void each_secret(const std::function<void(std::string_view)>& see) const = 0;
};

}  // namespace junctor::auth
