#include <gtest/gtest.h>

#include <filesystem>

#include "cli/node.h"
#include "junctor/failure.h"
#include "store/migrations.h"
#include "store/store.h"
#include "vault/vault.h"

namespace junctor {
namespace {

TEST(Migrations, every_table_has_the_tenant) {
  std::string pattern = testing::TempDir() + "junctor-tables-XXXXXX";
  const std::string folder = ::mkdtemp(pattern.data());
  {
    StoreOptions options;
    options.url = "sqlite:" + folder + "/junctor.db";
    const auto store = Store::open(options);
    migrate(*store, all_migrations());
    std::string without;
    store->read_blocking([&](Snapshot& view) {
      without.clear();
      view.for_each(
          "SELECT t.name FROM sqlite_master t WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"
          " AND NOT EXISTS (SELECT 1 FROM pragma_table_info(t.name) c WHERE c.name = 'tenant')",
          [&](const Row& row) { without += row.get<std::string>(0) + " "; });
    });
    EXPECT_EQ(without, "");
  }
  std::filesystem::remove_all(folder);
}

TEST(Migrations, wait_for_the_right_root_key) {
  std::string pattern = testing::TempDir() + "junctor-older-XXXXXX";
  const std::string folder = ::mkdtemp(pattern.data());
  {
    StoreOptions options;
    options.url = "sqlite:" + folder + "/junctor.db";
    const auto store = Store::open(options);
    vault::Vault vault(*store, std::make_unique<vault::RootKeyFile>(folder + "/root.key"), system_clock());
    migrate_and_start(*store, vault);
    // As an older version left it.
    store->write_blocking([](Transaction& tx) {
      tx.execute("DELETE FROM schema_migrations WHERE room = 'runs'");
    });
    std::filesystem::rename(folder + "/root.key", folder + "/kept.key");
    vault::RootKeyFile(folder + "/root.key").add_fresh_key();
    vault::Vault wrong(*store, std::make_unique<vault::RootKeyFile>(folder + "/root.key"), system_clock());
    try {
      migrate_and_start(*store, wrong);
      ADD_FAILURE() << "started with a wrong key";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.kind(), FailureKind::denied);
    }
    for (const MigrationStatus& step : migration_status(*store, all_migrations()))
      EXPECT_EQ(step.state == MigrationStatus::State::pending, step.room == "runs") << step.room;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace junctor
