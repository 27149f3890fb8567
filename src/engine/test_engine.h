// An engine without its server, and a provider on the loopback, for the tests of this room.
#pragma once

#include <functional>
#include <string>

#include "auth/credential_service.h"
#include "auth/oauth/discovery.h"
#include "auth/oauth/token_service.h"
#include "auth/oauth/token_store.h"
#include "connector/test_api.h"
#include "engine/catalogue.h"
#include "engine/connection_check.h"
#include "engine/declared_executor.h"
#include "engine/endpoints.h"
#include "engine/flow_state.h"
#include "engine/records.h"
#include "engine/runs.h"
#include "engine/schedules.h"
#include "engine/stored_cache.h"
#include "engine/stored_limits.h"
#include "engine/test_store.h"
#include "queue/event_log.h"
#include "queue/schema.h"
#include "vault/connections.h"
#include "vault/root_key.h"

namespace junctor {

class TestEngine {
 public:
  explicit TestEngine(const std::vector<std::string>& definitions, const Clock& clock = system_clock())
      : clock_(clock) {
    load(definitions);
    vault.start();
  }

  // In the place of those before.
  void load(const std::vector<std::string>& definitions) {
    std::vector<std::shared_ptr<const LoadedIntegration>> loaded;
    for (const std::string& text : definitions)
      loaded.push_back(LoadedIntegration::load(connector::load_integration(text, "test.yaml").value_or_throw())
                           .value_or_throw());
    registry.set(std::make_shared<Registry>(std::move(loaded)));
  }

  vault::Connection connect(Fiber& fiber, const std::string& integration, JsonObject vars,
                            const std::string& name = "default") {
    return connections.create(fiber, default_tenant(), {integration, name, "", std::move(vars)});
  }
  Json call(Fiber& fiber, const std::string& integration, const std::string& action,
            const Json& input = JsonObject(), const std::string& connection = "") {
    CallScope scope;
    scope.tenant = default_tenant();
    scope.run = RunId::generate();
    scope.connection = connection;
    CallTrace trace;
    return actions.call(fiber, scope, integration, action, input, trace);
  }
  // The code of a ConnectionFailure, or the Failure's kind; "none".
  static std::string error_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const vault::ConnectionFailure& failure) {
      return std::string(to_string(failure.code()));
    } catch (const Failure& failure) {
      return std::string(to_string(failure.kind()));
    }
    return "none";
  }

 private:
  const Clock& clock_;
  std::string folder_ = (std::filesystem::temp_directory_path() /
                         ("junctor-engine-" + Uuid::generate().to_string())).string();
  struct Cleaner {
    explicit Cleaner(std::string path) : folder(std::move(path)) { std::filesystem::create_directories(folder); }
    ~Cleaner() { std::filesystem::remove_all(folder); }
    std::string folder;
  } cleaner_{folder_};

  static std::vector<MigrationSet> sets() {
    return {vault::Vault::migrations(),      auth::migrations(),
            WebhookEndpoints::migrations(),  runs::migrations(),
            schedules::migrations(),         StoredRecords::migrations(),
            flow_state::migrations(),        queue::queue_migrations(),
            StoredCache::migrations(),       StoredLimits::migrations()};
  }
  connector::ExecutorPorts ports() {
    connector::ExecutorPorts out;
    out.store_cache = &stored_cache;
    out.limit_share = &stored_limits;
    out.random = [] { return 0.0; };
    return out;
  }

 public:
  TestStore store{sets()};
  CurrentRegistry registry;
  Catalogue catalogue{registry};
  vault::Vault vault{*store, std::make_unique<vault::RootKeyFile>(folder_ + "/root.key"), clock_};
  vault::Connections connections{vault, catalogue};
  HttpClient client{connector::open_door()};
  auth::Discovery discovery{client, clock_};
  auth::TokenService tokens{connections, catalogue, client, discovery};
  auth::CredentialService credentials{tokens, catalogue};
  StoredCache stored_cache{*store, clock_};
  StoredLimits stored_limits{*store, clock_};
  connector::Executor executor{client, ports()};
  queue::Queues queues{*store, {}};
  queue::EventLog events{queues};
  DeclaredExecutor declared{executor, credentials};
  Actions actions{{*store, registry, connections, declared, events, clock_, &executor.caches()}};
  ConnectionCheck check{actions};
};

}  // namespace junctor
