// Who may call what: every route of the management API asks here first.
//
// Threads: any loop.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/ids.h"
#include "net/http.h"

namespace junctor::api {

struct Caller {
  TenantId tenant;
  std::string name;  // of the token or subject, for the log
};

class Access {
 public:
  virtual ~Access() = default;
  // Throws Failure{denied} when the request proves nobody, or somebody without one of the scopes.
  // scopes: all of them are needed; "runs:read", or what an action declares.
  virtual Caller require(Fiber& fiber, const HttpRequest& request,
                         const std::vector<std::string>& scopes) const = 0;
};

}  // namespace junctor::api
