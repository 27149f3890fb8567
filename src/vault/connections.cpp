#include "vault/connections.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/parse.h"
#include "json/serialize.h"
#include "store/store.h"

namespace junctor::vault {
namespace {

constexpr std::size_t most_name_bytes = 120;
constexpr std::size_t most_message_bytes = 1000;
constexpr std::size_t page_size = 200;
// Secrets of a connection that are vars; its tokens stand beside them as "token/…".
constexpr std::string_view var_prefix = "var/";

constexpr std::string_view columns =
    "SELECT id, integration, name, auth_method, enabled, status, status_reason, vars, health, "
    "health_message, "
    "health_at, health_latency, version, created_at, updated_at FROM connections ";
constexpr std::string_view by_id =
    "SELECT id, integration, name, auth_method, enabled, status, status_reason, vars, health, "
    "health_message, "
    "health_at, health_latency, version, created_at, updated_at FROM connections WHERE tenant = ? "
    "AND id = ?";

HealthState parse_health(std::string_view text) {
  for (const auto state : {HealthState::healthy, HealthState::failing})
    if (to_string(state) == text) return state;
  return HealthState::unknown;
}

Connection read(const Row& row, const TenantId& tenant) {
  Connection out;
  out.id = row.get<ConnectionId>(0);
  out.tenant = tenant;
  out.integration = row.get<std::string>(1);
  out.name = row.get<std::string>(2);
  out.auth_method = row.get<std::string>(3);
  out.enabled = row.boolean(4) ? Enabled::yes : Enabled::no;
  out.status = parse_connection_status(row.text(5)).value_or(ConnectionStatus::needs_vars);
  out.status_reason = row.get<std::string>(6);
  out.vars = json::parse(row.text(7)).value_or_throw().as_object();
  out.health.state = parse_health(row.text(8));
  out.health.message = row.get<std::string>(9);
  out.health.checked_at = row.get<std::optional<Timestamp>>(10);
  if (!row.is_null(11)) out.health.latency = std::chrono::milliseconds(row.int64(11));
  out.version = row.int64(12);
  out.created_at = row.time(13);
  out.updated_at = row.time(14);
  return out;
}

[[noreturn]] void unknown(std::string_view reference) {
  throw ConnectionFailure(
      ConnectionError::unknown_connection,
      fmt::format("there is no connection \"{}\"; `junctor connections list` shows all",
                  reference.substr(0, 200)));
}

void check_name(std::string_view name) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '/';
  });
  if (name.empty() || name.size() > most_name_bytes || !printable)
    throw ConnectionFailure({Problem{"name",
                                     0,
                                     "a name that cannot be used",
                                     "1 to 120 printable characters without \"/\"",
                                     {}}},
                            ConnectionError::request_invalid);
}

std::string method_of(const IntegrationProfile& profile, const std::string& wanted) {
  if (wanted.empty())
    return profile.auth_methods.empty() ? std::string() : profile.auth_methods.front();
  if (std::find(profile.auth_methods.begin(), profile.auth_methods.end(), wanted) !=
      profile.auth_methods.end())
    return wanted;
  throw ConnectionFailure({Problem{"auth_method",
                                   0,
                                   wanted,
                                   fmt::format("one of {}", fmt::join(profile.auth_methods, ", ")),
                                   {}}},
                          ConnectionError::request_invalid);
}

bool needs_consent(const IntegrationProfile& profile, const std::string& method) {
  return std::find(profile.consent_methods.begin(), profile.consent_methods.end(), method) !=
         profile.consent_methods.end();
}

std::set<std::string> secrets_after(const std::set<std::string>& before, const CheckedVars& vars) {
  std::set<std::string> out = before;
  for (const auto& [name, secret] : vars.secrets) out.insert(name);
  for (const std::string& name : vars.erased) out.erase(name);
  return out;
}

ConnectionStatus status_by_vars(const FieldDeclarations& fields, const JsonObject& open,
                                const std::set<std::string>& secrets) {
  return missing_vars(fields, open, secrets).empty() ? ConnectionStatus::ready
                                                     : ConnectionStatus::needs_vars;
}

Connection stored(Snapshot& view, const TenantId& tenant, ConnectionId id) {
  const Rows rows = view.query(by_id, tenant, id);
  if (rows.empty()) unknown(id.to_string());
  return read(rows[0], tenant);
}

[[noreturn]] void taken(const std::string& integration, const std::string& name) {
  throw ConnectionFailure(
      ConnectionError::name_taken,
      fmt::format("{} already has a connection named \"{}\"; choose another name", integration,
                  name));
}

}  // namespace

Connections::Connections(Vault& vault, const IntegrationCatalogue& catalogue)
    : vault_(vault), catalogue_(catalogue) {}

Connection Connections::create(Fiber& fiber, const TenantId& tenant, const NewConnection& wanted) {
  const IntegrationProfile about = profile(wanted.integration);
  const std::string name = wanted.name.empty() ? "default" : wanted.name;
  check_name(name);
  const std::string method = method_of(about, wanted.auth_method);
  auto checked = check_vars(about.fields, wanted.vars, {}, {}, Completeness::before_authorisation);
  if (!checked) throw ConnectionFailure(checked.problems());
  const CheckedVars& vars = checked.value();
  const std::string text = json::to_text(Json(vars.open));
  const ConnectionStatus status =
      needs_consent(about, method)
          ? ConnectionStatus::needs_authorisation
          : status_by_vars(about.fields, vars.open, secrets_after({}, vars));
  const auto id = ConnectionId::generate();
  const Timestamp now = vault_.clock().now();
  return vault_.store().write(fiber, [&](Transaction& tx) {
    if (tx.value<std::int64_t>(
            "SELECT 1 FROM connections WHERE tenant = ? AND integration = ? AND name = ?", tenant,
            wanted.integration, name))
      taken(wanted.integration, name);
    tx.execute(
        "INSERT INTO connections (tenant, id, integration, name, auth_method, enabled, status, "
        "status_reason, vars, "
        "health, health_message, version, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, 1, ?, '', ?, 'unknown', '', 1, ?, ?)",
        tenant, id, wanted.integration, name, method, to_string(status), text, now, now);
    store_secrets(tx, tenant, id, vars);
    return load(tx, tenant, id);
  });
}

Connection Connections::update(Fiber& fiber, const TenantId& tenant, ConnectionId id,
                               const ConnectionChange& change) {
  if (change.name) check_name(*change.name);
  return vault_.store().write(fiber, [&](Transaction& tx) {
    Connection now = stored(tx, tenant, id);
    if (change.expected_version && *change.expected_version != now.version)
      throw ConnectionFailure(ConnectionError::changed_meanwhile,
                              "the connection was changed meanwhile; read it again");
    const std::string name = change.name.value_or(now.name);
    if (name != now.name &&
        tx.value<std::int64_t>(
            "SELECT 1 FROM connections WHERE tenant = ? AND integration = ? AND name = ?", tenant,
            now.integration, name))
      taken(now.integration, name);
    const Enabled enabled = change.enabled.value_or(now.enabled);
    const bool vars_change = change.vars && change_vars(tx, now, *change.vars);
    if (!vars_change && name == now.name && enabled == now.enabled) return load(tx, tenant, id);
    const std::string text = json::to_text(Json(now.vars));
    tx.execute(
        "UPDATE connections SET name = ?, enabled = ?, status = ?, vars = ?, version = version + "
        "1, updated_at = ? "
        "WHERE tenant = ? AND id = ?",
        name, enabled == Enabled::yes, to_string(now.status), text,
        vault_.clock().now(), tenant, id);
    announce(tx, tenant, id);
    return load(tx, tenant, id);
  });
}

// The secrets that are there are not opened: those whose key was destroyed can be entered again.
bool Connections::change_vars(Transaction& tx, Connection& now, const JsonObject& given) {
  const IntegrationProfile about = profile(now.integration);
  const Connection before = now;
  seal(tx, now, about.fields);
  const SecretNames kept = var_secrets(tx, now.tenant, now.id);
  auto checked = check_vars(about.fields, given, now.vars, kept.readable,
                            Completeness::before_authorisation);
  if (!checked) throw ConnectionFailure(checked.problems());
  CheckedVars& vars = checked.value();
  for (const std::string& name : kept.destroyed)
    if (!vars.secrets.contains(name)) vars.erased.insert(name);
  drop_unchanged(tx, now, vars);
  store_secrets(tx, now.tenant, now.id, vars);
  if (now.status == ConnectionStatus::ready || now.status == ConnectionStatus::needs_vars)
    now.status = status_by_vars(about.fields, vars.open, secrets_after(kept.readable, vars));
  now.vars = std::move(vars.open);
  return !vars.secrets.empty() || !vars.erased.empty() || now.vars != before.vars || now.status != before.status;
}

Connection Connections::get(Fiber& fiber, const TenantId& tenant, ConnectionId id) {
  return vault_.store().read(fiber, [&](Snapshot& view) { return load(view, tenant, id); });
}

Connection Connections::find(Fiber& fiber, const TenantId& tenant, std::string_view reference) {
  if (const auto id = ConnectionId::parse(reference)) return get(fiber, tenant, *id);
  const std::size_t slash = std::min(reference.find('/'), reference.size());
  const std::string_view integration = reference.substr(0, slash);
  const std::string_view name = reference.substr(std::min(slash + 1, reference.size()));
  return vault_.store().read(fiber, [&](Snapshot& view) {
    const Rows rows = view.query(
        "SELECT id FROM connections WHERE tenant = ? AND integration = ? AND (name = ? OR ? = '') "
        "ORDER BY id LIMIT 2",
        tenant, integration, name, name);
    if (rows.empty()) unknown(reference);
    if (rows.size() > 1)
      throw ConnectionFailure(
          ConnectionError::several_connections,
          fmt::format("{0} has several connections; name one as \"{0}/<name>\"", integration));
    return load(view, tenant, rows[0].get<ConnectionId>(0));
  });
}

std::vector<Connection> Connections::list(Fiber& fiber, const TenantId& tenant,
                                          const ConnectionFilter& filter) {
  static const std::string sql =
      std::string(columns) +
      "WHERE tenant = ? AND (integration = ? OR ? = '') AND id > ? ORDER BY id LIMIT ?";
  return vault_.store().read(fiber, [&](Snapshot& view) {
    std::vector<Connection> out;
    const Rows rows = view.query(sql, tenant, filter.integration, filter.integration,
                                 filter.after.value_or(ConnectionId()),
                                 std::clamp<std::size_t>(filter.limit, 1, 1000));
    std::map<std::string, FieldDeclarations> declared;
    for (const junctor::Row& row : rows) {
      Connection one = read(row, tenant);
      auto found = declared.find(one.integration);
      if (found == declared.end())
        found = declared.emplace(one.integration, fields(one.integration)).first;
      out.push_back(shown(view, std::move(one), found->second));
    }
    return out;
  });
}

void Connections::remove(Fiber& fiber, const TenantId& tenant, ConnectionId id) {
  vault_.store().write(fiber, [&](Transaction& tx) {
    if (tx.execute("DELETE FROM connections WHERE tenant = ? AND id = ?", tenant, id) == 0)
      unknown(id.to_string());
    vault_.erase_owner(tx, tenant, owner_of(id));
    announce(tx, tenant, id);
  });
}

Health Connections::test(Fiber& fiber, const TenantId& tenant, ConnectionId id,
                         ConnectionTester& tester) {
  get(fiber, tenant, id);
  Health health = tester.test(fiber, tenant, id);
  health.checked_at = vault_.clock().now();
  record_health(fiber, tenant, id, health);
  return health;
}

void Connections::record_health(Fiber& fiber, const TenantId& tenant, ConnectionId id,
                                const Health& health) {
  const SqlParam latency = health.latency ? SqlParam(health.latency->count()) : SqlParam(nullptr);
  vault_.store().write(fiber, [&](Transaction& tx) {
    tx.execute(
        "UPDATE connections SET health = ?, health_message = ?, health_at = ?, health_latency = ? "
        "WHERE tenant = ? AND id = ?",
        to_string(health.state), std::string_view(health.message).substr(0, most_message_bytes),
        health.checked_at.value_or(vault_.clock().now()), latency, tenant, id);
  });
}

void Connections::seal_declared_secrets(Fiber& fiber, std::string_view integration) {
  const FieldDeclarations declared = fields(std::string(integration));
  if (std::none_of(declared.begin(), declared.end(),
                   [](const FieldDeclaration& field) { return field.is_secret(); }))
    return;
  struct Place {
    TenantId tenant;
    ConnectionId id;
    bool has_open_secret = false;
  };
  const auto page_after = [&](const Place& last) {
    return vault_.store().read(fiber, [&](Snapshot& view) {
      std::vector<Place> out;
      const Rows rows = view.query(
          "SELECT tenant, id, vars FROM connections WHERE integration = ? AND (tenant > ? OR "
          "(tenant = ? AND id > ?)) ORDER BY tenant, id LIMIT ?",
          integration, last.tenant, last.tenant, last.id, page_size);
      for (const Row& row : rows) {
        JsonObject vars = json::parse(row.text(2)).value_or_throw().as_object();
        out.push_back({row.get<TenantId>(0), row.get<ConnectionId>(1),
                       !take_declared_secrets(declared, vars).empty()});
      }
      return out;
    });
  };
  Place last{TenantId(), ConnectionId()};
  for (auto page = page_after(last); !page.empty(); page = page_after(last)) {
    for (const Place& place : page) {
      last = place;
      if (!place.has_open_secret) continue;
      vault_.store().write(fiber, [&](Transaction& tx) {
        Connection now = stored(tx, place.tenant, place.id);
        if (!seal(tx, now, declared)) return;
        tx.execute("UPDATE connections SET vars = ?, updated_at = ? WHERE tenant = ? AND id = ?",
                   json::to_text(Json(now.vars)), vault_.clock().now(), place.tenant, place.id);
        announce(tx, place.tenant, place.id);
      });
    }
  }
}

OpenConnection Connections::open(Snapshot& view, const TenantId& tenant, ConnectionId id) {
  OpenConnection out;
  out.connection = stored(view, tenant, id);
  const FieldDeclarations declared = fields(out.connection.integration);
  out.secrets = take_declared_secrets(declared, out.connection.vars);
  for (auto& [name, secret] : vault_.get_all(view, tenant, owner_of(id), var_prefix)) {
    std::string key = name.substr(var_prefix.size());
    // An open value was written after the secret of a field that is no secret any more.
    if (!out.connection.vars.contains(key)) out.secrets.emplace(std::move(key), std::move(secret));
  }
  return out;
}

ConnectionStamp Connections::stamp(Snapshot& view, const TenantId& tenant, ConnectionId id) {
  const Rows rows = view.query(
      "SELECT version, updated_at FROM connections WHERE tenant = ? AND id = ?", tenant, id);
  const auto* row = rows.one();
  if (row == nullptr) unknown(id.to_string());
  return {row->int64(0), row->time(1), Vault::destroyed_keys(view, tenant)};
}

void Connections::set_status(Transaction& tx, const TenantId& tenant, ConnectionId id,
                             ConnectionStatus status, std::string_view reason) {
  tx.execute(
      "UPDATE connections SET status = ?, status_reason = ?, updated_at = ? WHERE tenant = ? AND "
      "id = ?",
      to_string(status), reason.substr(0, most_message_bytes), vault_.clock().now(), tenant, id);
  announce(tx, tenant, id);
}

ConnectionStatus Connections::status_when_authorised(Snapshot& view, const TenantId& tenant,
                                                     ConnectionId id) {
  const Connection now = stored(view, tenant, id);
  return status_by_vars(profile(now.integration).fields, now.vars,
                        var_secrets(view, tenant, id).readable);
}

void Connections::listen(ConnectionListener listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
}

IntegrationProfile Connections::profile(std::string_view integration) const {
  if (auto found = catalogue_.profile(integration)) return std::move(*found);
  throw ConnectionFailure(ConnectionError::unknown_integration,
                          fmt::format("there is no integration \"{}\"; load its definition first",
                                      integration.substr(0, 100)));
}

// Of an integration that is not loaded, nothing is declared.
FieldDeclarations Connections::fields(const std::string& integration) const {
  auto found = catalogue_.profile(integration);
  return found ? std::move(found->fields) : FieldDeclarations();
}

Connection Connections::load(Snapshot& view, const TenantId& tenant, ConnectionId id) {
  Connection out = stored(view, tenant, id);
  const FieldDeclarations declared = fields(out.integration);
  return shown(view, std::move(out), declared);
}

Connection Connections::shown(Snapshot& view, Connection connection,
                              const FieldDeclarations& fields) {
  const SecretNames secrets = var_secrets(view, connection.tenant, connection.id);
  connection.vars = masked_vars(fields, connection.vars, secrets.readable);
  if (connection.status == ConnectionStatus::ready && !secrets.destroyed.empty()) {
    connection.status = ConnectionStatus::needs_vars;
    connection.status_reason = "the key of its secrets was destroyed; enter them again";
  }
  return connection;
}

SecretNames Connections::var_secrets(Snapshot& view, const TenantId& tenant, ConnectionId id) {
  SecretNames out;
  const SecretNames all = vault_.names(view, tenant, owner_of(id));
  const auto take_vars = [](const std::set<std::string>& from, std::set<std::string>& to) {
    for (const std::string& name : from)
      if (name.starts_with(var_prefix)) to.insert(name.substr(var_prefix.size()));
  };
  take_vars(all.readable, out.readable);
  take_vars(all.destroyed, out.destroyed);
  return out;
}

// Moves what is declared secret by now into the vault; false when there is none.
bool Connections::seal(Transaction& tx, Connection& connection, const FieldDeclarations& fields) {
  CheckedVars moved;
  moved.secrets = take_declared_secrets(fields, connection.vars);
  store_secrets(tx, connection.tenant, connection.id, moved);
  return !moved.secrets.empty();
}

// A secret that is entered again as it is changes nothing.
void Connections::drop_unchanged(Snapshot& view, const Connection& connection, CheckedVars& vars) {
  std::erase_if(vars.secrets, [&](const auto& entry) {
    return vault_.holds(
        view, {connection.tenant, owner_of(connection.id), std::string(var_prefix) + entry.first},
        entry.second);
  });
}

void Connections::store_secrets(Transaction& tx, const TenantId& tenant, ConnectionId id,
                                const CheckedVars& vars) {
  for (const auto& [name, secret] : vars.secrets)
    vault_.put(tx, {tenant, owner_of(id), std::string(var_prefix) + name}, secret);
  for (const std::string& name : vars.erased)
    vault_.erase(tx, {tenant, owner_of(id), std::string(var_prefix) + name});
}

void Connections::announce(Transaction& tx, const TenantId& tenant, ConnectionId id) {
  tx.after_commit([this, tenant, id] {
    std::vector<ConnectionListener> listeners;
    {
      const std::lock_guard lock(mutex_);
      listeners = listeners_;
    }
    for (const ConnectionListener& listener : listeners) listener(tenant, id);
  });
}

}  // namespace junctor::vault
