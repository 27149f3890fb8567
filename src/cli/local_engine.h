// What a command needs to make calls with connections, without a server: the engine's rooms on its own database.
//
// Threads: constructed and used by the thread of one command; its fibers run one after another.
#pragma once

#include "auth/credential_service.h"
#include "auth/oauth/authorization.h"
#include "auth/oauth/discovery.h"
#include "auth/oauth/token_service.h"
#include "connector/executor.h"
#include "engine/catalogue.h"
#include "engine/connection_check.h"
#include "engine/declared_executor.h"
#include "engine/stored_limits.h"
#include "net/client.h"
#include "queue/event_log.h"
#include "vault/connections.h"

namespace junctor::cli {

class LocalEngine final {
 public:
  LocalEngine(Store& store, vault::Connections& connections, const CurrentRegistry& registry,
              const Catalogue& catalogue, HttpClientOptions options)
      : client_(std::move(options)),
        tokens_(connections, catalogue, client_, discovery_),
        credentials_(tokens_, catalogue),
        limits_(store, system_clock()),
        executor_(client_, ports()),
        queues_(store, {}),
        actions_({store, registry, connections, declared_, events_, system_clock(), &executor_.caches()}) {}
  ~LocalEngine() { tokens_.stop(); }

  Actions& actions() { return actions_; }
  ConnectionCheck& check() { return check_; }
  auth::Authorization& authorization() { return authorization_; }

 private:
  connector::ExecutorPorts ports() {
    connector::ExecutorPorts out;
    out.limit_share = &limits_;
    return out;
  }

  HttpClient client_;
  auth::Discovery discovery_{client_, system_clock()};
  auth::TokenService tokens_;
  auth::CredentialService credentials_;
  auth::Authorization authorization_{tokens_, client_, discovery_};
  StoredLimits limits_;
  connector::Executor executor_;
  queue::Queues queues_;
  queue::EventLog events_{queues_};
  DeclaredExecutor declared_{executor_, credentials_};
  Actions actions_;
  ConnectionCheck check_{actions_};
};

}  // namespace junctor::cli
