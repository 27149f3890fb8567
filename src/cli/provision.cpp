#include "cli/provision.h"

#include "engine/current_registry.h"
#include "engine/endpoints.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "junctor/shared_object.h"
#include "store/store.h"
#include "vault/connections.h"

namespace junctor {
namespace {

std::optional<vault::Connection> existing(Fiber& fiber, vault::Connections& connections,
                                          const ProjectConnection& wanted) {
  vault::ConnectionFilter filter;
  filter.integration = wanted.integration;
  filter.limit = 1'000;
  for (vault::Connection& one : connections.list(fiber, default_tenant(), filter))
    if (one.name == wanted.name) return std::move(one);
  return std::nullopt;
}

void provision_connection(Fiber& fiber, const ProjectConnection& wanted,
                          vault::Connections& connections) {
  try {
    if (const auto found = existing(fiber, connections, wanted)) {
      vault::ConnectionChange change;
      change.vars = wanted.vars;
      connections.update(fiber, default_tenant(), found->id, change);
    } else {
      connections.create(fiber, default_tenant(),
                         {wanted.integration, wanted.name, wanted.auth_method, wanted.vars});
    }
  } catch (const Failure& failure) {
    if (is_retryable(failure.kind())) throw;
    throw Failure(FailureKind::invalid, "connection " + wanted.integration + "/" + wanted.name +
                                            " of the project: " + failure.message());
  }
}

void provision_endpoint(Fiber& fiber, const ProjectEndpoint& wanted, const ProvisionParts& parts) {
  const auto integration = parts.registry.get()->require(wanted.integration);
  if (!integration->webhooks.contains(wanted.webhook))
    throw Failure(FailureKind::invalid, "endpoint " + wanted.name + " of the project: " +
                                            wanted.integration + " declares no webhook \"" +
                                            wanted.webhook + "\"");
  Endpoint endpoint;
  endpoint.tenant = default_tenant();
  endpoint.name = wanted.name;
  endpoint.integration = wanted.integration;
  endpoint.webhook = wanted.webhook;
  endpoint.connection = wanted.connection;
  std::vector<Secret> secrets;
  for (const std::string& text : wanted.secrets) secrets.emplace_back(text);
  parts.store.write(fiber, [&](Transaction& transaction) {
    parts.endpoints.put(transaction, endpoint, secrets);
  });
}

}  // namespace

void provision(Fiber& fiber, const Project& project, const ProvisionParts& parts) {
  for (const ProjectConnection& connection : project.connections)
    provision_connection(fiber, connection, parts.connections);
  for (const ProjectEndpoint& endpoint : project.endpoints)
    provision_endpoint(fiber, endpoint, parts);
}

connector::LoadReport examine_place(const std::string& place) {
  if (place.ends_with(".so")) {
    try {
      return connector::examine_definition(load_shared_object(place));
    } catch (const Failure& failure) {
      connector::LoadReport report;
      report.problems.push_back({"", 0, failure.message(), "a shared object that defines an integration",
                                 place});
      return report;
    }
  }
  if (place.ends_with(".yaml") || place.ends_with(".yml")) {
    const auto slash = place.rfind('/');
    return connector::examine_folder(slash == std::string::npos ? "." : place.substr(0, slash));
  }
  return connector::examine_folder(place);
}

}  // namespace junctor
