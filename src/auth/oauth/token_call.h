// One call of a token endpoint (RFC 6749 section 5, 7523, 8628, 8705), in both directions.
//
// Threads: any loop; no shared state.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "auth/expressions.h"
#include "auth/oauth/token_exchange.h"
#include "auth/ports.h"
#include "junctor/clock.h"
#include "net/client.h"

namespace junctor {
class Fiber;
}

namespace junctor::auth {

// Where an OAuth integration's endpoints are, with places filled and discovery added.
// Whether a provider promises `iss` in its answers (RFC 9207); then one without it is none of its own.
enum class AnswersNameIssuer { no, yes };

struct OAuthEndpoints {
  std::string issuer;
  std::string authorization;
  std::string token;
  std::string device_authorization;
  std::string revocation;
  std::string jwks;
  AnswersNameIssuer answers_name_issuer = AnswersNameIssuer::no;
  // Where a client with a certificate finds them (RFC 8705 section 5); empty: in the same place.
  std::string mtls_token{};
  std::string mtls_device_authorization{};
  std::string mtls_revocation{};
};

// What a token endpoint gave.
struct TokenGrant {
  Secret access_token;
  Secret refresh_token;  // empty when the answer has none: the old one stays
  Secret id_token;       // empty without OpenID Connect
  std::string token_type;
  std::string scope;
  std::optional<std::chrono::seconds> expires_in;
};

// Its refusal. code is OAuth's ("invalid_grant"), or empty for an answer that is not OAuth's form.
struct TokenRefusal {
  int status = 0;
  std::string code;
  std::string description;  // the provider's, at most 300 printable characters, secrets cut out
};

using TokenAnswer = std::variant<TokenGrant, TokenRefusal>;

using FormFields = std::vector<std::pair<std::string, Secret>>;

// Everything a call needs.
struct TokenCall {
  const OAuth2Auth& oauth;
  const VarsContext& vars;
  const OAuthEndpoints& endpoints;
  std::shared_ptr<const ClientIdentity> identity;  // null without a client certificate
};

// The request for a grant: its own fields plus client authentication, scopes where asked, declared
// further parameters. Throws ConnectionFailure{credentials_invalid}.
ClientRequest make_token_request(const TokenCall& call, FormFields fields, std::string_view url,
                                 Timestamp now);
// The fields of each grant that needs no person: client_credentials and jwt_bearer.
FormFields grant_fields(const TokenCall& call, Timestamp now);
FormFields refresh_fields(const Secret& refresh_token);

// Reads an answer of any form that is met in practice: JSON, a form, errors inside a 200.
// secrets: texts to be cut out of the description.
TokenAnswer read_token_answer(const ClientResponse& answer, const FormFields& secrets);

// What a call goes over.
struct TokenWire {
  HttpClient& client;
  const Clock& clock;
  std::function<void(TokenExchange)> seen{};  // takes every request; empty: nobody keeps them
};

// Sends and reads. Throws Failure of HttpClient::send, with retry_after where the provider asks.
TokenAnswer send_token_request(Fiber& fiber, const TokenWire& wire, const ClientRequest& request,
                               const FormFields& known);

// Sends what asks for no token, such as a revocation or a request for a device code, and notes it the same way.
ClientResponse send_other_request(Fiber& fiber, const TokenWire& wire, const ClientRequest& request);

// The declared exchange that follows no standard; refresh_token may be empty.
TokenAnswer send_declared_request(Fiber& fiber, const TokenWire& wire, const TokenCall& call,
                                  const TokenRequest& declared, const Secret& refresh_token);

// Scopes as the provider separates them; the method's own, else the integration's.
std::string scope_text(const OAuth2Auth& oauth, const std::vector<std::string>& of_integration);

// At most `most` bytes of an outside text on one line, without control characters.
std::string printable(std::string_view text, std::size_t most);

// Secrets in a urlencoded form.
Secret form_text(const FormFields& fields);

}  // namespace junctor::auth
