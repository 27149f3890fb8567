// Rows of tokens live as long as their connection, on every store; those that outlived it go with the migration.
#include <gtest/gtest.h>

#include "auth/oauth/token_store.h"
#include "store/store.h"
#include "support/test_store.h"
#include "vault/vault.h"

namespace junctor::auth {
namespace {

class TokenRows : public testing::TestWithParam<test::Backend> {
 protected:
  void SetUp() override {
    if (GetParam() == test::Backend::postgres && test::shared_postgres() == nullptr)
      GTEST_SKIP() << test::PostgresServer::why_not();
    // As an older version left it.
    const MigrationSet older[] = {vault::Vault::migrations(), {"auth", migrations().migrations.first(3)}};
    store_ = std::make_unique<test::TestStore>(GetParam(), older);
  }

  void add_connection(ConnectionId id) {
    (*store_)->write_blocking([&](Transaction& tx) {
      tx.execute(
          "INSERT INTO connections (tenant, id, integration, name, auth_method, enabled, status, status_reason, vars, "
          "health, health_message, version, created_at, updated_at) "
          "VALUES (?, ?, 'demo', ?, '', 1, 'ready', '', '{}', 'unknown', '', 1, 0, 0)",
          default_tenant(), id, id.to_string());
    });
  }
  void add_token(ConnectionId id) {
    (*store_)->write_blocking([&](Transaction& tx) {
      tx.execute("INSERT INTO oauth_tokens (tenant, connection, generation, fence, scope, last_error) VALUES (?, ?, 3, 4, 'all', '')",
                 default_tenant(), id);
    });
  }
  // "SCOPE GENERATION" of a connection; empty for none.
  std::string token_of(ConnectionId id) {
    return (*store_)->read_blocking([&](Snapshot& view) {
      const Rows rows = view.query("SELECT scope, generation FROM oauth_tokens WHERE tenant = ? AND connection = ?",
                                   default_tenant(), id);
      return rows.empty() ? std::string() : rows[0].get<std::string>(0) + " " + std::to_string(rows[0].int64(1));
    });
  }

  std::unique_ptr<test::TestStore> store_;
};

TEST_P(TokenRows, go_with_their_connection) {
  const auto kept = ConnectionId::generate(), deleted = ConnectionId::generate(), orphan = ConnectionId::generate();
  for (const ConnectionId id : {kept, deleted}) add_connection(id);
  for (const ConnectionId id : {kept, deleted, orphan}) add_token(id);
  const MigrationSet newest[] = {vault::Vault::migrations(), migrations()};
  migrate(**store_, newest);
  EXPECT_EQ(token_of(kept), "all 3");
  EXPECT_EQ(token_of(deleted), "all 3");
  EXPECT_EQ(token_of(orphan), "");

  (*store_)->write_blocking([&](Transaction& tx) {
    tx.execute("DELETE FROM connections WHERE tenant = ? AND id = ?", default_tenant(), deleted);
  });
  EXPECT_EQ(token_of(kept), "all 3");
  EXPECT_EQ(token_of(deleted), "");
}

INSTANTIATE_TEST_SUITE_P(stores, TokenRows, test::every_store(), test::store_name);

}  // namespace
}  // namespace junctor::auth
