#include "vault/rotation.h"

#include "junctor/failure.h"
#include "store/store.h"

namespace junctor::vault {

void KeyRotation::begin() {
  progress_ = {};
  struct Found {
    std::int64_t generation;
    bool continued;
    std::string root_before;
  };
  const std::string root_now = vault_.reload_roots()->current().id;
  const Found found = vault_.store().write_blocking([&](Transaction& tx) {
    const Rows rows =
        tx.query("SELECT generation, running, root_before FROM vault_rotation WHERE id = 1");
    const auto* row = rows.one();
    if (row != nullptr && row->boolean(1))
      return Found{row->int64(0), true, std::string(row->text(2))};
    const std::int64_t next = row == nullptr ? 1 : row->int64(0) + 1;
    tx.execute(
        "INSERT INTO vault_rotation (id, generation, running, root_before, started_at) VALUES (1, "
        "?, 1, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, running = 1, "
        "root_before = excluded.root_before, started_at = excluded.started_at",
        next, root_now, vault_.clock().now());
    return Found{next, false, root_now};
  });
  generation_ = found.generation;
  progress_.continued = found.continued;
  if (vault_.source_->is_writable() && root_now == found.root_before)
    vault_.source_->add_fresh_key();
  const auto roots = vault_.reload_roots();
  vault_.store().write_blocking(
      [&](Transaction& tx) { vault_.register_root(tx, roots->current()); });
}

bool KeyRotation::step() {
  struct Done {
    std::size_t tenants = 0, secrets = 0, rewrapped = 0;
  };
  const Done done = vault_.store().write_blocking([&](Transaction& tx) {
    Done one;
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
  const auto roots = vault_.roots();
  progress_.roots_forgotten = vault_.store().write_blocking([&](Transaction& tx) {
    tx.execute(
        "DELETE FROM vault_keys WHERE state = 'retired' AND NOT EXISTS (SELECT 1 FROM "
        "vault_secrets s "
        "WHERE s.tenant = vault_keys.tenant AND s.key_id = vault_keys.key_id)");
    const auto forgotten = tx.execute(
        "DELETE FROM vault_roots WHERE root_id <> ? AND NOT EXISTS (SELECT 1 FROM vault_keys k "
        "WHERE "
        "k.root_id = vault_roots.root_id AND k.state <> 'destroyed')",
        roots->current().id);
    tx.execute("UPDATE vault_rotation SET running = 0 WHERE id = 1");
    return static_cast<std::size_t>(forgotten);
  });
  const bool others = vault_.store().read_blocking([&](Snapshot& view) {
    return view.value<std::int64_t>("SELECT count(*) FROM vault_roots WHERE root_id <> ?",
                                    roots->current().id)
               .value_or(0) > 0;
  });
  if (!others) vault_.source_->drop_previous_keys();
  vault_.reload_roots();
  progress_.finished = true;
}

}  // namespace junctor::vault
