#include "vault/root_key.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/crypto.h"
#include "base/descriptor.h"
#include "junctor/failure.h"
#include "vault/key_text.h"

namespace junctor::vault {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::chrono::seconds most_wait_for_hold{30};
constexpr std::chrono::milliseconds hold_pause{10};

[[noreturn]] void fail(const std::string& what) {
  throw Failure(FailureKind::unavailable, what + ": " + std::strerror(errno));
}

RootKey from_bytes(std::string bytes) {
  const std::string id =
      crypto::to_hex(crypto::hmac(crypto::Digest::sha256, bytes, "junctor root key id"));
  RootKey key{id.substr(0, 16), Secret(bytes)};
  crypto::wipe(bytes);
  return key;
}

void write_synced(int fd, std::string_view text, const std::string& path) {
  if (!write_all(fd, text) || ::fsync(fd) != 0) fail("cannot write " + path);
}

void sync_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const Descriptor directory(
      ::open(slash == std::string::npos ? "." : path.substr(0, slash + 1).c_str(),
             O_RDONLY | O_DIRECTORY));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0)
    fail("cannot sync the directory of " + path);
}

KeyText read_until_end(int fd, const std::string& name) {
  KeyText text;
  for (;;) {
    const ssize_t count = text.read_from(fd);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot read " + name);
    if (count == 0) return text;
    if (text.is_too_long())
      throw Failure(FailureKind::invalid, name + " is no list of root keys");
  }
}

class FileHold final : public RootKeyHold {
 public:
  explicit FileHold(const std::string& path)
      : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    if (file_.get() < 0) fail("cannot open " + path);
    const auto until = std::chrono::steady_clock::now() + most_wait_for_hold;
    while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) fail("cannot lock " + path);
      if (std::chrono::steady_clock::now() >= until)
        throw Failure(FailureKind::unavailable,
                      "another process holds " + path + "; look for a `junctor` that hangs there");
      std::this_thread::sleep_for(hold_pause);
    }
  }

 private:
  const Descriptor file_;
};

}  // namespace

RootKey RootKey::from_text(std::string_view text) {
  auto bytes = text.size() == 2 * key_bytes ? crypto::from_hex(text) : crypto::from_base64(text);
  if (!bytes || bytes->size() != key_bytes)
    throw Failure(FailureKind::invalid,
                  "a root key is 32 bytes in base64 or hex; `junctor keys generate` prints one");
  return from_bytes(std::move(*bytes));
}

RootKey RootKey::generate() { return from_bytes(crypto::random_bytes(key_bytes)); }

Secret RootKey::text() const {
  std::string base64 = crypto::to_base64(bytes.reveal());
  Secret out(base64);
  crypto::wipe(base64);
  return out;
}

RootKeys RootKeys::from_text(std::string_view text) {
  constexpr std::string_view separators = " \t\r\n,";
  RootKeys keys;
  while (true) {
    const std::size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return keys;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    keys.keys_.push_back(RootKey::from_text(text.substr(0, end)));
    text.remove_prefix(end);
  }
}

const RootKey* RootKeys::find(std::string_view id) const {
  for (const RootKey& key : keys_)
    if (key.id == id) return &key;
  return nullptr;
}

void RootKeys::keep_only(const std::set<std::string>& ids) {
  keys_.erase(std::remove_if(keys_.begin() + 1, keys_.end(),
                             [&](const RootKey& key) { return !ids.contains(key.id); }),
              keys_.end());
}

void RootKeySource::add_fresh_key() {
  throw Failure(FailureKind::unsupported,
                "the root key comes from " + description() + ", which is changed there");
}

void RootKeySource::keep_only(const std::set<std::string>&) {}

RootKeys RootKeyFile::load() {
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0 && errno == ENOENT) return {};
  if (file.get() < 0) fail("cannot read the root key file " + path_);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) fail("cannot read the root key file " + path_);
  if ((about.st_mode & 077) != 0)
    throw Failure(FailureKind::denied,
                  "others may read the root key file " + path_ + "; run: chmod 600 " + path_);
  RootKeys keys =
      RootKeys::from_text(read_until_end(file.get(), "the root key file " + path_).view());
  if (keys.empty()) throw Failure(FailureKind::invalid, "the root key file " + path_ + " is empty");
  return keys;
}

std::unique_ptr<RootKeyHold> RootKeyFile::hold() {
  return std::make_unique<FileHold>(path_ + ".lock");
}

void RootKeyFile::add_fresh_key() {
  RootKeys keys = load();
  keys.put_first(RootKey::generate());
  replace(keys);
}

void RootKeyFile::keep_only(const std::set<std::string>& ids) {
  RootKeys keys = load();
  const std::size_t before = keys.all().size();
  if (before < 2) return;
  keys.keep_only(ids);
  if (keys.all().size() < before) replace(keys);
}

// A new file takes the old one's name, so that a crash leaves the one or the other.
void RootKeyFile::replace(const RootKeys& keys) {
  const std::string fresh = path_ + ".new";
  ::unlink(fresh.c_str());
  {
    const Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) fail("cannot write " + fresh);
    for (const RootKey& key : keys.all()) {
      const Secret text = key.text();
      write_synced(file.get(), text.reveal(), fresh);
      write_synced(file.get(), "\n", fresh);
    }
  }
  if (::rename(fresh.c_str(), path_.c_str()) != 0) fail("cannot write " + path_);
  sync_directory_of(path_);
}

RootKeyVariable::RootKeyVariable(std::string name) : name_(std::move(name)) {
  char* value = std::getenv(name_.c_str());
  if (value == nullptr) return;
  text_ = Secret(value);
  OPENSSL_cleanse(value, std::strlen(value));
  ::unsetenv(name_.c_str());
}

RootKeys RootKeyVariable::load() {
  RootKeys keys = RootKeys::from_text(text_.reveal());
  if (keys.empty())
    throw Failure(FailureKind::invalid, "the environment variable " + name_ + " is empty");
  return keys;
}

std::unique_ptr<RootKeySource> make_root_key_source(const RootKeySettings& settings) {
  constexpr const char* variable = "JUNCTOR_ROOT_KEY";
  if (std::getenv(variable) != nullptr) return std::make_unique<RootKeyVariable>(variable);
  if (!settings.command.empty()) return std::make_unique<RootKeyCommand>(settings.command);
  return std::make_unique<RootKeyFile>(settings.data_directory + "/root.key");
}

}  // namespace junctor::vault
