#include "cli/node.h"

#include <algorithm>
#include <thread>

#include "api/action_routes.h"
#include "api/answers.h"
#include "api/authenticated_access.h"
#include "api/connection_routes.h"
#include "api/hub_routes.h"
#include "api/plug_routes.h"
#include "api/queue_routes.h"
#include "api/read_routes.h"
#include "api/spool.h"
#include "api/system_routes.h"
#include "async/loop.h"
#include "async/scope.h"
#include "auth/authenticator.h"
#include "auth/credential_service.h"
#include "auth/oauth/authorization.h"
#include "auth/oauth/discovery.h"
#include "auth/oauth/token_service.h"
#include "auth/oauth/token_store.h"
#include "base/log.h"
#include "cli/maintenance.h"
#include "cli/provision.h"
#include "cli/workplace.h"
#include "connector/executor.h"
#include "connector/redis_cache.h"
#include "connector/yaml_loader.h"
#include "engine/catalogue.h"
#include "engine/connection_check.h"
#include "engine/declared_executor.h"
#include "engine/flows.h"
#include "engine/intake.h"
#include "engine/late_calls.h"
#include "engine/reactor.h"
#include "engine/records.h"
#include "engine/runs.h"
#include "engine/schedules.h"
#include "engine/stored_cache.h"
#include "engine/stored_limits.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/client.h"
#include "net/server.h"
#include "queue/event_log.h"
#include "queue/schema.h"
#include "store/store.h"
#include "vault/connections.h"
#include "vault/vault.h"

namespace junctor {
namespace {

HttpClientOptions client_options(const Config& config) {
  HttpClientOptions options;
  options.guard = AddressGuard::allowing(config.allow_addresses).value_or_throw();
  return options;
}

std::vector<std::unique_ptr<LoopThread>> make_loops(const Config& config) {
  const std::size_t wanted =
      config.threads > 0 ? config.threads : std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::unique_ptr<LoopThread>> loops;
  for (std::size_t i = 0; i < wanted; ++i)
    loops.push_back(std::make_unique<LoopThread>("loop " + std::to_string(i)));
  return loops;
}

std::vector<Loop*> loops_of(const std::vector<std::unique_ptr<LoopThread>>& threads) {
  std::vector<Loop*> loops;
  for (const auto& thread : threads) loops.push_back(&thread->loop());
  return loops;
}

queue::QueuesOptions queue_options(const Config& config) {
  queue::QueuesOptions options;
  options.most_payload_bytes = config.body_limit_bytes;
  return options;
}

HttpServerOptions server_options(const Config& config, api::ServedCounts& served, const Router& router) {
  HttpServerOptions options;
  options.address = config.address;
  options.port = config.port;
  options.limits.body_bytes = config.body_limit_bytes;
  options.body_reading = [&router](const HttpRequest& head) { return router.body_reading(head); };
  options.on_served = [&served](const ServedRequest& request) { served.count(request); };
  return options;
}

auth::AuthenticatorOptions authenticator_options(const Config& config) {
  auth::AuthenticatorOptions options;
  if (config.authentication == Authentication::off_for_development)
    options.access = auth::Access::development_without_authentication;
  auth::require_loopback_without_authentication(options.access, config.address);
  if (config.jwt_issuer.empty()) return options;
  options.jwt.emplace();
  options.jwt->policy.issuer = config.jwt_issuer;
  options.jwt->policy.audiences = {config.jwt_audience};
  options.jwt->jwks_url = config.jwks_url;
  return options;
}

std::unique_ptr<connector::RedisCache> redis_cache(const Config& config) {
  if (config.redis_url.empty()) return nullptr;
  return std::make_unique<connector::RedisCache>(connector::RedisAddress::parse(config.redis_url));
}

connector::ExecutorPorts executor_ports(StoredCache& cache, connector::RedisCache* redis,
                                        StoredLimits& limits) {
  connector::ExecutorPorts ports;
  ports.store_cache = &cache;
  ports.redis_cache = redis;
  ports.limit_share = &limits;
  return ports;
}

bool has_role(const Config& config, std::string_view role) {
  return ("," + config.roles + ",").find("," + std::string(role) + ",") != std::string::npos;
}

HttpHandler request_handler(const Config& config, const Router& router) {
  HttpHandler handler = api::answering(router.handler());
  return has_role(config, "api") ? api::home_leads_to_hub(std::move(handler)) : handler;
}

// The folder of a definition that stands in YAML; empty for a shared object.
std::string folder_of(const std::string& place) {
  if (place.ends_with(".so")) return {};
  if (!place.ends_with(".yaml") && !place.ends_with(".yml")) return place;
  const auto slash = place.rfind('/');
  return slash == std::string::npos ? "." : place.substr(0, slash);
}

}  // namespace

std::string url_host(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

std::string public_url(const Config& config) {
  std::string url = config.public_url.empty()
                        ? "http://" + url_host(config.address) + ":" + std::to_string(config.port)
                        : config.public_url;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::vector<MigrationSet> all_migrations() {
  return {vault::Vault::migrations(), auth::migrations(),       WebhookEndpoints::migrations(),
          runs::migrations(),         schedules::migrations(),  StoredRecords::migrations(),
          Flows::migrations(),        queue::queue_migrations(), StoredCache::migrations(),
          StoredLimits::migrations()};
}

int migrate_under_root(Store& store, vault::Vault& vault) {
  vault.check_root();
  return migrate(store, all_migrations());
}

void migrate_and_start(Store& store, vault::Vault& vault) {
  migrate_under_root(store, vault);
  vault.start();
}

Result<std::shared_ptr<const Registry>> load_registry(const NodeInput& input) {
  std::vector<Problem> problems;
  std::vector<std::shared_ptr<const LoadedIntegration>> loaded;
  const auto add = [&](connector::LoadReport report, const std::string& folder = {}) {
    problems.insert(problems.end(), report.problems.begin(), report.problems.end());
    for (const Problem& warning : report.warnings)
      log::write(log::Level::warning, "connector", "{}", to_string(warning));
    if (!report.integration) return;
    auto result = LoadedIntegration::load(std::move(*report.integration), folder);
    if (result.ok())
      loaded.push_back(std::move(result).value());
    else
      problems.insert(problems.end(), result.problems().begin(), result.problems().end());
  };
  for (const Integration& integration : input.built_in)
    add(connector::examine_definition(integration));
  for (const Project& project : input.projects)
    for (const std::string& place : project.integrations) add(examine_place(place), folder_of(place));
  if (!problems.empty()) return problems;
  try {
    return std::shared_ptr<const Registry>(std::make_shared<Registry>(std::move(loaded)));
  } catch (const Failure& failure) {
    return Problem{"", 0, failure.message(), "one integration of each slug", ""};
  }
}

struct Node::Parts {
  explicit Parts(NodeInput given);

  NodeInput input;
  Config& config = input.config;
  std::vector<std::unique_ptr<LoopThread>> loops;
  std::unique_ptr<Store> store;
  CurrentRegistry registry;
  Catalogue catalogue{registry};
  vault::Vault vault;
  vault::Connections connections{vault, catalogue};
  HttpClient client;
  auth::Discovery discovery{client, system_clock()};
  LateCalls late_calls{*store};
  auth::TokenService tokens{connections, catalogue, client, discovery};
  auth::CredentialService credentials{tokens, catalogue};
  auth::Authorization authorization{tokens, client, discovery};
  StoredCache stored_cache{*store, system_clock()};
  std::unique_ptr<connector::RedisCache> redis = redis_cache(config);
  StoredLimits stored_limits{*store, system_clock()};
  connector::Executor executor;
  queue::Queues queues;
  queue::EventLog events{queues};
  DeclaredExecutor declared{executor, credentials};
  Actions actions{{*store, registry, connections, declared, events, system_clock(),
                   &executor.caches()}};
  ConnectionCheck connection_check{actions};
  Flows flows{{*store, registry, actions, events, system_clock()}};
  WebhookEndpoints endpoints{*store, vault};
  Intake intake;
  Reactor reactor;
  auth::ApiTokens api_tokens{*store, system_clock()};
  auth::Authenticator authenticator;
  api::AuthenticatedAccess access{authenticator};
  api::ServedCounts served;
  std::atomic<bool> stopping{false};
  api::Spool spool;
  Router router;
  HttpServer server;
  std::unique_ptr<Scope> background;  // on the control loop; made by start()

  void provision_projects(Fiber& fiber, const std::vector<Project>& projects);
  void set_routes();
  void set_declared_routes();
  void start_background(Fiber& fiber);
  void note_last_use(Fiber& fiber);
};

Node::Parts::Parts(NodeInput given)
    : input(std::move(given)),
      loops(make_loops(config)),
      store(open_database(config, Database::may_be_new)),
      vault(*store, vault::make_root_key_source({config.data_dir, config.root_key_command}),
            system_clock()),
      client(client_options(config)),
      executor(client, executor_ports(stored_cache, redis.get(), stored_limits)),
      queues(*store, queue_options(config)),
      intake(*store, endpoints, registry, events, discovery, system_clock(), public_url(config)),
      reactor(
          {*store, events, registry, actions, flows, connections, system_clock(), loops_of(loops)}),
      authenticator(api_tokens, discovery, system_clock(), authenticator_options(config)),
      spool(config.data_dir + "/uploads", config.upload_limit_bytes, config.body_limit_bytes),
      server(server_options(config, served, router), request_handler(config, router), loops_of(loops)) {
  tokens.keep_late_exchanges(late_calls);
}

void Node::Parts::provision_projects(Fiber& fiber, const std::vector<Project>& projects) {
  for (const auto& [slug, integration] : registry.get()->all())
    connections.seal_declared_secrets(fiber, slug);
  for (const Project& project : projects)
    provision(fiber, project, {*store, registry, connections, endpoints});
}

void Node::Parts::set_routes() {
  const api::ReadParts read{*store, registry, events, endpoints, reactor, system_clock(), access};
  router.set("system",
             api::system_routes({*store, queues, intake, reactor, served, system_clock(), stopping}));
  if (has_role(config, "webhook"))
    for (const char* method : {"POST", "GET"})
      router.set(std::string("hooks ") + method,
                 {{method, "/hooks/{endpoint}", [this](Fiber& fiber, HttpRequest& request) {
                     return intake.receive(fiber, request,
                                           std::string(*request.path_value("endpoint")));
                   }}});
  if (!has_role(config, "api")) return;
  router.set("hub", api::hub_routes(api::hub_files()));
  router.set("integrations", api::integration_routes(read));
  router.set("runs", api::run_routes(read));
  router.set("run calls", api::run_call_routes(read));
  router.set("events", api::event_routes(read));
  router.set("endpoints", api::endpoint_routes(read));
  router.set("queues", api::queue_routes(
                           {queues, events,
                            [this](Fiber& fiber, const HttpRequest& request, const char* scope) {
                              return access.require(fiber, request, {scope}).tenant;
                            }}));
  const auto tenant_in_use = [this](Fiber& fiber, const TenantId& tenant) {
    reactor.define_tenant(fiber, tenant);
  };
  const api::ConnectionParts connecting{connections, authorization, api_tokens, &connection_check, actions,
                                        access,      tenant_in_use, public_url(config)};
  router.set("connections", api::connection_routes(connecting));
  router.set("authorisation", api::authorisation_routes(connecting));
  router.set("tokens", api::token_routes(connecting));
  router.set("plug", api::plug_routes({actions, *store, system_clock(), access, spool}));
  router.set("actions", api::action_routes({actions, *store, registry, system_clock(), access, spool}));
  set_declared_routes();
}

void Node::Parts::set_declared_routes() {
  if (has_role(config, "api"))
    router.set("declared",
               api::declared_routes({actions, *store, registry, system_clock(), access, spool}));
}

void Node::Parts::start_background(Fiber& fiber) {
  background = std::make_unique<Scope>(fiber.loop(), "node");
  if (has_role(config, "scheduler"))
    background->spawn(
        [this](Fiber& inner) { run_scheduler(inner, *store, system_clock(), reactor.fire()); });
  background->spawn([this](Fiber& inner) { run_token_upkeep(inner, api_tokens); });
  background->spawn([this](Fiber& inner) { run_credential_upkeep(inner, credentials); });
  background->spawn([this](Fiber& inner) {
    reactor.follow_tenants(inner, has_role(config, "worker"));
  });
  background->spawn([this](Fiber& inner) {
    run_maintenance(inner,
                    {*store, vault, events, system_clock(), config.event_retention,
                     static_cast<std::int64_t>(config.event_limit_bytes), config.run_retention});
  });
}

// At the end, when nothing can be tried again.
void Node::Parts::note_last_use(Fiber& fiber) {
  try {
    api_tokens.flush(fiber);
  } catch (const Failure& failure) {
    log::write(log::Level::warning, "auth", "the last use of tokens is not on disk: {} {}",
               failure.message(), failure.detail());
  }
}

Node::Node(NodeInput input) : parts_(std::make_unique<Parts>(std::move(input))) {}
Node::~Node() = default;

void Node::start(Fiber& fiber) {
  Parts& parts = *parts_;
  migrate_and_start(*parts.store, parts.vault);
  parts.registry.set(load_registry(parts.input).value_or_throw());
  parts.spool.clean();
  parts.provision_projects(fiber, parts.input.projects);
  parts.reactor.define(fiber);
  parts.set_routes();
  parts.server.start();
  if (has_role(parts.config, "worker")) parts.reactor.start_consumers(fiber);
  parts.start_background(fiber);
}

void Node::stop(Fiber& fiber) {
  Parts& parts = *parts_;
  parts.stopping = true;
  if (parts.background) parts.background->stop(fiber);
  parts.server.stop(fiber, parts.config.shutdown_timeout);
  parts.reactor.stop(fiber);
  parts.tokens.stop();
  if (parts.redis) parts.redis->close();
  parts.note_last_use(fiber);
}

std::vector<Problem> Node::reload(Fiber& fiber, std::vector<Project> projects) {
  Parts& parts = *parts_;
  NodeInput next{parts.config, std::move(projects), parts.input.built_in};
  auto loaded = load_registry(next);
  if (!loaded.ok()) return loaded.problems();
  const auto before = parts.registry.get();
  parts.registry.set(std::move(loaded).value());
  try {
    parts.provision_projects(fiber, next.projects);
  } catch (const Failure&) {
    parts.registry.set(before);
    throw;
  }
  parts.input.projects = std::move(next.projects);
  parts.reactor.define(fiber);
  parts.set_declared_routes();
  if (has_role(parts.config, "worker")) parts.reactor.start_consumers(fiber);
  return {};
}

std::uint16_t Node::port() const { return parts_->server.port(); }
std::size_t Node::integrations() const { return parts_->registry.get()->all().size(); }

}  // namespace junctor
