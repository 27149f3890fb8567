#include <gtest/gtest.h>

#include <filesystem>

#include "cli/node.h"
#include "store/migrations.h"
#include "store/store.h"

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

}  // namespace
}  // namespace junctor
