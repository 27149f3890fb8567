// The store and the vault as commands open them, beside a running engine or without one.
//
// Threads: one.
#pragma once

#include <memory>

#include "cli/command_line.h"
#include "cli/node.h"
#include "cli/serve_command.h"
#include "engine/project.h"
#include "store/store.h"
#include "vault/vault.h"

namespace junctor::cli {

// Migrated, and with the right root key; throws as the engine does at its start.
struct VaultAccess {
  Config config;
  std::unique_ptr<Store> store;
  std::unique_ptr<vault::Vault> vault;
};

inline VaultAccess open_vault(const Given& given, const std::vector<Project>& projects = {}) {
  VaultAccess out{effective_config(given, projects), nullptr, nullptr};
  StoreOptions options;
  options.url = store_url(out.config);
  out.store = Store::open(options);
  out.vault = std::make_unique<vault::Vault>(
      *out.store, vault::make_root_key_source({out.config.data_dir, out.config.root_key_command}), system_clock());
  migrate_and_start(*out.store, *out.vault);
  return out;
}

}  // namespace junctor::cli
