#include "vault/vault.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
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

TEST(Vault, destroying_a_tenants_keys_makes_its_secrets_unreadable_and_nobody_elses) {
  TestVault world;
  world.put("owner", "name", "mine");
  world.put("owner", "name", "theirs", TenantId("other"));
  world.store().write_blocking(
      [&](Transaction& tx) { world.vault().destroy_tenant_keys(tx, TenantId("other")); });
  EXPECT_EQ(world.get("owner", "name"), "mine");
  EXPECT_EQ(test::kind_of([&] { world.get("owner", "name", TenantId("other")); }),
            FailureKind::not_found);
  world.restart();
  EXPECT_EQ(test::kind_of([&] { world.get("owner", "name", TenantId("other")); }),
            FailureKind::not_found);
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

TEST(RootKey, reads_base64_and_hex_and_tells_nothing_in_its_id) {
  const std::string bytes(32, '\x07');
  const RootKey one = RootKey::from_text(crypto::to_base64(bytes));
  EXPECT_EQ(one.id, RootKey::from_text(crypto::to_hex(bytes)).id);
  EXPECT_EQ(test::kind_of([] { RootKey::from_text("short"); }), FailureKind::invalid);
}

TEST(RootKey, comes_from_the_environment_which_then_no_longer_holds_it) {
  const Secret text = RootKey::generate().text();
  setenv("JUNCTOR_ROOT_KEY", std::string(text.reveal()).c_str(), 1);
  const auto source = make_root_key_source({.data_directory = "/nowhere", .command = ""});
  EXPECT_EQ(getenv("JUNCTOR_ROOT_KEY"), nullptr);
  EXPECT_TRUE(source->load().current().text().equals(text.reveal()));
  EXPECT_FALSE(source->is_writable());
}

TEST(RootKey, comes_from_a_command_and_its_failures_are_told) {
  const Secret text = RootKey::generate().text();
  RootKeyCommand good("echo " + std::string(text.reveal()));
  EXPECT_TRUE(good.load().current().text().equals(text.reveal()));
  EXPECT_EQ(test::kind_of([] { RootKeyCommand("exit 3").load(); }), FailureKind::unavailable);
  EXPECT_EQ(test::kind_of([] { RootKeyCommand("echo no key").load(); }), FailureKind::invalid);
  EXPECT_EQ(test::kind_of([] { RootKeyCommand("true").load(); }), FailureKind::invalid);
  EXPECT_EQ(test::kind_of([] { RootKeyCommand("sleep 60", std::chrono::seconds(1)).load(); }),
            FailureKind::timeout);
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
