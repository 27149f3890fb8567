// The vault: secrets at rest.
//
// A root key (root_key.h) wraps one data key per tenant; data keys seal secrets with AES-256-GCM. A
// secret's identity (tenant, owner, name) and its key's id are associated data, so a row that was
// moved or swapped does not open. The key's id stands in front of every ciphertext.
//
// Threads: any thread. The functions that take a Snapshot or Transaction run inside store closures.
// Lifetime: outlives every closure that uses it; the store and the clock outlive it.
// Invariants:
//   1. Plaintext exists only inside Secret.
//   2. A data key is stored only wrapped; a root key is never stored in the database.
//   3. Every sealed row names a key that exists, or one that was destroyed on purpose.
//   4. With a wrong root key nothing is written: check_root() and start() refuse before.
//   5. The file of root keys holds every key that the database knows, whenever it is held.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "junctor/clock.h"
#include "junctor/ids.h"
#include "junctor/secret.h"
#include "store/migrations.h"
#include "store/transaction.h"
#include "vault/root_key.h"

namespace junctor {
class Store;
}

namespace junctor::vault {

using DataKeyId = UuidOf<struct DataKeyTag>;

// What a reader is shown instead of a secret, and what a writer sends back to keep it.
constexpr std::string_view mask = "••••••••";

// Which secret. owner names the row that it belongs to: "connection/019a…", "endpoint/019a…".
struct SecretName {
  TenantId tenant;
  std::string owner;
  std::string name;
};

// Of an owner's secrets.
struct SecretNames {
  std::set<std::string> readable;
  std::set<std::string> destroyed;  // stored, but their key was destroyed
};

constexpr std::size_t most_secret_bytes = 256 * 1024;

class Vault final {
 public:
  static MigrationSet migrations();

  Vault(Store& store, std::unique_ptr<RootKeySource> source, const Clock& clock);
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  // Compares the root keys with what the database was written with, if it was written before; for
  // the time before its migrations. Blocks and writes nothing. Failure{denied} when a key is wrong
  // or missing: says which one and where it was looked for.
  void check_root();
  // The same, once the database has its shape. A fresh database: the first key is generated where
  // the source allows it, and noted. In a database that has a key no other is noted but by a
  // rotation: a node with yesterday's keys brings none of them back.
  void start();

  // Stores or replaces a secret. Failure{too_large} beyond most_secret_bytes.
  void put(Transaction& tx, const SecretName& name, const Secret& secret);
  // nullopt when there is none. ConnectionFailure{secrets_destroyed} when the tenant's key was
  // destroyed, Failure{corrupt} when the row does not open, {denied} when its root key is not at
  // hand.
  std::optional<Secret> get(Snapshot& view, const SecretName& name);
  // The same, but a secret whose key was destroyed is none: for whoever can get another.
  std::optional<Secret> find(Snapshot& view, const SecretName& name);
  // Whether this is what is stored; false as well where what is stored does not open.
  bool holds(Snapshot& view, const SecretName& name, const Secret& secret);
  // The secrets of an owner whose names begin so, by name.
  std::map<std::string, Secret> get_all(Snapshot& view, const TenantId& tenant,
                                        std::string_view owner, std::string_view prefix = {});
  SecretNames names(Snapshot& view, const TenantId& tenant, std::string_view owner);
  // Returns whether there was one.
  bool erase(Transaction& tx, const SecretName& name);
  void erase_owner(Transaction& tx, const TenantId& tenant, std::string_view owner);

  // Crypto-shredding: destroys the tenant's data keys. Every secret of the tenant, also in backups
  // of the rows made without the keys, is unreadable from the commit on. Later secrets get a fresh
  // key. Returns how many keys that were.
  std::int64_t destroy_tenant_keys(Transaction& tx, const TenantId& tenant);
  // Grows when keys of the tenant are destroyed; for caches of what was opened.
  static std::int64_t destroyed_keys(Snapshot& view, const TenantId& tenant);

  Store& store() { return store_; }
  const Clock& clock() const { return clock_; }

 private:
  friend class KeyRotation;
  struct ActiveKey {
    DataKeyId id;
    std::shared_ptr<const Secret> bytes;
  };

  ActiveKey active_key(Transaction& tx, const TenantId& tenant);
  ActiveKey create_key(Transaction& tx, const TenantId& tenant, std::int64_t generation);
  std::shared_ptr<const Secret> key(Snapshot& view, const TenantId& tenant, DataKeyId id);
  std::shared_ptr<const Secret> remember(DataKeyId id, Secret bytes);
  std::shared_ptr<const Secret> unwrap(const TenantId& tenant, DataKeyId id,
                                       std::string_view root_id, std::string_view wrapped);
  std::string wrap(const RootKey& root, const TenantId& tenant, DataKeyId id, const Secret& bytes);
  void register_root(Transaction& tx, const RootKey& root);
  std::optional<Secret> try_open_row(Snapshot& view, const SecretName& name,
                                     std::string_view sealed);
  Secret open_row(Snapshot& view, const SecretName& name, std::string_view sealed);
  std::string seal_row(const ActiveKey& key, const SecretName& name, const Secret& secret);
  std::map<std::string, std::string> known_roots();
  void refuse_wrong(const std::map<std::string, std::string>& known, const RootKeys& keys);
  // The first of the keys that the database knows: to wrap with.
  std::shared_ptr<const RootKey> usable_root(Snapshot& view);
  // The keys as last loaded; loaded again when they lack the one that is needed.
  std::shared_ptr<const RootKeys> roots_with(std::string_view root_id);
  std::shared_ptr<const RootKeys> reload_roots();
  std::shared_ptr<const RootKeys> roots();

  Store& store_;
  std::unique_ptr<RootKeySource> source_;
  const Clock& clock_;

  std::mutex mutex_;
  std::shared_ptr<const RootKeys> roots_;                    // replaced as a whole
  std::map<DataKeyId, std::shared_ptr<const Secret>> keys_;  // unwrapped, bounded
};

}  // namespace junctor::vault
