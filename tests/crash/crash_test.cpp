#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "ledger.h"
#include "queue/schema.h"
#include "queue/stats.h"
#include "support/test_store.h"

namespace junctor::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Migration effect_steps[] = {
    {1, "effects", "CREATE TABLE effects (id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT, payload TEXT)"}};

// Kills per scenario; a recorded campaign sets more.
int kills() {
  const char* text = std::getenv("JUNCTOR_CRASH_KILLS");
  return text != nullptr ? std::atoi(text) : 200;
}

unsigned seed() {
  const char* text = std::getenv("JUNCTOR_CRASH_SEED");
  return text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 10))
                         : std::random_device{}();
}

class CrashTest : public testing::Test {
 protected:
  void prepare(Backend backend) {
    if (backend == Backend::postgres && shared_postgres() == nullptr)
      GTEST_SKIP() << PostgresServer::why_not();
    const MigrationSet sets[] = {queue::queue_migrations(), {"crash", effect_steps}};
    store_ = std::make_unique<TestStore>(backend, sets);
    queue::Queues queues(**store_);
    queue::QueueSettings settings;
    settings.most_attempts = 0;
    settings.lease = milliseconds(400);
    settings.backoff = {milliseconds(5), 1.0, milliseconds(5)};
    (*store_)->write_blocking([&](Transaction& tx) {
      queues.ensure(tx, default_tenant(), "numbers", settings);
      queue::subscribe(tx, queues, {default_tenant(), "numbers", "crash.*", "numbers", ""});
    });
    url_ = store_->options().url;
    random_.seed(seed_);
    std::printf("seed %u\n", seed_);
  }
  milliseconds pause(int most) { return milliseconds(1 + static_cast<int>(random_()) % most); }
  std::chrono::microseconds short_time() {
    return std::chrono::microseconds(500 + random_() % 60'000);
  }

  // Starts and kills engines, one after another.
  void run_kills(int count, const std::string& vfs, milliseconds at_least = milliseconds(0)) {
    store_->close();
    for (int i = 0; i < count && !HasFatalFailure(); ++i) {
      Engine engine(url_, vfs, seed_ + static_cast<unsigned>(i), ledger_);
      ASSERT_TRUE(engine.wait_until_ready()) << "kill " << i << ", seed " << seed_;
      engine.listen_for(at_least + short_time());
      engine.kill();
    }
    store_->reopen();
  }

  std::int64_t waiting() {
    const auto stats = (*store_)->read_blocking(
        [](Snapshot& view) { return queue::queue_stats(view, std::nullopt, system_clock().now()); });
    return stats.at(0).waiting();
  }

  // Finishes what is left, like a consumer that lives. A long campaign leaves much; nothing done for two
  // minutes is what must not be.
  void drain() {
    queue::Queues queues(**store_);
    auto limit = std::chrono::steady_clock::now() + seconds(120);
    while (waiting() > 0 && std::chrono::steady_clock::now() < limit) {
      const int done = (*store_)->write_blocking([&](Transaction& tx) {
        int count = 0;
        queue::LeaseRequest request{default_tenant(), "numbers", 1'000, std::nullopt, "drain"};
        for (const auto& message : queues.lease(tx, request)) {
          tx.execute("INSERT INTO effects (tenant, payload) VALUES ('default', ?)", message.payload);
          queues.ack(tx, message.lease);
          ++count;
        }
        return count;
      });
      if (done > 0) limit = std::chrono::steady_clock::now() + seconds(120);
      else ::usleep(20'000);
    }
  }

  // The ledger against the database.
  void check() {
    drain();
    std::map<std::string, std::int64_t> next;
    std::int64_t effects = 0, out_of_order = 0;
    std::set<std::string> seen;
    (*store_)->read_blocking([&](Snapshot& view) {
      view.for_each("SELECT payload FROM effects ORDER BY id", [&](const Row& row) {
        const std::string payload(row.text(0));
        const auto from = payload.find(R"("lane":")") + 8;
        const std::string lane = payload.substr(from, payload.find('"', from) - from);
        const std::int64_t n = std::atoll(payload.c_str() + payload.find(R"("n":)") + 4);
        EXPECT_TRUE(seen.insert(payload).second) << "twice: " << payload;
        if (n != next[lane]) ++out_of_order;
        next[lane] = n + 1;
        ++effects;
      });
    });
    EXPECT_EQ(out_of_order, 0);
    std::int64_t acknowledged = 0;
    for (const auto& [lane, count] : ledger_.published()) {
      EXPECT_GE(next[lane], count) << "lost in " << lane;
      // At most the one that was under way was stored without an answer.
      EXPECT_LE(next[lane], count + 1) << lane;
      acknowledged += count;
    }
    for (const auto& payload : ledger_.consumed()) EXPECT_TRUE(seen.contains(payload)) << payload;
    const auto stats = (*store_)->read_blocking(
        [](Snapshot& view) { return queue::queue_stats(view, std::nullopt, system_clock().now()); });
    EXPECT_EQ(stats.at(0).unaccounted(), 0);
    EXPECT_EQ(stats.at(0).waiting(), 0);
    EXPECT_EQ(stats.at(0).dead_letters, 0);
    EXPECT_TRUE((*store_)->check_integrity().empty());
    EXPECT_GT(acknowledged, 0);
    std::printf("acknowledged %lld, effects %lld, seen consumed %zu\n",
                static_cast<long long>(acknowledged), static_cast<long long>(effects),
                ledger_.consumed().size());
  }

  const unsigned seed_ = seed();
  std::minstd_rand random_;
  std::unique_ptr<TestStore> store_;
  std::string url_;
  Ledger ledger_{12};
};

TEST_F(CrashTest, sqlite_keeps_every_promise_when_the_engine_is_killed) {
  prepare(Backend::sqlite);
  run_kills(kills(), "-");
  check();
}

TEST_F(CrashTest, sqlite_keeps_every_promise_when_unsynced_writes_are_lost) {
  prepare(Backend::sqlite);
  run_kills(kills() / 2, "dropped");
  check();
}

TEST_F(CrashTest, sqlite_keeps_every_promise_when_unsynced_writes_are_torn) {
  prepare(Backend::sqlite);
  run_kills(kills() / 2, "torn");
  check();
}

TEST_F(CrashTest, postgres_keeps_every_promise_when_the_engine_is_killed) {
  prepare(Backend::postgres);
  if (IsSkipped()) return;
  run_kills(kills(), "-", milliseconds(150));
  check();
}

TEST_F(CrashTest, the_engine_survives_kills_of_postgres_itself) {
  prepare(Backend::postgres);
  if (IsSkipped()) return;
  store_->close();
  const int rounds = std::max(3, kills() / 20);
  {
    Engine engine(url_, "-", seed_, ledger_);
    ASSERT_TRUE(engine.wait_until_ready());
    for (int i = 0; i < rounds; ++i) {
      engine.listen_for(milliseconds(200) + short_time());
      shared_postgres()->kill();
      engine.listen_for(pause(100));
      shared_postgres()->restart();
      const auto before = ledger_.published();
      engine.listen_for(milliseconds(1'500));
      // Service resumes without a restart of the engine.
      EXPECT_NE(ledger_.published(), before) << "after restart " << i;
    }
  }
  store_->reopen();
  check();
}

TEST_F(CrashTest, two_engines_share_one_postgres_and_the_living_takes_over) {
  prepare(Backend::postgres);
  if (IsSkipped()) return;
  store_->close();
  Ledger other(12, "other");
  {
    Engine survivor(url_, "-", seed_, ledger_);
    ASSERT_TRUE(survivor.wait_until_ready());
    for (int i = 0; i < std::max(5, kills() / 10); ++i) {
      Engine victim(url_, "-", seed_ + 1, other);
      ASSERT_TRUE(victim.wait_until_ready());
      victim.listen_for(milliseconds(150) + short_time());
      victim.kill();
      survivor.listen_for(milliseconds(5));
    }
    // What the last victim had leased is back within the lease time plus one second.
    survivor.listen_for(milliseconds(1'400));
    survivor.kill();
  }
  store_->reopen();
  (*store_)->read_blocking([&](Snapshot& view) {
    const auto overdue = view.value<std::int64_t>(
        "SELECT count(*) FROM leases WHERE until < ?", system_clock().now() - milliseconds(1'000));
    EXPECT_EQ(overdue, 0);
  });
  for (const auto& [lane, count] : other.published())
    for (std::int64_t n = 0; n < count; ++n)
      ledger_.read_line("P " + lane + " " + std::to_string(n));
  check();
}

}  // namespace
}  // namespace junctor::test
