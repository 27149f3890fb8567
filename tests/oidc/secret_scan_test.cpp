// Canary secrets go in, everything that can fail is made to fail, and then the canaries are looked for:
// in the database's files, the log, answers and errors, and a core dump.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "auth/test_world.h"

namespace junctor::auth {
namespace {

using test::World;

std::string canary() { return "canary-" + crypto::to_hex(crypto::random_bytes(12)); }

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// Everything that somebody gets to see of a failure.
std::string told(const std::function<void()>& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure.message() + "\n" + failure.detail() + "\n" + failure.what() + "\n";
  }
  return "nothing failed\n";
}

TEST(SecretScan, no_canary_reaches_files_logs_answers_or_errors) {
  const std::string password = canary(), client = canary(), refresh = canary(), access = canary(), wrong = canary();
  std::string seen;
  testing::internal::CaptureStderr();
  {
    World world;
    world.definition(AuthType::oauth2, [](Auth& auth) { auth.oauth2.emplace().grant = Grant::client_credentials; });
    // A provider that repeats what it was sent in its errors.
    world.provider.token = [&](Fiber&, const test::FakeProvider::Call& call) {
      return test::FakeProvider::error("invalid_client", "bad secret " + call.get("client_secret") + " or " + call.get("refresh_token"));
    };
    run_in_fiber([&](Fiber& fiber) {
      auto& connections = world.engine().connections();
      const auto key = world.connect(fiber, {{"client_id", "me"}, {"client_secret", client}, {"password", password}});
      seen += boost::json::serialize(vault::to_json(connections.get(fiber, key.tenant, key.id)));
      for (const auto& one : connections.list(fiber, key.tenant)) seen += boost::json::serialize(vault::to_json(one));
      seen += told([&] { world.connect(fiber, {{"client_secret", JsonObject{{"x", wrong}}}}, "wrong"); });
      seen += told([&] { world.connect(fiber, {{"passwrd", wrong}}, "wrong"); });
      seen += told([&] { world.engine().tokens().current(fiber, key); });
      world.definition(AuthType::oauth2, [](Auth& auth) {
        auth.oauth2.emplace().grant = Grant::client_credentials;
        auth.oauth2->client_auth = ClientAuth::body;
      });
      seen += told([&] { world.engine().tokens().current(fiber, key); });

      TokenGrant grant;
      grant.access_token = Secret(access);
      grant.refresh_token = Secret(refresh);
      world.definition(AuthType::oauth2, [](Auth& auth) { auth.oauth2.emplace().grant = Grant::authorization_code; });
      world.store().write(fiber, [&](Transaction& tx) {
        world.engine().tokens().tokens().store_consent(tx, key, grant, *world.catalogue.definition->methods[0].oauth2, system_clock().now());
      });
      const auto source = world.engine().credentials().source(fiber, key.tenant, key.id);
      ClientRequest elsewhere;
      elsewhere.url = "https://elsewhere.test/";
      seen += told([&] { source->apply(fiber, elsewhere); });
      ClientRequest closed;
      closed.url = world.provider.url("/");
      source->apply(fiber, closed);
      closed.url = "http://127.0.0.1:1/";
      seen += told([&] { world.engine().client().send(fiber, closed); });
      seen += told([&] { world.engine().tokens().newer_than(fiber, key, 1); });
      world.store().write(fiber, [](Transaction& tx) { tx.execute("UPDATE vault_secrets SET sealed = substr(sealed, 1, 20)"); });
      world.engine().tokens().forget(key);
      seen += told([&] { world.engine().tokens().newer_than(fiber, key, 5); });
    });
    seen += world.vault().dump();
  }
  seen += testing::internal::GetCapturedStderr();
  EXPECT_EQ(seen.find("nothing failed"), std::string::npos);
  for (const std::string& one : {password, client, refresh, access, wrong}) {
    const std::size_t at = seen.find(one);
    // Only what stands before it: the canary itself is not printed.
    EXPECT_EQ(at, std::string::npos) << "after: " << seen.substr(at < 200 ? 0 : at - 200, 200);
    EXPECT_EQ(seen.find(crypto::to_base64(one)), std::string::npos);
    EXPECT_EQ(seen.find(crypto::to_hex(one)), std::string::npos);
  }
}

// The secret is made and stored by another process; this one only opens it and holds it.
TEST(SecretScan, a_core_dump_of_a_process_that_holds_secrets_has_none_of_them) {
#ifdef JUNCTOR_SANITIZED
  GTEST_SKIP() << "a sanitizer's shadow memory makes the dump terabytes large";
#endif
  if (std::system("gcore --version > /dev/null 2>&1") != 0 && std::system("command -v gcore > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "gcore (gdb) is not installed";
  const auto directory = std::filesystem::temp_directory_path() / ("junctor-core-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  const std::string url = "sqlite:" + (directory / "junctor.db").string(), key_path = (directory / "root.key").string();
  const auto open = [&](const std::function<void(Store&, vault::Vault&)>& body) {
    StoreOptions options;
    options.url = url;
    const auto store = Store::open(options);
    const MigrationSet sets[] = {vault::Vault::migrations()};
    migrate(*store, sets);
    vault::Vault vault(*store, std::make_unique<vault::RootKeyFile>(key_path), system_clock());
    vault.start();
    body(*store, vault);
  };
  const vault::SecretName name{default_tenant(), "owner", "name"};
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string text = canary();
    open([&](Store& store, vault::Vault& vault) { store.write_blocking([&](Transaction& tx) { vault.put(tx, name, Secret(text)); }); });
    std::ofstream(directory / "canary") << text;
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  open([&](Store& store, vault::Vault& vault) {
    const auto secret = store.read_blocking([&](Snapshot& view) { return vault.get(view, name); });
    ASSERT_TRUE(secret);
    const std::string command = "gcore -o '" + (directory / "core").string() + "' " + std::to_string(::getpid()) + " > /dev/null 2>&1";
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "gcore may not look at this process";
    const std::string core = read_file(directory / ("core." + std::to_string(::getpid())));
    ASSERT_GT(core.size(), 100'000u);
    const std::string text = read_file(directory / "canary");
    EXPECT_TRUE(secret->equals(text));
    EXPECT_EQ(core.find(text), std::string::npos);
    EXPECT_EQ(core.find(*crypto::from_base64(read_file(key_path).substr(0, 44))), std::string::npos) << "the root key";
  });
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace junctor::auth
