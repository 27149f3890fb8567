// What this room asks of those above it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vault/connection.h"
#include "vault/field.h"

namespace junctor {
class Fiber;
}

namespace junctor::vault {

// What the vault must know of an integration.
struct IntegrationProfile {
  FieldDeclarations fields;
  std::vector<std::string> auth_methods;     // slugs; the first is the default
  std::vector<std::string> consent_methods;  // those of them that need a person's consent
};

// Answers from the definitions that are loaded. Threads: any thread.
class IntegrationCatalogue {
 public:
  virtual ~IntegrationCatalogue() = default;
  // nullopt for a slug that is not loaded.
  virtual std::optional<IntegrationProfile> profile(std::string_view slug) const = 0;
};

// Runs the integration's test action with a connection. Threads: any loop.
class ConnectionTester {
 public:
  virtual ~ConnectionTester() = default;
  // What went wrong comes back as a failing Health; it throws only when the test could not be made
  // (Failure{cancelled}, a store that is away).
  virtual Health test(Fiber& fiber, const TenantId& tenant, ConnectionId id) = 0;
};

}  // namespace junctor::vault
