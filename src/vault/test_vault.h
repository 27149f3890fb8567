// A vault on a database in a directory of its own, for tests.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "base/crypto.h"
#include "junctor/failure.h"
#include "store/store.h"
#include "vault/vault.h"

namespace junctor::vault::test {

inline FailureKind kind_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure.kind();
  }
  return FailureKind::bug;
}

inline std::string text_of(const RootKey& key) {
  const Secret text = key.text();
  return std::string(text.reveal());
}

class TestVault {
 public:
  explicit TestVault(const Clock& clock = system_clock()) : clock_(clock) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "junctor-vault-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    restart();
  }
  ~TestVault() {
    vault_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  TestVault(const TestVault&) = delete;
  TestVault& operator=(const TestVault&) = delete;

  // Closes and opens everything again, as a process would.
  void restart() {
    close();
    StoreOptions options;
    options.url = "sqlite:" + directory_ + "/junctor.db";
    store_ = Store::open(options);
    const MigrationSet sets[] = {Vault::migrations()};
    migrate(*store_, sets);
    vault_ = std::make_unique<Vault>(*store_, std::make_unique<RootKeyFile>(key_path()), clock_);
    vault_->start();
  }

  // As between two processes; restart() opens it again.
  void close() {
    vault_.reset();
    store_.reset();
  }

  Store& store() { return *store_; }
  Vault& vault() { return *vault_; }
  std::string directory() const { return directory_; }
  std::string key_path() const { return directory_ + "/root.key"; }
  RootKeys roots() const { return RootKeyFile(key_path()).load(); }

  void put(const std::string& owner, const std::string& name, std::string_view text,
           const TenantId& tenant = default_tenant()) {
    store_->write_blocking([&](Transaction& tx) {
      vault_->put(tx, {tenant, owner, name}, Secret(text));
    });
  }
  std::optional<std::string> get(const std::string& owner, const std::string& name,
                                 const TenantId& tenant = default_tenant()) {
    return store_->read_blocking([&](Snapshot& view) -> std::optional<std::string> {
      const auto secret = vault_->get(view, {tenant, owner, name});
      return secret ? std::optional(std::string(secret->reveal())) : std::nullopt;
    });
  }

  // Every row of the vault's tables, hashed.
  std::string fingerprint() {
    return store_->read_blocking([](Snapshot& view) {
      std::string all;
      for (const char* sql :
           {"SELECT root_id, check_value FROM vault_roots ORDER BY 1",
            "SELECT tenant, key_id, wrapped, state FROM vault_keys ORDER BY 1, 2",
            "SELECT tenant, owner, name, sealed FROM vault_secrets ORDER BY 1, 2, 3"})
        view.for_each(sql, [&](const Row& row) {
          for (int i = 0; i < row.columns(); ++i) all += std::string(row.text(i)) + "|";
        });
      return crypto::to_hex(crypto::hash(crypto::Digest::sha256, all));
    });
  }

  // Every byte of every file of the database.
  std::string dump() const {
    std::string out;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      if (!entry.path().filename().string().starts_with("junctor.db")) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      std::ostringstream text;
      text << file.rdbuf();
      if (!entry.path().string().ends_with("-shm")) out += text.str();
    }
    return out;
  }

 private:
  const Clock& clock_;
  std::string directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Vault> vault_;
};

}  // namespace junctor::vault::test
