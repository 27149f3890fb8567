// Access over the auth room: tokens and JWTs, or everybody in development.
//
// Threads: any loop.
#pragma once

#include "api/access.h"

namespace junctor {
namespace auth {
class Authenticator;
}

namespace api {

class AuthenticatedAccess final : public Access {
 public:
  explicit AuthenticatedAccess(auth::Authenticator& authenticator) : authenticator_(authenticator) {}
  Caller require(Fiber& fiber, const HttpRequest& request,
                 const std::vector<std::string>& scopes) const override;

 private:
  auth::Authenticator& authenticator_;
};

}  // namespace api
}  // namespace junctor
