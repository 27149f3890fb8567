// Root keys: what wraps every data key, and where they come from.
//
// Threads: values; a RootKeySource from any thread.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/secret.h"

namespace junctor::vault {

// 32 random bytes with a name that tells nothing about them.
struct RootKey {
  std::string id;  // 16 hex digits, an HMAC under the key itself
  Secret bytes;

  // From 44 characters of base64 or 64 of hex. Failure{invalid} otherwise, without the text.
  static RootKey from_text(std::string_view text);
  static RootKey generate();
  // The base64 form.
  Secret text() const;
};

// The current key first; the others only open what they once wrapped.
class RootKeys final {
 public:
  RootKeys() = default;
  // Text with one key per line, comma or blank; empty text gives no keys.
  static RootKeys from_text(std::string_view text);

  bool empty() const { return keys_.empty(); }
  const RootKey& current() const { return keys_.front(); }
  const RootKey* find(std::string_view id) const;
  const std::vector<RootKey>& all() const { return keys_; }

  void put_first(RootKey key) { keys_.insert(keys_.begin(), std::move(key)); }
  // The current key and those of these ids stay.
  void keep_only(const std::set<std::string>& ids);

 private:
  std::vector<RootKey> keys_;
};

// While it lives, no other process writes keys where it was taken. Ends with the process as well.
class RootKeyHold {
 public:
  virtual ~RootKeyHold() = default;
};

class RootKeySource {
 public:
  virtual ~RootKeySource() = default;

  // The keys as they are now; none when nothing has been generated yet. May block on a file or a
  // command. Failure{denied} for a key file that others may read, {invalid} for text that is no
  // key.
  virtual RootKeys load() = 0;
  // Where keys come from, for messages: "the file /…/root.key".
  virtual std::string description() const = 0;

  // Whether this program may write keys there.
  virtual bool is_writable() const { return false; }
  // Whoever changes the keys holds them from load() until the database knows of the change. Null
  // where is_writable() is false. Failure{unavailable} when another process holds them for longer
  // than 30 seconds.
  virtual std::unique_ptr<RootKeyHold> hold() { return nullptr; }
  // Makes a fresh key the current one, keeping the others. Durable when it returns.
  // Failure{unsupported} where is_writable() is false.
  virtual void add_fresh_key();
  // Forgets every key but the current one and those of these ids.
  virtual void keep_only(const std::set<std::string>& ids);
};

// A file of mode 0600, one key per line. Beside it stands <path>.lock, which is empty: what hold()
// locks, since the file itself is replaced.
class RootKeyFile final : public RootKeySource {
 public:
  explicit RootKeyFile(std::string path) : path_(std::move(path)) {}
  RootKeys load() override;
  std::string description() const override { return "the file " + path_; }
  bool is_writable() const override { return true; }
  std::unique_ptr<RootKeyHold> hold() override;
  void add_fresh_key() override;
  void keep_only(const std::set<std::string>& ids) override;

 private:
  void replace(const RootKeys& keys);
  std::string path_;
};

// Keys in an environment variable, read once and then removed from the process's environment, so
// that child processes and /proc do not show them for longer than needed.
class RootKeyVariable final : public RootKeySource {
 public:
  explicit RootKeyVariable(std::string name);
  RootKeys load() override;
  std::string description() const override { return "the environment variable " + name_; }

 private:
  std::string name_;
  Secret text_;
};

// A command whose standard output is the keys: a password manager, a cloud's key service.
class RootKeyCommand final : public RootKeySource {
 public:
  // Run by /bin/sh -c; stopped, with all it started, after the time limit: until it has ended, not
  // only until it has printed.
  explicit RootKeyCommand(std::string command,
                          std::chrono::seconds time_limit = std::chrono::seconds(30))
      : command_(std::move(command)), time_limit_(time_limit) {}
  RootKeys load() override;
  std::string description() const override { return "the root key command"; }

 private:
  std::string command_;
  std::chrono::seconds time_limit_;
};

struct RootKeySettings {
  std::string data_directory;  // the file is <data_directory>/root.key
  std::string command;         // the setting root_key_command; wins over the file
};

// JUNCTOR_ROOT_KEY when it is set, else the command when there is one, else the file.
std::unique_ptr<RootKeySource> make_root_key_source(const RootKeySettings& settings);

}  // namespace junctor::vault
