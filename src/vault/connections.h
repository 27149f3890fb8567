// The connections of every tenant: created, changed, listed, tested.
//
// Threads: any loop.
// Lifetime: vault, catalogue and tester outlive it.
// Invariants:
//   1. Every query names the tenant; another tenant's connection is unknown_connection.
//   2. Secrets are in the vault only: the connections table holds the open vars.
//   3. What readers get has masks; what they write back with masks keeps the secrets.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "store/transaction.h"
#include "vault/connection.h"
#include "vault/ports.h"
#include "vault/vault.h"

namespace junctor {
class Fiber;
}

namespace junctor::vault {

struct NewConnection {
  std::string integration;
  std::string name;         // empty: "default"
  std::string auth_method;  // empty: the integration's first
  JsonObject vars;
};

struct ConnectionChange {
  std::optional<std::string> name;
  std::optional<JsonObject> vars;  // merged over what there is: the mask keeps, null removes
  std::optional<Enabled> enabled;
  std::optional<std::int64_t> expected_version;  // changed_meanwhile when it is another
};

struct ConnectionFilter {
  std::string integration;            // empty: all
  std::optional<ConnectionId> after;  // a page begins behind this one
  std::size_t limit = 100;            // 1 to 1,000
};

// Told after the commit of a change, on a thread of the store: for caches.
using ConnectionListener = std::function<void(const TenantId&, ConnectionId)>;

class Connections final {
 public:
  Connections(Vault& vault, const IntegrationCatalogue& catalogue);

  // All throw ConnectionFailure (connection.h): vars_invalid with every problem, name_taken,
  // unknown_integration, unknown_connection.
  Connection create(Fiber& fiber, const TenantId& tenant, const NewConnection& wanted);
  // A change that changes nothing keeps the version, and listeners hear of none.
  Connection update(Fiber& fiber, const TenantId& tenant, ConnectionId id,
                    const ConnectionChange& change);
  Connection get(Fiber& fiber, const TenantId& tenant, ConnectionId id);
  // By its id as text, "integration/name", or the only connection of an integration; several_connections
  // where it has more.
  Connection find(Fiber& fiber, const TenantId& tenant, std::string_view reference);
  std::vector<Connection> list(Fiber& fiber, const TenantId& tenant,
                               const ConnectionFilter& filter = {});
  // Deletes its secrets with it.
  void remove(Fiber& fiber, const TenantId& tenant, ConnectionId id);

  // Runs the test and records its outcome. A disabled connection may be tested.
  Health test(Fiber& fiber, const TenantId& tenant, ConnectionId id, ConnectionTester& tester);
  void record_health(Fiber& fiber, const TenantId& tenant, ConnectionId id, const Health& health);

  // After an integration was loaded: what its fields declare secret by now and was stored open is
  // sealed, for every tenant. What is no secret any more stays sealed until it is written again.
  void seal_declared_secrets(Fiber& fiber, std::string_view integration);

  // Inside a closure, for the auth room. ConnectionFailure{secrets_destroyed} as Vault::get().
  OpenConnection open(Snapshot& view, const TenantId& tenant, ConnectionId id);
  // ConnectionFailure{unknown_connection}.
  ConnectionStamp stamp(Snapshot& view, const TenantId& tenant, ConnectionId id);
  void set_status(Transaction& tx, const TenantId& tenant, ConnectionId id, ConnectionStatus status,
                  std::string_view reason);
  // The status by vars alone, once a grant has been given.
  ConnectionStatus status_when_authorised(Snapshot& view, const TenantId& tenant, ConnectionId id);

  static std::string owner_of(ConnectionId id) { return "connection/" + id.to_string(); }
  void listen(ConnectionListener listener);
  Vault& vault() { return vault_; }

 private:
  IntegrationProfile profile(std::string_view integration) const;
  FieldDeclarations fields(const std::string& integration) const;
  Connection load(Snapshot& view, const TenantId& tenant, ConnectionId id);
  Connection shown(Snapshot& view, Connection connection, const FieldDeclarations& fields);
  SecretNames var_secrets(Snapshot& view, const TenantId& tenant, ConnectionId id);
  // false when nothing is different.
  bool change_vars(Transaction& tx, Connection& now, const JsonObject& given);
  void drop_unchanged(Snapshot& view, const Connection& connection, CheckedVars& vars);
  bool seal(Transaction& tx, Connection& connection, const FieldDeclarations& fields);
  void store_secrets(Transaction& tx, const TenantId& tenant, ConnectionId id,
                     const CheckedVars& vars);
  void announce(Transaction& tx, const TenantId& tenant, ConnectionId id);

  Vault& vault_;
  const IntegrationCatalogue& catalogue_;
  std::mutex mutex_;
  std::vector<ConnectionListener> listeners_;
};

}  // namespace junctor::vault
