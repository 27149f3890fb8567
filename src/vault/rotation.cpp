#include "vault/rotation.h"

#include <fmt/format.h>

#include <set>

#include "junctor/failure.h"
#include "store/store.h"

namespace junctor::vault {

struct KeyRotation::Begun {
  std::int64_t generation = 0;
  bool continued = false;
  std::string root_before;
};

KeyRotation::~KeyRotation() {
  if (!holds_) return;
  try {
    vault_.store().write_blocking([&](Transaction& tx) {
      tx.execute("UPDATE vault_rotation SET lease_until = NULL WHERE id = 1 AND holder = ?",
                 holder_);
    });
  } catch (const std::exception&) {
    // The lease ends by itself.
  }
}

void KeyRotation::begin() {
  progress_ = {};
  const auto hold = vault_.source_->hold();
  const std::string root_now = vault_.reload_roots()->current().id;
  const Begun begun =
      vault_.store().write_blocking([&](Transaction& tx) { return take(tx, root_now); });
  holds_ = true;
  generation_ = begun.generation;
  progress_.continued = begun.continued;
  if (vault_.source_->is_writable() && root_now == begun.root_before)
    vault_.source_->add_fresh_key();
  const auto roots = vault_.reload_roots();
  vault_.store().write_blocking(
      [&](Transaction& tx) { vault_.register_root(tx, roots->current()); });
}

KeyRotation::Begun KeyRotation::take(Transaction& tx, const std::string& root_now) {
  const Timestamp now = vault_.clock().now();
  const Rows rows =
      tx.query("SELECT generation, running, root_before, lease_until FROM vault_rotation WHERE id = 1");
  const auto* row = rows.one();
  if (row != nullptr && row->boolean(1)) {
    if (!row->is_null(3) && row->time(3) > now)
      throw Failure(FailureKind::conflict,
                    fmt::format("a rotation is running already; if its process is gone, call again "
                                "in {} seconds to continue it",
                                std::chrono::ceil<std::chrono::seconds>(row->time(3) - now).count()));
    tx.execute("UPDATE vault_rotation SET holder = ?, lease_until = ? WHERE id = 1", holder_,
               now + lease);
    return {row->int64(0), true, row->get<std::string>(2)};
  }
  const std::int64_t next = row == nullptr ? 1 : row->int64(0) + 1;
  tx.execute(
      "INSERT INTO vault_rotation (id, generation, running, root_before, started_at, holder, "
      "lease_until) VALUES (1, ?, 1, ?, ?, ?, ?) "
      "ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, running = 1, "
      "root_before = excluded.root_before, started_at = excluded.started_at, "
      "holder = excluded.holder, lease_until = excluded.lease_until",
      next, root_now, now, holder_, now + lease);
  return {next, false, root_now};
}

void KeyRotation::renew(Transaction& tx) {
  const auto mine = tx.execute(
      "UPDATE vault_rotation SET lease_until = ? WHERE id = 1 AND holder = ? AND running = 1",
      vault_.clock().now() + lease, holder_);
  if (mine == 0)
    throw Failure(FailureKind::conflict,
                  "another process has continued this rotation, since this one took too long");
}

bool KeyRotation::step() {
  struct Done {
    std::size_t tenants = 0, secrets = 0, rewrapped = 0;
  };
  const Done done = vault_.store().write_blocking([&](Transaction& tx) {
    Done one;
    renew(tx);
    one.tenants = replace_active_keys(tx);
    if (one.tenants == 0) one.secrets = reseal(tx);
    if (one.tenants == 0 && one.secrets == 0) one.rewrapped = rewrap(tx);
    return one;
  });
  progress_.tenants += done.tenants;
  progress_.secrets += done.secrets;
  progress_.keys_rewrapped += done.rewrapped;
  if (done.tenants + done.secrets + done.rewrapped > 0) return true;
  finish();
  return false;
}

RotationProgress KeyRotation::run(const std::function<void(const RotationProgress&)>& report) {
  begin();
  bool more = true;
  while (more) {
    more = step();
    if (report) report(progress_);
  }
  return progress_;
}

std::size_t KeyRotation::replace_active_keys(Transaction& tx) {
  const Rows rows =
      tx.query("SELECT tenant FROM vault_keys WHERE state = 'active' AND generation < ? LIMIT ?",
               generation_, batch_);
  for (const Row& row : rows) {
    const auto tenant = row.get<TenantId>(0);
    tx.execute("UPDATE vault_keys SET state = 'retired' WHERE tenant = ? AND state = 'active'",
               tenant);
    vault_.create_key(tx, tenant, generation_);
  }
  return rows.size();
}

std::size_t KeyRotation::reseal(Transaction& tx) {
  const Rows rows = tx.query(
      "SELECT s.tenant, s.owner, s.name, s.sealed FROM vault_keys k JOIN vault_secrets s "
      "ON s.tenant = k.tenant AND s.key_id = k.key_id WHERE k.state = 'retired' LIMIT ?",
      batch_);
  for (const Row& row : rows) {
    const SecretName name{row.get<TenantId>(0), row.get<std::string>(1), row.get<std::string>(2)};
    const Secret secret = vault_.open_row(tx, name, row.text(3));
    const Vault::ActiveKey active = vault_.active_key(tx, name.tenant);
    const std::string sealed = vault_.seal_row(active, name, secret);
    tx.execute(
        "UPDATE vault_secrets SET key_id = ?, sealed = ? WHERE tenant = ? AND owner = ? AND name = "
        "?",
        active.id, Blob{sealed}, name.tenant, name.owner, name.name);
  }
  return rows.size();
}

// Data keys made with the old root key while the rotation began, by a node that had not seen the
// new.
std::size_t KeyRotation::rewrap(Transaction& tx) {
  const auto roots = vault_.roots();
  const RootKey& root = roots->current();
  const Rows rows = tx.query(
      "SELECT tenant, key_id, root_id, wrapped FROM vault_keys WHERE state = 'active' AND root_id "
      "<> ? LIMIT ?",
      root.id, batch_);
  for (const Row& row : rows) {
    const auto tenant = row.get<TenantId>(0);
    const auto id = row.get<DataKeyId>(1);
    const auto bytes = vault_.unwrap(tenant, id, row.text(2), row.text(3));
    const std::string wrapped = vault_.wrap(root, tenant, id, *bytes);
    tx.execute("UPDATE vault_keys SET root_id = ?, wrapped = ? WHERE tenant = ? AND key_id = ?",
               root.id, Blob{wrapped}, tenant, id);
  }
  return rows.size();
}

void KeyRotation::finish() {
  const auto hold = vault_.source_->hold();
  const auto roots = vault_.roots();
  progress_.roots_forgotten = vault_.store().write_blocking([&](Transaction& tx) {
    renew(tx);
    tx.execute(
        "DELETE FROM vault_keys WHERE state = 'retired' AND NOT EXISTS (SELECT 1 FROM "
        "vault_secrets s "
        "WHERE s.tenant = vault_keys.tenant AND s.key_id = vault_keys.key_id)");
    const auto forgotten = tx.execute(
        "DELETE FROM vault_roots WHERE root_id <> ? AND NOT EXISTS (SELECT 1 FROM vault_keys k "
        "WHERE "
        "k.root_id = vault_roots.root_id AND k.state <> 'destroyed')",
        roots->current().id);
    tx.execute("UPDATE vault_rotation SET running = 0, lease_until = NULL WHERE id = 1");
    return static_cast<std::size_t>(forgotten);
  });
  holds_ = false;
  // A data key that a node made meanwhile may still be wrapped by an old root key.
  std::set<std::string> needed;
  for (const auto& [id, check] : vault_.known_roots()) needed.insert(id);
  vault_.source_->keep_only(needed);
  vault_.reload_roots();
  progress_.finished = true;
}

}  // namespace junctor::vault
