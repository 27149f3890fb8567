#include "vault/root_key.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/crypto.h"
#include "vault/test_vault.h"

namespace junctor::vault {
namespace {

using test::TestVault;

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
}

TEST(RootKey, a_command_that_does_not_end_is_ended) {
  const std::string key = test::text_of(RootKey::generate());
  const auto kind = [](const std::string& command) {
    return test::kind_of([&] { RootKeyCommand(command, std::chrono::seconds(1)).load(); });
  };
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(kind("sleep 60"), FailureKind::timeout);
  EXPECT_EQ(kind("echo " + key + "; exec 1>&-; sleep 60"), FailureKind::timeout)
      << "it has closed its output and goes on";
  EXPECT_EQ(kind("sleep 60 & echo " + key), FailureKind::timeout) << "what it started holds on";
  EXPECT_EQ(kind("yes"), FailureKind::invalid) << "no list of keys is endless";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(RootKey, a_file_is_written_by_one_at_a_time) {
  TestVault world;
  RootKeyFile mine(world.key_path()), theirs(world.key_path());
  std::atomic<bool> is_mine{true};
  auto hold = mine.hold();
  std::thread other([&] {
    const auto their_hold = theirs.hold();
    EXPECT_FALSE(is_mine);
    theirs.add_fresh_key();
  });
  mine.add_fresh_key();
  is_mine = false;
  hold.reset();
  other.join();
  EXPECT_EQ(world.roots().all().size(), 3u);
  const std::string oldest = world.roots().all().back().id;
  mine.keep_only({oldest});
  EXPECT_EQ(world.roots().all().size(), 2u) << "the current one and what is needed";
  EXPECT_EQ(world.roots().all().back().id, oldest);
}

}  // namespace
}  // namespace junctor::vault
