#include "vault/vault.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "base/log.h"
#include "junctor/failure.h"
#include "store/store.h"
#include "vault/connection.h"

namespace junctor::vault {
namespace {

constexpr std::string_view check_text = "junctor root key check";
constexpr char row_version = 1;
constexpr std::size_t key_id_bytes = 16;
constexpr std::size_t most_cached_keys = 10'000;

std::string_view view_of(const Uuid& id) {
  return {reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size()};
}

// Parts stand with their lengths, so that no two identities give the same bytes.
std::string key_identity(const TenantId& tenant, DataKeyId id, std::string_view root_id) {
  std::string out =
      fmt::format("junctor data key 1\n{}:{}\n{}:", tenant.text().size(), tenant.text(), root_id);
  return out += view_of(id.uuid());
}

std::string row_identity(const SecretName& name, DataKeyId key) {
  std::string out =
      fmt::format("junctor secret 1\n{}:{}\n{}:{}\n{}:{}\n", name.tenant.text().size(),
                  name.tenant.text(), name.owner.size(), name.owner, name.name.size(), name.name);
  return out += view_of(key.uuid());
}

std::optional<Secret> open_secret(const Secret& key, std::string_view sealed,
                                  std::string_view identity) {
  auto plain = crypto::open(key.reveal(), sealed, identity);
  if (!plain) return std::nullopt;
  Secret out(*plain);
  crypto::wipe(*plain);
  return out;
}

[[noreturn]] void refuse_root(const std::string& id, const RootKeySource& source) {
  throw Failure(FailureKind::denied, fmt::format("this database was written with root key {}, "
                                                 "which {} does not hold. Nothing was changed. "
                                                 "Give back the right key and start again.",
                                                 id, source.description()));
}

}  // namespace

Vault::Vault(Store& store, std::unique_ptr<RootKeySource> source, const Clock& clock)
    : store_(store), source_(std::move(source)), clock_(clock) {}

// The id of each root key of the database, and what it sealed.
std::map<std::string, std::string> Vault::known_roots() {
  const MigrationSet sets[] = {migrations()};
  const auto steps = migration_status(store_, sets);
  if (steps.empty() || steps.front().state != MigrationStatus::State::applied) return {};
  return store_.read_blocking([](Snapshot& view) {
    std::map<std::string, std::string> out;
    view.for_each("SELECT root_id, check_value FROM vault_roots", [&](const Row& row) {
      out.emplace(row.get<std::string>(0), row.get<std::string>(1));
    });
    return out;
  });
}

void Vault::refuse_wrong(const std::map<std::string, std::string>& known, const RootKeys& keys) {
  for (const auto& [id, check] : known) {
    const RootKey* root = keys.find(id);
    if (root == nullptr || crypto::open(root->bytes.reveal(), check, root->id) != check_text)
      refuse_root(id, *source_);
  }
}

void Vault::check_root() {
  const auto hold = source_->hold();
  refuse_wrong(known_roots(), *reload_roots());
}

void Vault::start() {
  const auto hold = source_->hold();
  const auto known = known_roots();
  // What nobody else writes is not asked for twice: a command may ask a person.
  auto keys = source_->is_writable() ? reload_roots() : roots();
  refuse_wrong(known, *keys);
  if (!known.empty()) return;
  if (keys->empty()) {
    source_->add_fresh_key();
    keys = reload_roots();
    log::write(log::Level::info, "vault",
               "generated a root key in {}; keep a copy of it outside this machine",
               source_->description());
  }
  store_.write_blocking([&](Transaction& tx) {
    // A node on another machine may have been first; its key is then the one that counts.
    const auto other = tx.value<std::string>("SELECT root_id FROM vault_roots LIMIT 1");
    if (other && keys->find(*other) == nullptr) refuse_root(*other, *source_);
    if (!other) register_root(tx, keys->current());
  });
}

void Vault::put(Transaction& tx, const SecretName& name, const Secret& secret) {
  if (secret.reveal().size() > most_secret_bytes)
    throw Failure(FailureKind::too_large, fmt::format("the secret \"{}\" is longer than {} bytes",
                                                      name.name, most_secret_bytes));
  const ActiveKey active = active_key(tx, name.tenant);
  const std::string sealed = seal_row(active, name, secret);
  tx.execute(
      "INSERT INTO vault_secrets (tenant, owner, name, key_id, sealed, updated_at) VALUES (?, ?, "
      "?, ?, ?, ?) "
      "ON CONFLICT (tenant, owner, name) DO UPDATE SET key_id = excluded.key_id, sealed = "
      "excluded.sealed, "
      "updated_at = excluded.updated_at",
      name.tenant, name.owner, name.name, active.id, Blob{sealed}, clock_.now());
}

std::optional<Secret> Vault::get(Snapshot& view, const SecretName& name) {
  const auto sealed = view.value<std::string>(
      "SELECT sealed FROM vault_secrets WHERE tenant = ? AND owner = ? AND name = ?", name.tenant,
      name.owner, name.name);
  if (!sealed) return std::nullopt;
  return open_row(view, name, *sealed);
}

std::optional<Secret> Vault::find(Snapshot& view, const SecretName& name) {
  const auto sealed = view.value<std::string>(
      "SELECT s.sealed FROM vault_secrets s LEFT JOIN vault_keys k ON k.tenant = s.tenant AND "
      "k.key_id = s.key_id WHERE s.tenant = ? AND s.owner = ? AND s.name = ? AND "
      "coalesce(k.state, '') <> 'destroyed'",
      name.tenant, name.owner, name.name);
  if (!sealed) return std::nullopt;
  return open_row(view, name, *sealed);
}

bool Vault::holds(Snapshot& view, const SecretName& name, const Secret& secret) {
  const auto sealed = view.value<std::string>(
      "SELECT s.sealed FROM vault_secrets s JOIN vault_keys k ON k.tenant = s.tenant AND "
      "k.key_id = s.key_id WHERE s.tenant = ? AND s.owner = ? AND s.name = ? AND k.state <> "
      "'destroyed'",
      name.tenant, name.owner, name.name);
  const auto stored = sealed ? try_open_row(view, name, *sealed) : std::nullopt;
  return stored && stored->equals(secret.reveal());
}

std::map<std::string, Secret> Vault::get_all(Snapshot& view, const TenantId& tenant,
                                             std::string_view owner, std::string_view prefix) {
  const Rows rows = view.query(
      "SELECT name, sealed FROM vault_secrets WHERE tenant = ? AND owner = ?", tenant, owner);
  std::map<std::string, Secret> out;
  for (const Row& row : rows) {
    if (!row.text(0).starts_with(prefix)) continue;
    const SecretName name{tenant, std::string(owner), std::string(row.text(0))};
    out.emplace(name.name, open_row(view, name, row.text(1)));
  }
  return out;
}

SecretNames Vault::names(Snapshot& view, const TenantId& tenant, std::string_view owner) {
  SecretNames out;
  view.for_each(
      "SELECT s.name, coalesce(k.state, '') FROM vault_secrets s LEFT JOIN vault_keys k ON "
      "k.tenant = s.tenant AND k.key_id = s.key_id WHERE s.tenant = ? AND s.owner = ?",
      [&](const Row& row) {
        (row.text(1) == "destroyed" ? out.destroyed : out.readable).emplace(row.text(0));
      },
      tenant, owner);
  return out;
}

bool Vault::erase(Transaction& tx, const SecretName& name) {
  return tx.execute("DELETE FROM vault_secrets WHERE tenant = ? AND owner = ? AND name = ?",
                    name.tenant, name.owner, name.name) > 0;
}

void Vault::erase_owner(Transaction& tx, const TenantId& tenant, std::string_view owner) {
  tx.execute("DELETE FROM vault_secrets WHERE tenant = ? AND owner = ?", tenant, owner);
}

std::int64_t Vault::destroy_tenant_keys(Transaction& tx, const TenantId& tenant) {
  // SQLite leaves the bytes of what was shortened in their page unless it is told to zero them.
  const bool file = tx.dialect() == Dialect::sqlite;
  if (file) tx.run_script("PRAGMA secure_delete = ON");
  const auto count = tx.execute(
      "UPDATE vault_keys SET wrapped = NULL, state = 'destroyed' WHERE tenant = ? AND state <> "
      "'destroyed'",
      tenant);
  if (file) tx.run_script("PRAGMA secure_delete = OFF");
  tx.after_commit([this] {
    const std::lock_guard lock(mutex_);
    keys_.clear();
  });
  return count;
}

std::int64_t Vault::destroyed_keys(Snapshot& view, const TenantId& tenant) {
  return view
      .value<std::int64_t>(
          "SELECT count(*) FROM vault_keys WHERE tenant = ? AND state = 'destroyed'", tenant)
      .value_or(0);
}

Vault::ActiveKey Vault::active_key(Transaction& tx, const TenantId& tenant) {
  const Rows rows =
      tx.query("SELECT key_id FROM vault_keys WHERE tenant = ? AND state = 'active'", tenant);
  if (const auto* row = rows.one()) {
    const auto id = row->get<DataKeyId>(0);
    return {id, key(tx, tenant, id)};
  }
  const auto generation =
      tx.value<std::int64_t>("SELECT generation FROM vault_rotation WHERE id = 1");
  return create_key(tx, tenant, generation.value_or(0));
}

Vault::ActiveKey Vault::create_key(Transaction& tx, const TenantId& tenant,
                                   std::int64_t generation) {
  const auto root = usable_root(tx);
  std::string bytes = crypto::random_bytes(32);
  const DataKeyId id = DataKeyId::generate();
  Secret secret(bytes);
  crypto::wipe(bytes);
  const std::string wrapped = wrap(*root, tenant, id, secret);
  tx.execute(
      "INSERT INTO vault_keys (tenant, key_id, root_id, wrapped, state, generation, created_at) "
      "VALUES (?, ?, ?, ?, 'active', ?, ?)",
      tenant, id, root->id, Blob{wrapped}, generation, clock_.now());
  // Not remembered: the transaction may still fail, and the key with it.
  return {id, std::make_shared<const Secret>(std::move(secret))};
}

// A node that has not seen the end of a rotation must not wrap under the root key that was
// forgotten, nor one that holds the next key already under what the others do not hold.
std::shared_ptr<const RootKey> Vault::usable_root(Snapshot& view) {
  std::set<std::string, std::less<>> known;
  view.for_each("SELECT root_id FROM vault_roots",
                [&](const Row& row) { known.emplace(row.text(0)); });
  const auto first_known = [&](const std::shared_ptr<const RootKeys>& keys) {
    for (const RootKey& key : keys->all())
      if (known.contains(key.id)) return std::shared_ptr<const RootKey>(keys, &key);
    return std::shared_ptr<const RootKey>();
  };
  auto found = first_known(roots());
  if (!found) found = first_known(reload_roots());
  if (found) return found;
  throw Failure(FailureKind::denied,
                fmt::format("{} holds no root key of the database; start again with the right one",
                            source_->description()));
}

// The row is looked at every time, so that a key destroyed by any node is dead at once on all.
std::shared_ptr<const Secret> Vault::key(Snapshot& view, const TenantId& tenant, DataKeyId id) {
  const Rows rows = view.query(
      "SELECT root_id, wrapped, state FROM vault_keys WHERE tenant = ? AND key_id = ?", tenant, id);
  const auto* row = rows.one();
  if (row == nullptr)
    throw Failure(FailureKind::corrupt, "a stored secret names a key that does not exist",
                  id.to_string());
  if (row->text(2) == "destroyed")
    throw ConnectionFailure(ConnectionError::secrets_destroyed,
                            "the key of this tenant's secrets was destroyed; enter them again");
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = keys_.find(id); found != keys_.end()) return found->second;
  }
  return unwrap(tenant, id, row->text(0), row->text(1));
}

std::shared_ptr<const Secret> Vault::unwrap(const TenantId& tenant, DataKeyId id,
                                            std::string_view root_id, std::string_view wrapped) {
  const auto keys = roots_with(root_id);
  const RootKey* root = keys->find(root_id);
  if (root == nullptr) refuse_root(std::string(root_id), *source_);
  auto bytes = open_secret(root->bytes, wrapped, key_identity(tenant, id, root_id));
  if (!bytes)
    throw Failure(FailureKind::corrupt, "a data key does not open under its root key",
                  id.to_string());
  return remember(id, std::move(*bytes));
}

std::shared_ptr<const Secret> Vault::remember(DataKeyId id, Secret bytes) {
  auto shared = std::make_shared<const Secret>(std::move(bytes));
  const std::lock_guard lock(mutex_);
  if (keys_.size() >= most_cached_keys) keys_.clear();
  keys_[id] = shared;
  return shared;
}

std::string Vault::wrap(const RootKey& root, const TenantId& tenant, DataKeyId id,
                        const Secret& bytes) {
  return crypto::seal(root.bytes.reveal(), bytes.reveal(), key_identity(tenant, id, root.id));
}

void Vault::register_root(Transaction& tx, const RootKey& root) {
  const std::string check = crypto::seal(root.bytes.reveal(), check_text, root.id);
  tx.execute(
      "INSERT INTO vault_roots (root_id, check_value, created_at) VALUES (?, ?, ?) ON CONFLICT "
      "(root_id) DO NOTHING",
      root.id, Blob{check}, clock_.now());
}

// nullopt when it was changed or moved, or has an unknown form.
std::optional<Secret> Vault::try_open_row(Snapshot& view, const SecretName& name,
                                          std::string_view sealed) {
  if (sealed.size() < 1 + key_id_bytes || sealed[0] != row_version) return std::nullopt;
  std::array<std::uint8_t, key_id_bytes> bytes{};
  std::copy_n(sealed.data() + 1, key_id_bytes, reinterpret_cast<char*>(bytes.data()));
  const DataKeyId id{Uuid(bytes)};
  const auto secret_key = key(view, name.tenant, id);
  return open_secret(*secret_key, sealed.substr(1 + key_id_bytes), row_identity(name, id));
}

Secret Vault::open_row(Snapshot& view, const SecretName& name, std::string_view sealed) {
  auto secret = try_open_row(view, name, sealed);
  if (!secret)
    throw Failure(FailureKind::corrupt, "a stored secret was changed or moved, or has an unknown form",
                  name.owner + " " + name.name);
  return std::move(*secret);
}

std::string Vault::seal_row(const ActiveKey& key, const SecretName& name, const Secret& secret) {
  std::string out(1, row_version);
  out += view_of(key.id.uuid());
  return out += crypto::seal(key.bytes->reveal(), secret.reveal(), row_identity(name, key.id));
}

std::shared_ptr<const RootKeys> Vault::roots() {
  {
    const std::lock_guard lock(mutex_);
    if (roots_) return roots_;
  }
  return reload_roots();
}

std::shared_ptr<const RootKeys> Vault::roots_with(std::string_view root_id) {
  auto keys = roots();
  return keys->find(root_id) != nullptr ? keys : reload_roots();
}

std::shared_ptr<const RootKeys> Vault::reload_roots() {
  auto fresh = std::make_shared<const RootKeys>(source_->load());
  const std::lock_guard lock(mutex_);
  roots_ = fresh;
  return fresh;
}

}  // namespace junctor::vault
