// Webhook endpoints: the URLs that providers call, and the secrets they sign with.
//
// Threads: any loop.
// Invariants:
//   1. A name belongs to one endpoint, whatever the tenant: it is the last part of the URL.
//   2. Secrets are in the vault, newest first; at most most_secrets of them are valid at a time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/ids.h"
#include "junctor/secret.h"
#include "store/migrations.h"

namespace junctor {

class Fiber;
class Snapshot;
class Store;
class Transaction;
namespace vault {
class Vault;
}

struct Endpoint {
  EndpointId id;
  TenantId tenant;
  std::string name;  // "github": the URL is /hooks/github
  std::string integration;
  std::string webhook;     // slug of the webhook type
  std::string connection;  // name of the connection its events belong to; may be empty
  bool enabled = true;
};

// An endpoint with its secrets, as one delivery needs it.
//
// Lifetime: shared by the cache and the deliveries in progress.
struct OpenEndpoint {
  Endpoint endpoint;
  std::vector<Secret> secrets;
};

// Every tenant that has endpoints or connections, and the default one, which comes first.
std::vector<TenantId> tenants_in_use(Snapshot& snapshot);

struct Refusal {
  std::int64_t at = 0;  // milliseconds since 1970
  std::string peer, reason;
};

class WebhookEndpoints final {
 public:
  static constexpr std::size_t most_secrets = 5;

  static const MigrationSet& migrations();

  WebhookEndpoints(Store& store, vault::Vault& vault) : store_(store), vault_(vault) {}
  WebhookEndpoints(const WebhookEndpoints&) = delete;
  WebhookEndpoints& operator=(const WebhookEndpoints&) = delete;

  // Creates it, or changes the one of this tenant and name; given secrets replace those it had, none
  // leaves them. Throws Failure{conflict} when another tenant has the name, {invalid} for a bad one.
  void put(Transaction& transaction, const Endpoint& endpoint, const std::vector<Secret>& secrets);
  // A further secret in front of the others, the oldest beyond most_secrets dropped.
  void add_secret(Transaction& transaction, const TenantId& tenant, const std::string& name,
                  const Secret& secret);
  bool remove(Transaction& transaction, const TenantId& tenant, const std::string& name);

  std::optional<Endpoint> get(Snapshot& snapshot, std::string_view name);
  std::vector<Endpoint> list(Snapshot& snapshot, const TenantId& tenant);

  // By name, from memory when it is fresh (5 s: another node may have changed it); null when there is
  // none or it is disabled.
  std::shared_ptr<const OpenEndpoint> open(Fiber& fiber, const std::string& name);
  // Forgets what was opened and is not fresh any more. For whoever owns this to call from time to time.
  void forget_idle();

  // Keeps the newest 100 refusals of an endpoint; at most 10 a second are stored, the rest counted
  // by the caller.
  void note_refusal(Fiber& fiber, const Endpoint& endpoint, const Refusal& refusal);
  std::vector<Refusal> refusals(Snapshot& snapshot, const TenantId& tenant, const std::string& name);

 private:
  struct Cached {
    std::int64_t until = 0;
    std::shared_ptr<const OpenEndpoint> endpoint;
  };
  struct Noted {
    std::int64_t second = 0;
    int count = 0;
    std::int64_t slot = 0;
  };

  void forget(Transaction& transaction, const std::string& name);

  Store& store_;
  vault::Vault& vault_;
  std::mutex mutex_;
  std::map<std::string, Cached, std::less<>> cache_;
  std::map<std::string, Noted, std::less<>> noted_;
};

}  // namespace junctor
