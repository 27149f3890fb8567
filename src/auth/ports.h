// What this room asks of those above it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oauth/token_exchange.h"
#include "junctor/clock.h"
#include "junctor/definition/auth.h"
#include "junctor/failure.h"
#include "junctor/ids.h"
#include "junctor/integration.h"
#include "vault/ports.h"

namespace junctor {
class Fiber;
}

namespace junctor::auth {

// The part of a definition that this room executes.
struct AuthDefinition {
  std::vector<Auth> methods;  // never empty; the first is the default
  Endpoints endpoints;
  std::vector<std::string> scopes;
};

// From a loaded definition; a method without its block gets the block's defaults.
AuthDefinition auth_definition(const Integration& integration);
void fill_defaults(Auth& method);
// Slugs of the methods that a person has to consent to.
std::vector<std::string> consent_methods(const AuthDefinition& definition);

// What the vault must know of an integration, for its IntegrationCatalogue.
vault::FieldDeclaration field_declaration(const Field& field);  // without its schema
vault::FieldDeclarations field_declarations(const Integration& integration);
vault::IntegrationProfile integration_profile(const Integration& integration);

// Keeps token requests that nobody waits for any more, beside the other calls of their run.
class TokenExchangeKeeper {
 public:
  struct LateExchanges {
    TenantId tenant;
    ConnectionId connection;
    std::string run;
    std::vector<TokenExchange> exchanges;
  };
  virtual ~TokenExchangeKeeper() = default;
  // false: there is no such run yet; it may come.
  virtual bool keep(Fiber& fiber, const LateExchanges& late) = 0;
};

// Keeps the requests of one step of an authorisation, which belongs to no other run, as a run of its own.
class AuthorisationKeeper {
 public:
  struct Step {
    TenantId tenant;
    ConnectionId connection;
    std::string integration;
    std::string connection_name;
    std::string name;  // "consent", "device_code", "device_poll", "revocation"
    Timestamp began_at{};
    std::vector<TokenExchange> exchanges;  // never empty
    std::optional<Failure> failure;        // that it ended with
  };
  virtual ~AuthorisationKeeper() = default;
  virtual void keep(Fiber& fiber, const Step& step) = 0;
};

// Answers from the definitions that are loaded. Threads: any thread.
class AuthCatalogue {
 public:
  virtual ~AuthCatalogue() = default;
  // Null for a slug that is not loaded.
  virtual std::shared_ptr<const AuthDefinition> find(std::string_view integration) const = 0;
};

}  // namespace junctor::auth
