#include <array>

#include "auth/oauth/token_store.h"

namespace junctor::auth {
namespace {

constexpr std::array<Migration, 4> steps = {{
    {1, "OAuth tokens and states", R"sql(
CREATE TABLE oauth_tokens (
  tenant TEXT NOT NULL,
  connection BLOB NOT NULL,
  generation BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  lease_holder BLOB,
  lease_until BIGINT,
  obtained_at BIGINT,
  expires_at BIGINT,
  refresh_at BIGINT,
  token_type TEXT,
  scope TEXT,
  last_error TEXT NOT NULL,
  PRIMARY KEY (tenant, connection)
);
CREATE TABLE oauth_states (
  state_hash TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  connection BLOB NOT NULL,
  kind TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  return_to TEXT NOT NULL,
  poll_interval BIGINT NOT NULL,
  next_poll_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX oauth_states_by_expiry ON oauth_states (expires_at);
)sql"},
    {2, "API tokens", R"sql(
CREATE TABLE api_tokens (
  tenant TEXT NOT NULL,
  id BLOB NOT NULL,
  name TEXT NOT NULL,
  token_hash BLOB NOT NULL,
  hint TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  last_used_at BIGINT,
  revoked_at BIGINT,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX api_tokens_by_hash ON api_tokens (token_hash);
)sql"},
    {3, "states belong to the browser that began", R"sql(
ALTER TABLE oauth_states ADD COLUMN browser_hash TEXT NOT NULL DEFAULT '';
)sql"},
    // Made anew, since SQLite adds no foreign key to a table.
    {4, "tokens go with their connection", R"sql(
CREATE TABLE oauth_tokens_of_connections (
  tenant TEXT NOT NULL,
  connection BLOB NOT NULL,
  generation BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  lease_holder BLOB,
  lease_until BIGINT,
  obtained_at BIGINT,
  expires_at BIGINT,
  refresh_at BIGINT,
  token_type TEXT,
  scope TEXT,
  last_error TEXT NOT NULL,
  PRIMARY KEY (tenant, connection),
  FOREIGN KEY (tenant, connection) REFERENCES connections (tenant, id) ON DELETE CASCADE
);
INSERT INTO oauth_tokens_of_connections
  SELECT t.tenant, t.connection, t.generation, t.fence, t.lease_holder, t.lease_until, t.obtained_at,
    t.expires_at, t.refresh_at, t.token_type, t.scope, t.last_error
  FROM oauth_tokens t JOIN connections c ON c.tenant = t.tenant AND c.id = t.connection;
DROP TABLE oauth_tokens;
ALTER TABLE oauth_tokens_of_connections RENAME TO oauth_tokens;
)sql"},
}};

}  // namespace

MigrationSet migrations() { return {"auth", steps}; }

}  // namespace junctor::auth
