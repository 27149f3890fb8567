// Connections, their authorisation, and API tokens over the management API.
//
//   GET    /v1/connections                          ?integration= &after= &limit=
//   POST   /v1/connections                          {integration, name?, auth_method?, vars}
//   GET    /v1/connections/{connection}             its id, secrets as masks
//   PATCH  /v1/connections/{connection}             {name?, vars?, enabled?, version?}
//   DELETE /v1/connections/{connection}
//   POST   /v1/connections/{connection}/test        runs the integration's test action → {state, message, …}
//   GET    /v1/connections/{connection}/vars/{field}/options     → {items: [{value, label}]}
//   POST   /v1/integrations/{integration}/vars/{field}/options   {vars?}: before there is a connection
//   POST   /v1/connections/{connection}/authorise   {return_to?} → {url, expires_at}: open it in a browser, once
//   POST   /v1/connections/{connection}/device      → {handle, user_code, verification_url, …}
//   POST   /v1/connections/{connection}/device/{handle}  → {status}: authorised or waiting
//   POST   /v1/connections/{connection}/revoke
//   GET    /oauth/begin, /oauth/callback            the consent itself, in a browser (consent_pages.h)
//   GET    /v1/tokens, POST /v1/tokens {name, scopes, expires_in_days?}, DELETE /v1/tokens/{token}
//
// Scopes: connections:read, connections:write, tokens:read, tokens:write. A new token gets no scope that its
// maker lacks.
//
// Threads: any loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/access.h"
#include "net/router.h"

namespace junctor {
class Actions;
namespace auth {
class ApiTokens;
class Authorization;
}  // namespace auth
namespace vault {
class ConnectionTester;
class Connections;
}  // namespace vault

namespace api {

struct ConnectionParts {
  vault::Connections& connections;
  auth::Authorization& authorization;
  auth::ApiTokens& tokens;
  vault::ConnectionTester* tester;  // null: tests answer 501
  Actions& actions;
  const Access& access;
  std::function<void(Fiber&, const TenantId&)> tenant_in_use;  // before a tenant's connection is made
  std::string public_url;           // "https://junctor.example": the callback is <public_url>/oauth/callback
};

std::vector<Route> connection_routes(const ConnectionParts& parts);
std::vector<Route> authorisation_routes(const ConnectionParts& parts);
std::vector<Route> token_routes(const ConnectionParts& parts);

}  // namespace api
}  // namespace junctor
