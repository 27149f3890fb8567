#include "engine/connection_check.h"

#include <boost/json.hpp>

#include "engine/runs.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "store/store.h"
#include "vault/connections.h"

namespace junctor {
namespace {

using vault::ConnectionError;
using vault::ConnectionFailure;
using vault::Health;
using vault::HealthState;

std::shared_ptr<const LoadedIntegration> integration_of(const ActionsParts& parts,
                                                        const vault::Connection& connection) {
  auto integration = parts.registry.get()->find(connection.integration);
  if (integration == nullptr)
    throw ConnectionFailure(ConnectionError::unknown_integration,
                            "there is no integration \"" + connection.integration +
                                "\"; load its definition first");
  if (integration->definition.test_action.empty())
    throw Failure(FailureKind::unsupported, connection.integration +
                                                " declares no action that proves a connection; name one "
                                                "`health`, or say `test_action: its slug`");
  return integration;
}

}  // namespace

Health ConnectionCheck::test(Fiber& fiber, const TenantId& tenant, ConnectionId id) {
  const ActionsParts& parts = actions_.parts();
  const vault::Connection connection = parts.connections.get(fiber, tenant, id);
  const auto integration = integration_of(parts, connection);
  const std::string& action = integration->definition.test_action;

  RunStart start;
  start.tenant = tenant;
  start.id = RunId::generate();
  start.kind = "action";
  start.integration = connection.integration;
  start.subject = action;
  start.trigger = "test";
  start.connection = connection.integration + "/" + connection.name;
  start.at = parts.clock.now();
  start.input = "{}";
  CallScope scope;
  scope.tenant = tenant;
  scope.run = start.id;
  scope.connection = id.to_string();
  scope.idempotency_key = start.id.to_string();
  scope.use = ConnectionUse::test;

  Health health;
  RunEnd end;
  CallTrace trace;
  const auto began = std::chrono::steady_clock::now();
  try {
    const DeadlineScope limit(fiber, most_time);
    actions_.call(fiber, scope, connection.integration, action, JsonObject(), trace);
    health.state = HealthState::healthy;
  } catch (const Failure& failure) {
    if (failure.kind() == FailureKind::cancelled) throw;
    health.state = HealthState::failing;
    health.message = failure.message();
    end = end_with(failure, trace);
  }
  health.latency = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  record_run(fiber, parts.store, parts.clock, start, end, trace);
  return health;
}

}  // namespace junctor
