// The store and the vault as commands open them, beside a running engine or without one.
//
// Threads: one.
#pragma once

#include <memory>

#include "cli/node.h"
#include "cli/workplace.h"
#include "store/store.h"
#include "vault/vault.h"

namespace junctor::cli {

inline std::unique_ptr<vault::Vault> make_vault(const Config& config, Store& store) {
  return std::make_unique<vault::Vault>(
      store, vault::make_root_key_source({config.data_dir, config.root_key_command}), system_clock());
}

// Migrated, and with the right root key; throws as the engine does at its start.
struct VaultAccess {
  std::vector<Project> projects;
  Config config;
  std::unique_ptr<Store> store;
  std::unique_ptr<vault::Vault> vault;
};

inline VaultAccess open_vault(const Given& given, Database database = Database::must_exist) {
  Workplace workplace = find_workplace(given);
  VaultAccess out{std::move(workplace.projects), std::move(workplace.config), nullptr, nullptr};
  out.store = open_database(out.config, database);
  out.vault = make_vault(out.config, *out.store);
  migrate_and_start(*out.store, *out.vault);
  return out;
}

}  // namespace junctor::cli
