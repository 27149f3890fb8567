#include "store/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "async/scope.h"
#include "async/loop.h"
#include "junctor/failure.h"
#include "store/migrations.h"

namespace junctor {
namespace {

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    std::string pattern = testing::TempDir() + "junctor-store-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    reopen();
    store_->write_blocking([](Transaction& tx) {
      tx.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, tenant TEXT, body TEXT UNIQUE)");
    });
  }
  ~SqliteStoreTest() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void reopen() {
    store_.reset();
    StoreOptions options;
    options.url = "sqlite:" + directory_ + "/junctor.db";
    store_ = Store::open(options);
  }
  std::int64_t count() {
    return store_->read_blocking(
        [](Snapshot& view) { return view.value<std::int64_t>("SELECT count(*) FROM notes").value(); });
  }
  void add(const std::string& body) {
    store_->write_blocking([&](Transaction& tx) {
      tx.execute("INSERT INTO notes (tenant, body) VALUES (?, ?)", default_tenant(), body);
    });
  }

  std::string directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(SqliteStoreTest, a_written_row_is_there_after_reopening) {
  add("one");
  reopen();
  EXPECT_EQ(count(), 1);
}

TEST_F(SqliteStoreTest, values_come_back_with_their_types) {
  const Uuid id = Uuid::generate();
  const std::string bytes("\0\x01\xff", 3);
  store_->write_blocking([&](Transaction& tx) {
    const Rows rows = tx.query("SELECT ?, ?, ?, ?, ?, ?", 7, 2.5, "text", Blob{bytes}, id, nullptr);
    const auto* row = rows.one();
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->int64(0), 7);
    EXPECT_EQ(row->real(1), 2.5);
    EXPECT_EQ(row->text(2), "text");
    EXPECT_EQ(row->text(3), bytes);
    EXPECT_EQ(row->uuid(4), id);
    EXPECT_FALSE(row->get<std::optional<std::string>>(5).has_value());
  });
}

TEST_F(SqliteStoreTest, a_failing_closure_fails_alone) {
  add("taken");
  run_in_fiber([&](Fiber& fiber) {
    Scope scope(fiber.loop(), "test");
    int failed = 0;
    for (int i = 0; i < 50; ++i)
      scope.spawn([&, i](Fiber& inner) {
        try {
          store_->write(inner, [&](Transaction& tx) {
            tx.execute("INSERT INTO notes (tenant, body) VALUES ('default', ?)", i);
            if (i % 5 == 0)
              tx.execute("INSERT INTO notes (tenant, body) VALUES ('default', 'taken')");
          });
        } catch (const Failure& failure) {
          EXPECT_EQ(failure.kind(), FailureKind::conflict);
          ++failed;
        }
      });
    scope.join(fiber);
    EXPECT_EQ(failed, 10);
  });
  EXPECT_EQ(count(), 41);
}

TEST_F(SqliteStoreTest, many_closures_share_one_commit) {
  const auto before = store_->stats();
  run_in_fiber([&](Fiber& fiber) {
    Scope scope(fiber.loop(), "test");
    for (int i = 0; i < 64; ++i)
      scope.spawn([&, i](Fiber& inner) {
        for (int k = 0; k < 20; ++k)
          store_->write(inner, [&](Transaction& tx) {
            tx.execute("INSERT INTO notes (tenant, body) VALUES ('default', ?)", i * 1000 + k);
          });
      });
    scope.join(fiber);
  });
  const auto after = store_->stats();
  EXPECT_EQ(after.closures - before.closures, 1280u);
  EXPECT_LT(after.commits - before.commits, 200u);
}

TEST_F(SqliteStoreTest, hooks_run_after_the_commit_and_never_for_a_failure) {
  std::atomic<int> heard = 0;
  store_->write_blocking([&](Transaction& tx) { tx.after_commit([&] { ++heard; }); });
  EXPECT_THROW(store_->write_blocking([&](Transaction& tx) {
    tx.after_commit([&] { heard += 100; });
    throw Failure(FailureKind::invalid, "no");
  }),
               Failure);
  EXPECT_EQ(heard, 1);
}

TEST_F(SqliteStoreTest, work_before_the_commit_belongs_to_the_transaction) {
  EXPECT_THROW(store_->write_blocking([&](Transaction& tx) {
    tx.execute("INSERT INTO notes (tenant, body) VALUES ('default', 'x')");
    tx.before_commit([](Transaction&) { throw Failure(FailureKind::invalid, "late"); });
  }),
               Failure);
  EXPECT_EQ(count(), 0);
}

TEST_F(SqliteStoreTest, a_reader_cannot_write) {
  EXPECT_THROW(store_->read_blocking([](Snapshot& view) {
    view.query("INSERT INTO notes (tenant, body) VALUES ('default', 'x') RETURNING id");
  }),
               Failure);
}

TEST_F(SqliteStoreTest, a_backup_is_a_database_of_its_own) {
  add("kept");
  const std::string copy = directory_ + "/copy.db";
  store_->backup(copy);
  add("later");
  StoreOptions options;
  options.url = "sqlite:" + copy;
  const auto other = Store::open(options);
  EXPECT_EQ(other->read_blocking(
                [](Snapshot& view) { return view.value<std::int64_t>("SELECT count(*) FROM notes"); }),
            1);
  EXPECT_TRUE(other->check_integrity().empty());
}

constexpr Migration steps[] = {
    {1, "first", "CREATE TABLE a (id INTEGER PRIMARY KEY, tenant TEXT)"},
    {2, "second", "CREATE TABLE b (id INTEGER PRIMARY KEY, tenant TEXT); CREATE INDEX b_t ON b(tenant)"}};

TEST_F(SqliteStoreTest, migrations_run_once_and_report_their_state) {
  const MigrationSet sets[] = {{"room", steps}};
  EXPECT_EQ(migration_status(*store_, sets)[0].state, MigrationStatus::State::pending);
  EXPECT_EQ(migrate(*store_, sets), 2);
  EXPECT_EQ(migrate(*store_, sets), 0);
  const auto status = migration_status(*store_, sets);
  ASSERT_EQ(status.size(), 2u);
  EXPECT_EQ(status[1].state, MigrationStatus::State::applied);
}

TEST_F(SqliteStoreTest, a_newer_database_is_refused_with_one_line) {
  const MigrationSet newer[] = {{"room", steps}};
  migrate(*store_, newer);
  const MigrationSet older[] = {{"room", std::span(steps).first(1)}};
  EXPECT_EQ(migration_status(*store_, older)[1].state, MigrationStatus::State::unknown);
  try {
    migrate(*store_, older);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.kind(), FailureKind::unsupported);
    EXPECT_EQ(failure.message().find('\n'), std::string::npos);
  }
}

TEST_F(SqliteStoreTest, a_failed_migration_leaves_nothing_behind) {
  static constexpr Migration bad[] = {{1, "bad", "CREATE TABLE c (id INTEGER); SELECT nonsense"}};
  const MigrationSet sets[] = {{"room", bad}};
  EXPECT_THROW(migrate(*store_, sets), Failure);
  EXPECT_EQ(store_->read_blocking([](Snapshot& view) {
    return view.value<std::int64_t>("SELECT count(*) FROM sqlite_master WHERE name = 'c'");
  }),
            0);
}

}  // namespace
}  // namespace junctor
