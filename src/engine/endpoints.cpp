#include "engine/endpoints.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "junctor/clock.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "store/store.h"
#include "vault/vault.h"

namespace junctor {
namespace {

constexpr std::array<Migration, 1> steps{{{1, "webhook endpoints and refused deliveries", R"sql(
CREATE TABLE endpoints (
  name TEXT PRIMARY KEY,
  id BLOB NOT NULL,
  tenant TEXT NOT NULL,
  integration TEXT NOT NULL,
  webhook TEXT NOT NULL,
  connection TEXT NOT NULL,
  enabled BIGINT NOT NULL
);
CREATE INDEX endpoints_of_tenant ON endpoints (tenant, name);
CREATE TABLE refused_deliveries (
  tenant TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  slot BIGINT NOT NULL,
  refused_at BIGINT NOT NULL,
  peer TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (tenant, endpoint, slot)
);
)sql",
                                             {}}}};

constexpr std::int64_t fresh_milliseconds = 5'000;
constexpr std::size_t most_cached = 10'000;
constexpr int most_noted_a_second = 10;
constexpr std::int64_t noted_slots = 100;

std::int64_t now_milliseconds() { return system_clock().now().time_since_epoch().count(); }

std::string owner_of(const EndpointId& id) { return "endpoint/" + id.to_string(); }
std::string secret_name(std::size_t index) { return "secret" + std::to_string(index); }

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 100 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

Endpoint read_row(const Row& row) {
  Endpoint endpoint;
  endpoint.name = row.text(0);
  endpoint.id = EndpointId(row.uuid(1));
  endpoint.tenant = TenantId(std::string(row.text(2)));
  endpoint.integration = row.text(3);
  endpoint.webhook = row.text(4);
  endpoint.connection = row.text(5);
  endpoint.enabled = row.boolean(6);
  return endpoint;
}

}  // namespace

std::vector<TenantId> tenants_in_use(Snapshot& snapshot) {
  std::vector<TenantId> out{default_tenant()};
  snapshot.for_each(
      "SELECT tenant FROM endpoints UNION SELECT tenant FROM connections ORDER BY 1",
      [&](const Row& row) {
        TenantId tenant{std::string(row.text(0))};
        if (tenant != default_tenant()) out.push_back(std::move(tenant));
      });
  return out;
}

const MigrationSet& WebhookEndpoints::migrations() {
  static constexpr MigrationSet set{"endpoints", steps};
  return set;
}

void WebhookEndpoints::put(Transaction& transaction, const Endpoint& endpoint,
                    const std::vector<Secret>& secrets) {
  if (!is_name(endpoint.name))
    throw Failure(FailureKind::invalid, "\"" + endpoint.name +
                                            "\" is no endpoint name: use lower-case letters, digits, "
                                            "\"-\" and \"_\", at most 100");
  const auto existing = get(transaction, endpoint.name);
  if (existing && existing->tenant != endpoint.tenant)
    throw Failure(FailureKind::conflict,
                  "the endpoint name \"" + endpoint.name + "\" is taken; choose another");
  const EndpointId id = existing ? existing->id : EndpointId::generate();
  transaction.execute(
      "INSERT INTO endpoints (name, id, tenant, integration, webhook, connection, enabled) VALUES "
      "(?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET integration = excluded.integration, "
      "webhook = excluded.webhook, connection = excluded.connection, enabled = excluded.enabled",
      endpoint.name, id, endpoint.tenant, endpoint.integration, endpoint.webhook,
      endpoint.connection, endpoint.enabled);
  if (!secrets.empty()) {
    vault_.erase_owner(transaction, endpoint.tenant, owner_of(id));
    for (std::size_t i = 0; i < std::min(secrets.size(), most_secrets); ++i)
      vault_.put(transaction, {endpoint.tenant, owner_of(id), secret_name(i)}, secrets[i]);
  }
  forget(transaction, endpoint.name);
}

void WebhookEndpoints::add_secret(Transaction& transaction, const TenantId& tenant, const std::string& name,
                           const Secret& secret) {
  const auto endpoint = get(transaction, name);
  if (!endpoint || endpoint->tenant != tenant)
    throw Failure(FailureKind::not_found, "there is no endpoint \"" + name + "\"");
  const std::string owner = owner_of(endpoint->id);
  for (std::size_t i = most_secrets - 1; i > 0; --i) {
    const auto older = vault_.find(transaction, {tenant, owner, secret_name(i - 1)});
    if (older) vault_.put(transaction, {tenant, owner, secret_name(i)}, *older);
  }
  vault_.put(transaction, {tenant, owner, secret_name(0)}, secret);
  forget(transaction, name);
}

bool WebhookEndpoints::remove(Transaction& transaction, const TenantId& tenant, const std::string& name) {
  const auto endpoint = get(transaction, name);
  if (!endpoint || endpoint->tenant != tenant) return false;
  vault_.erase_owner(transaction, tenant, owner_of(endpoint->id));
  transaction.execute("DELETE FROM endpoints WHERE name = ? AND tenant = ?", name, tenant);
  transaction.execute("DELETE FROM refused_deliveries WHERE tenant = ? AND endpoint = ?", tenant,
                      name);
  forget(transaction, name);
  return true;
}

std::optional<Endpoint> WebhookEndpoints::get(Snapshot& snapshot, std::string_view name) {
  std::optional<Endpoint> found;
  snapshot.for_each(
      "SELECT name, id, tenant, integration, webhook, connection, enabled FROM endpoints "
      "WHERE name = ?",
      [&](const Row& row) { found = read_row(row); }, name);
  return found;
}

std::vector<Endpoint> WebhookEndpoints::list(Snapshot& snapshot, const TenantId& tenant) {
  std::vector<Endpoint> out;
  snapshot.for_each(
      "SELECT name, id, tenant, integration, webhook, connection, enabled FROM endpoints "
      "WHERE tenant = ? ORDER BY name LIMIT 10000",
      [&](const Row& row) { out.push_back(read_row(row)); }, tenant);
  return out;
}

std::shared_ptr<const OpenEndpoint> WebhookEndpoints::open(Fiber& fiber, const std::string& name) {
  if (!is_name(name)) return nullptr;
  {
    std::lock_guard lock(mutex_);
    const auto found = cache_.find(name);
    if (found != cache_.end() && found->second.until > now_milliseconds())
      return found->second.endpoint;
  }
  auto opened = store_.read(fiber, [&](Snapshot& snapshot) -> std::shared_ptr<const OpenEndpoint> {
    auto endpoint = get(snapshot, name);
    if (!endpoint || !endpoint->enabled) return nullptr;
    auto out = std::make_shared<OpenEndpoint>();
    out->endpoint = *endpoint;
    auto secrets = vault_.get_all(snapshot, endpoint->tenant, owner_of(endpoint->id));
    for (auto& [key, secret] : secrets) out->secrets.push_back(std::move(secret));
    return out;
  });
  std::lock_guard lock(mutex_);
  // Names are chosen by whoever calls, so what is not there is remembered only while there is room.
  if (cache_.size() >= most_cached) cache_.clear();
  cache_[name] = {now_milliseconds() + fresh_milliseconds, opened};
  return opened;
}

void WebhookEndpoints::forget_idle() {
  std::lock_guard lock(mutex_);
  std::erase_if(cache_, [now = now_milliseconds()](const auto& entry) { return entry.second.until <= now; });
}

void WebhookEndpoints::forget(Transaction& transaction, const std::string& name) {
  transaction.after_commit([this, name] {
    std::lock_guard lock(mutex_);
    cache_.erase(name);
  });
}

void WebhookEndpoints::note_refusal(Fiber& fiber, const Endpoint& endpoint, const Refusal& refusal) {
  std::int64_t slot;
  {
    std::lock_guard lock(mutex_);
    Noted& noted = noted_[endpoint.name];
    if (noted.second != refusal.at / 1000) noted = {refusal.at / 1000, 0, noted.slot};
    if (++noted.count > most_noted_a_second) return;
    slot = noted.slot++ % noted_slots;
  }
  store_.write(fiber, [&](Transaction& transaction) {
    transaction.execute(
        "INSERT INTO refused_deliveries (tenant, endpoint, slot, refused_at, peer, reason) VALUES "
        "(?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, endpoint, slot) DO UPDATE SET refused_at = "
        "excluded.refused_at, peer = excluded.peer, reason = excluded.reason",
        endpoint.tenant, endpoint.name, slot, refusal.at, refusal.peer, refusal.reason);
  });
}

std::vector<Refusal> WebhookEndpoints::refusals(Snapshot& snapshot, const TenantId& tenant,
                                         const std::string& name) {
  std::vector<Refusal> out;
  snapshot.for_each(
      "SELECT refused_at, peer, reason FROM refused_deliveries WHERE tenant = ? AND endpoint = ? "
      "ORDER BY refused_at DESC",
      [&](const Row& row) {
        out.push_back({row.int64(0), std::string(row.text(1)), std::string(row.text(2))});
      },
      tenant, name);
  return out;
}

}  // namespace junctor
