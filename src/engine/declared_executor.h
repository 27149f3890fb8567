// Declared actions through the connector room's executor, with the connection's credentials.
//
// Threads: any loop.
// Lifetime: what it is given outlives it.
#pragma once

#include "engine/declared_calls.h"

namespace junctor {

namespace auth {
class CredentialService;
}
namespace connector {
class Executor;
}

class DeclaredExecutor final : public DeclaredCalls {
 public:
  DeclaredExecutor(connector::Executor& executor, auth::CredentialService& credentials)
      : executor_(executor), credentials_(credentials) {}

  DeclaredOutput call(Fiber& fiber, const DeclaredCall& call) override;
  ClientResponse call_path(Fiber& fiber, const PathCall& call) override;
  StreamedRows stream(Fiber& fiber, const DeclaredCall& call,
                      const std::function<bool(const Json&)>& take) override;

 private:
  connector::Executor& executor_;
  auth::CredentialService& credentials_;
};

}  // namespace junctor
