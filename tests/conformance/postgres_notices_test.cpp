// What a PostgreSQL server tells besides results goes to the log, and nowhere else.
#include <gmock/gmock.h>

#include "base/log.h"
#include "junctor/failure.h"
#include "support/test_store.h"

namespace junctor::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string said_by(const std::function<void()>& work) {
  testing::internal::CaptureStderr();
  work();
  return testing::internal::GetCapturedStderr();
}

TEST(PostgresNotices, are_lines_of_the_log_by_their_severity) {
  if (shared_postgres() == nullptr) GTEST_SKIP() << "PostgreSQL cannot run here";
  TestStore store(Backend::postgres);
  const std::string said = said_by([&] {
    store->write_blocking([](Transaction& tx) {
      tx.execute("SET LOCAL client_min_messages = notice");
      tx.execute("CREATE TABLE twice (x BIGINT)");
      tx.execute("CREATE TABLE IF NOT EXISTS twice (x BIGINT)");
      tx.execute("DO $$ BEGIN RAISE WARNING 'look here' USING DETAIL = 'row 4711', HINT = 'mend it'; END $$");
    });
  });
  EXPECT_THAT(said, AllOf(HasSubstr(" info    store: postgres: relation \"twice\" already exists, skipping\n"),
                          HasSubstr(" warning store: postgres: look here; mend it\n"), Not(HasSubstr("4711"))));
  EXPECT_THAT(said, AllOf(Not(HasSubstr("NOTICE")), Not(HasSubstr("WARNING")))) << "nothing in the server's own form";
}

TEST(PostgresNotices, come_to_the_log_while_a_connection_begins) {
  if (shared_postgres() == nullptr) GTEST_SKIP() << "PostgreSQL cannot run here";
  TestStore store(Backend::postgres);
  const auto versioned = store->read_blocking([](Snapshot& view) {
    return view.value<std::int64_t>(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'pg_database'::regclass AND attname = 'datcollversion'");
  });
  if (versioned == 0) GTEST_SKIP() << "this PostgreSQL knows no versions of collations";
  store->write_blocking([](Transaction& tx) {
    tx.execute("UPDATE pg_database SET datcollversion = '0' WHERE datname = current_database()");
  });
  const std::string said = said_by([&] { store.reopen(); });
  EXPECT_THAT(said, AllOf(HasSubstr(" warning store: postgres: database "), HasSubstr("collation version"),
                          Not(HasSubstr("WARNING"))));
}

}  // namespace
}  // namespace junctor::test
