#include <array>

#include "vault/vault.h"

namespace junctor::vault {
namespace {

constexpr std::array<Migration, 4> steps = {{
    {1, "root keys, data keys and secrets", R"sql(
CREATE TABLE vault_roots (
  root_id TEXT PRIMARY KEY,
  check_value BLOB NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE TABLE vault_keys (
  tenant TEXT NOT NULL,
  key_id BLOB NOT NULL,
  root_id TEXT NOT NULL,
  wrapped BLOB,
  state TEXT NOT NULL,
  generation BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, key_id)
);
CREATE INDEX vault_keys_by_state ON vault_keys (state, generation);
CREATE TABLE vault_secrets (
  tenant TEXT NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  key_id BLOB NOT NULL,
  sealed BLOB NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, owner, name)
);
CREATE INDEX vault_secrets_by_key ON vault_secrets (tenant, key_id);
CREATE TABLE vault_rotation (
  id BIGINT PRIMARY KEY,
  generation BIGINT NOT NULL,
  running BIGINT NOT NULL,
  root_before TEXT NOT NULL,
  started_at BIGINT NOT NULL
);
)sql"},
    {2, "connections", R"sql(
CREATE TABLE connections (
  tenant TEXT NOT NULL,
  id BLOB NOT NULL,
  integration TEXT NOT NULL,
  name TEXT NOT NULL,
  auth_method TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  status TEXT NOT NULL,
  status_reason TEXT NOT NULL,
  vars TEXT NOT NULL,
  health TEXT NOT NULL,
  health_message TEXT NOT NULL,
  health_at BIGINT,
  health_latency BIGINT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX connections_by_name ON connections (tenant, integration, name);
)sql"},
    // What belongs to the installation as a whole has the empty tenant.
    {3, "tenants", R"sql(
ALTER TABLE vault_roots ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
ALTER TABLE vault_rotation ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
)sql"},
    {4, "who rotates keys", R"sql(
ALTER TABLE vault_rotation ADD COLUMN holder TEXT NOT NULL DEFAULT '';
ALTER TABLE vault_rotation ADD COLUMN lease_until BIGINT;
)sql"},
}};

}  // namespace

MigrationSet Vault::migrations() { return {"vault", steps}; }

}  // namespace junctor::vault
