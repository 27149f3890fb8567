// Proves that a connection works, by the test action of its integration.
//
// Each test is a run of the test action, so that its calls can be looked at like any other's.
//
// Threads: any loop.
// Lifetime: actions outlives it.
#pragma once

#include <chrono>

#include "engine/actions.h"
#include "vault/ports.h"

namespace junctor {

class ConnectionCheck final : public vault::ConnectionTester {
 public:
  // Longer is no answer for a person who waits.
  static constexpr std::chrono::seconds most_time{30};

  explicit ConnectionCheck(Actions& actions) : actions_(actions) {}

  // Throws Failure{unsupported} when the integration declares no test action, ConnectionFailure for an
  // integration that is not loaded.
  vault::Health test(Fiber& fiber, const TenantId& tenant, ConnectionId id) override;

 private:
  Actions& actions_;
};

}  // namespace junctor
