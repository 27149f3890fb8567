#include "api/authenticated_access.h"

#include "auth/authenticator.h"

namespace junctor::api {

Caller AuthenticatedAccess::require(Fiber& fiber, const HttpRequest& request,
                                    const std::vector<std::string>& scopes) const {
  const auth::Principal principal = authenticator_.authenticate(fiber, request);
  for (const std::string& scope : scopes) principal.require(scope);
  return {principal.tenant, principal.subject};
}

}  // namespace junctor::api
