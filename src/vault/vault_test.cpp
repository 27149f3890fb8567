#include "vault/vault.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "base/crypto.h"
#include "junctor/failure.h"
#include "store/store.h"
#include "vault/rotation.h"
#include "vault/test_vault.h"

namespace junctor::vault {
namespace {

using test::TestVault;

TEST(Vault, gives_back_what_was_put_and_only_under_its_own_name) {
  TestVault world;
  world.put("owner", "name", "the secret");
  EXPECT_EQ(world.get("owner", "name"), "the secret");
  EXPECT_EQ(world.get("owner", "other"), std::nullopt);
  EXPECT_EQ(world.get("other", "name"), std::nullopt);
  world.put("owner", "name", "");
  EXPECT_EQ(world.get("owner", "name"), "");
}

TEST(Vault, refuses_a_row_that_was_moved_swapped_or_changed) {
  TestVault world;
  world.put("a", "name", "one");
  world.put("b", "name", "two");
  world.put("a", "name", "three", TenantId("other"));
  const auto damage = [&](const char* sql) {
    world.store().write_blocking([&](Transaction& tx) { tx.execute(sql); });
    return test::kind_of([&] { world.get("a", "name"); });
  };
  EXPECT_EQ(
      damage(
          "UPDATE vault_secrets SET sealed = (SELECT sealed FROM vault_secrets WHERE owner = 'b') "
          "WHERE owner = 'a' AND tenant = 'default'"),
      FailureKind::corrupt);
  EXPECT_EQ(damage("UPDATE vault_secrets SET sealed = (SELECT sealed FROM vault_secrets WHERE "
                   "tenant = 'other') "
                   "WHERE owner = 'a' AND tenant = 'default'"),
            FailureKind::corrupt);
  EXPECT_EQ(
      damage("UPDATE vault_secrets SET sealed = substr(sealed, 1, length(sealed) - 1) || x'00' "
             "WHERE owner = 'a' AND tenant = 'default'"),
      FailureKind::corrupt);
  EXPECT_EQ(
      damage("UPDATE vault_secrets SET sealed = x'01' WHERE owner = 'a' AND tenant = 'default'"),
      FailureKind::corrupt);
}

TEST(Vault, generates_a_root_key_that_only_its_owner_may_read) {
  TestVault world;
  struct stat about {};
  ASSERT_EQ(stat(world.key_path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  chmod(world.key_path().c_str(), 0644);
  EXPECT_EQ(test::kind_of([&] { world.restart(); }), FailureKind::denied);
}

TEST(Vault, a_wrong_or_lost_root_key_is_refused_before_anything_is_written) {
  TestVault world;
  world.put("owner", "name", "the secret");
  const std::string before = world.fingerprint();
  std::filesystem::rename(world.key_path(), world.key_path() + ".kept");
  EXPECT_EQ(test::kind_of([&] { world.restart(); }), FailureKind::denied);
  EXPECT_FALSE(std::filesystem::exists(world.key_path()))
      << "a lost key is never replaced silently";
  const Secret other = RootKey::generate().text();
  std::ofstream(world.key_path()) << other.reveal();
  chmod(world.key_path().c_str(), 0600);
  EXPECT_EQ(test::kind_of([&] { world.restart(); }), FailureKind::denied);
  EXPECT_EQ(world.fingerprint(), before);
  std::filesystem::rename(world.key_path() + ".kept", world.key_path());
  world.restart();
  EXPECT_EQ(world.get("owner", "name"), "the secret");
}

// Keys as a variable gives them: nobody writes them.
class FixedKeys final : public RootKeySource {
 public:
  explicit FixedKeys(std::string text) : text_(std::move(text)) {}
  RootKeys load() override { return RootKeys::from_text(text_); }
  std::string description() const override { return "a test"; }

 private:
  std::string text_;
};

std::set<std::string> known_roots(Store& store) {
  return store.read_blocking([](Snapshot& view) {
    std::set<std::string> ids;
    view.for_each("SELECT root_id FROM vault_roots",
                  [&](const Row& row) { ids.emplace(row.text(0)); });
    return ids;
  });
}

TEST(Vault, only_a_rotation_brings_another_root_key_into_a_database) {
  TestVault world;
  const std::string one = test::text_of(world.roots().current());
  const std::string two = test::text_of(RootKey::generate());
  const std::string first_id = RootKey::from_text(one).id, second_id = RootKey::from_text(two).id;
  const auto node = [&](const std::string& keys) {
    auto vault = std::make_unique<Vault>(world.store(), std::make_unique<FixedKeys>(keys),
                                         system_clock());
    vault->start();
    return vault;
  };
  const auto put = [&](Vault& vault, const char* tenant) {
    world.store().write_blocking(
        [&](Transaction& tx) { vault.put(tx, {TenantId(tenant), "o", "n"}, Secret("x")); });
  };
  const auto prepared = node(two + "," + one);
  put(*prepared, "a");
  EXPECT_EQ(known_roots(world.store()), std::set<std::string>{first_id});
  EXPECT_EQ(world.get("o", "n", TenantId("a")), "x") << "a node that holds the old key alone";
  EXPECT_TRUE(KeyRotation(*prepared).run().finished);
  EXPECT_EQ(known_roots(world.store()), std::set<std::string>{second_id});
  const auto late = node(one + "," + two);
  put(*late, "b");
  EXPECT_EQ(known_roots(world.store()), std::set<std::string>{second_id});
  const auto after = node(two);
  EXPECT_TRUE(world.store().read_blocking([&](Snapshot& view) {
    return after->get(view, {TenantId("b"), "o", "n"})->equals("x");
  }));
}

TEST(Vault, destroying_a_tenants_keys_makes_its_secrets_unreadable_and_nobody_elses) {
  TestVault world;
  world.put("owner", "name", "mine");
  world.put("owner", "name", "theirs", TenantId("other"));
  world.store().write_blocking(
      [&](Transaction& tx) { world.vault().destroy_tenant_keys(tx, TenantId("other")); });
  EXPECT_EQ(world.get("owner", "name"), "mine");
  EXPECT_EQ(test::kind_of([&] { world.get("owner", "name", TenantId("other")); }),
            FailureKind::conflict);
  world.restart();
  EXPECT_EQ(test::kind_of([&] { world.get("owner", "name", TenantId("other")); }),
            FailureKind::conflict);
  EXPECT_EQ(world.store().read_blocking([&](Snapshot& view) {
    return world.vault().find(view, {TenantId("other"), "owner", "name"}).has_value();
  }),
            false);
  world.put("owner", "name", "again", TenantId("other"));
  EXPECT_EQ(world.get("owner", "name", TenantId("other")), "again");
}

TEST(Vault, a_destroyed_key_is_gone_from_the_database_file_once_its_log_is_emptied) {
  TestVault world;
  const TenantId other("other");
  world.put("owner", "name", "theirs", other);
  const std::string wrapped = world.store().read_blocking([&](Snapshot& view) {
    return *view.value<std::string>("SELECT wrapped FROM vault_keys WHERE tenant = ?", other);
  });
  world.restart();
  ASSERT_NE(world.dump().find(wrapped), std::string::npos);
  world.store().write_blocking([&](Transaction& tx) { world.vault().destroy_tenant_keys(tx, other); });
  world.restart();
  EXPECT_EQ(world.dump().find(wrapped), std::string::npos);
}

TEST(Vault, no_plaintext_and_no_key_stands_in_the_database_files) {
  TestVault world;
  world.put("owner", "name", "canary-4f1d9a");
  std::ifstream file(world.key_path());
  std::string key;
  file >> key;
  const std::string bytes = world.dump();
  EXPECT_EQ(bytes.find("canary-4f1d9a"), std::string::npos);
  EXPECT_EQ(bytes.find(key), std::string::npos);
  EXPECT_EQ(bytes.find(*crypto::from_base64(key)), std::string::npos);
}

TEST(KeyRotation, seals_everything_again_and_forgets_the_old_keys) {
  TestVault world;
  const std::string first_root = world.roots().current().id;
  for (int i = 0; i < 300; ++i)
    world.put("owner", std::to_string(i), "secret " + std::to_string(i),
              TenantId(i % 2 ? "a" : "b"));
  const RotationProgress progress = KeyRotation(world.vault(), 50).run();
  EXPECT_TRUE(progress.finished);
  EXPECT_EQ(progress.tenants, 2u);
  EXPECT_EQ(progress.secrets, 300u);
  EXPECT_EQ(progress.roots_forgotten, 1u);
  const RootKeys roots = world.roots();
  EXPECT_EQ(roots.all().size(), 1u);
  EXPECT_NE(roots.current().id, first_root);
  world.restart();
  for (int i = 0; i < 300; ++i)
    EXPECT_EQ(world.get("owner", std::to_string(i), TenantId(i % 2 ? "a" : "b")),
              "secret " + std::to_string(i));
}

TEST(KeyRotation, is_continued_after_an_interruption_at_every_step) {
  for (int stop_after = 0; stop_after < 12; ++stop_after) {
    TestVault world;
    for (int i = 0; i < 30; ++i)
      world.put("owner", std::to_string(i), "secret", TenantId(std::to_string(i % 3)));
    int steps = 0;
    struct Interrupted {};
    bool interrupted = false;
    try {
      KeyRotation(world.vault(), 5).run([&](const RotationProgress&) {
        if (steps++ == stop_after) throw Interrupted();
      });
    } catch (const Interrupted&) {
      interrupted = true;
    }
    world.restart();
    for (int i = 0; i < 30; ++i)
      ASSERT_EQ(world.get("owner", std::to_string(i), TenantId(std::to_string(i % 3))), "secret");
    if (!interrupted) return;
    const RotationProgress rest = KeyRotation(world.vault(), 5).run();
    EXPECT_TRUE(rest.finished);
    world.restart();
    for (int i = 0; i < 30; ++i)
      ASSERT_EQ(world.get("owner", std::to_string(i), TenantId(std::to_string(i % 3))), "secret");
    EXPECT_EQ(world.roots().all().size(), 1u);
  }
}

TEST(KeyRotation, runs_once_and_its_successor_continues_when_it_is_gone) {
  struct At final : Clock {
    Timestamp now() const override { return time; }
    Timestamp time{std::chrono::hours(1'000)};
  } clock;
  TestVault world(clock);
  for (int i = 0; i < 20; ++i) world.put("owner", std::to_string(i), "secret");
  {
    KeyRotation killed(world.vault(), 5), next(world.vault(), 5);
    killed.begin();
    EXPECT_TRUE(killed.step());
    EXPECT_EQ(test::kind_of([&] { next.begin(); }), FailureKind::conflict);
    clock.time += KeyRotation::lease;
    EXPECT_TRUE(next.run().continued);
    EXPECT_EQ(test::kind_of([&] { killed.step(); }), FailureKind::conflict)
        << "who lost the lease forgets no key";
  }
  world.restart();
  EXPECT_EQ(world.get("owner", "7"), "secret");
  EXPECT_EQ(world.roots().all().size(), 1u);
}

// Runs work in so many processes at once; how often each answer came.
std::map<int, int> in_processes(int count, const std::function<int()>& work) {
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(work());
    children.push_back(child);
  }
  std::map<int, int> answers;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    ++answers[WIFEXITED(status) ? WEXITSTATUS(status) : -1];
  }
  return answers;
}

// 0: done, 1: refused since another one does it, 2: failed.
int as_a_process(const std::string& directory, const std::function<void(Vault&)>& work) {
  try {
    StoreOptions options;
    options.url = "sqlite:" + directory + "/junctor.db";
    const auto store = Store::open(options);
    const MigrationSet sets[] = {Vault::migrations()};
    migrate(*store, sets);
    Vault vault(*store, std::make_unique<RootKeyFile>(directory + "/root.key"), system_clock());
    vault.start();
    work(vault);
    return 0;
  } catch (const Failure& failure) {
    if (failure.kind() == FailureKind::conflict) return 1;
    std::fprintf(stderr, "%s %s\n", failure.message().c_str(), failure.detail().c_str());
    return 2;
  }
}

TEST(KeyRotation, of_several_processes_at_once_loses_no_key) {
  TestVault world;
  world.put("owner", "name", "the secret");
  for (int round = 0; round < 12; ++round) {
    world.close();
    auto answers = in_processes(3, [&] {
      return as_a_process(world.directory(), [](Vault& vault) { KeyRotation(vault).run(); });
    });
    EXPECT_EQ(answers[0] + answers[1], 3);
    EXPECT_GE(answers[0], 1);
    world.restart();
    ASSERT_EQ(world.get("owner", "name"), "the secret") << round;
    ASSERT_EQ(world.roots().all().size(), 1u);
  }
}

TEST(Vault, is_started_first_by_several_processes_at_once) {
  TestVault world;
  for (int round = 0; round < 12; ++round) {
    world.close();
    for (const auto& entry : std::filesystem::directory_iterator(world.directory()))
      std::filesystem::remove(entry.path());
    auto answers = in_processes(3, [&] {
      return as_a_process(world.directory(), [](Vault& vault) {
        vault.store().write_blocking([&](Transaction& tx) {
          vault.put(tx, {default_tenant(), "owner", std::to_string(getpid())}, Secret("x"));
        });
      });
    });
    ASSERT_EQ(answers[0], 3) << round;
    world.restart();
    EXPECT_EQ(known_roots(world.store()), std::set<std::string>{world.roots().current().id});
  }
}

TEST(KeyRotation, runs_while_others_read_and_write) {
  TestVault world;
  for (int i = 0; i < 100; ++i) world.put("owner", std::to_string(i), "0");
  std::atomic<bool> stop{false};
  std::atomic<int> failures{0}, reads{0};
  // Another node: a vault of its own on the same database, which learns of nothing.
  Vault other(world.store(), std::make_unique<RootKeyFile>(world.key_path()), system_clock());
  other.start();
  std::thread traffic([&] {
    for (int round = 1; !stop; ++round) {
      const SecretName name{default_tenant(), "owner", std::to_string(round % 100)};
      const SecretName fresh{TenantId("t" + std::to_string(round)), "owner", "name"};
      try {
        world.store().write_blocking([&](Transaction& tx) {
          other.put(tx, name, Secret(std::to_string(round)));
          other.put(tx, fresh, Secret("x"));
        });
        const bool right = world.store().read_blocking([&](Snapshot& view) {
          return other.get(view, name)->equals(std::to_string(round)) &&
                 other.get(view, fresh)->equals("x");
        });
        if (!right) ++failures;
      } catch (const Failure& failure) {
        ADD_FAILURE() << failure.message();
        ++failures;
      }
      ++reads;
    }
  });
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(KeyRotation(world.vault(), 10).run().finished);
  stop = true;
  traffic.join();
  EXPECT_EQ(failures, 0);
  EXPECT_GT(reads, 5);
  KeyRotation(world.vault(), 10).run();
  world.restart();
  EXPECT_TRUE(world.get("owner", "1").has_value());
}

}  // namespace
}  // namespace junctor::vault
