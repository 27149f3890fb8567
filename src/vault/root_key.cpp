#include "vault/root_key.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/crypto.h"
#include "junctor/failure.h"

extern char** environ;

namespace junctor::vault {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t most_text_bytes = 4096;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

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

void write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0) fail("cannot write " + path);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fsync(fd) != 0) fail("cannot write " + path);
}

void sync_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const Descriptor directory(
      ::open(slash == std::string::npos ? "." : path.substr(0, slash + 1).c_str(),
             O_RDONLY | O_DIRECTORY));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0)
    fail("cannot sync the directory of " + path);
}

// Reads at most limit bytes; what is longer is no list of keys.
std::string read_until_end(int fd, const std::string& name) {
  std::string text;
  std::array<char, 512> buffer{};
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot read " + name);
    if (count == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > most_text_bytes)
      throw Failure(FailureKind::invalid, name + " is no list of root keys");
  }
  OPENSSL_cleanse(buffer.data(), buffer.size());
  return text;
}

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

void RootKeySource::add_fresh_key() {
  throw Failure(FailureKind::unsupported,
                "the root key comes from " + description() + ", which is changed there");
}

void RootKeySource::drop_previous_keys() {}

RootKeys RootKeyFile::load() {
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0 && errno == ENOENT) return {};
  if (file.get() < 0) fail("cannot read the root key file " + path_);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) fail("cannot read the root key file " + path_);
  if ((about.st_mode & 077) != 0)
    throw Failure(FailureKind::denied,
                  "others may read the root key file " + path_ + "; run: chmod 600 " + path_);
  std::string text = read_until_end(file.get(), "the root key file " + path_);
  RootKeys keys = RootKeys::from_text(text);
  crypto::wipe(text);
  if (keys.empty()) throw Failure(FailureKind::invalid, "the root key file " + path_ + " is empty");
  return keys;
}

void RootKeyFile::add_fresh_key() {
  RootKeys keys = load();
  keys.put_first(RootKey::generate());
  replace(keys);
}

void RootKeyFile::drop_previous_keys() {
  RootKeys keys = load();
  if (keys.all().size() < 2) return;
  keys.keep_only_current();
  replace(keys);
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
      write_all(file.get(), text.reveal(), fresh);
      write_all(file.get(), "\n", fresh);
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

RootKeys RootKeyCommand::load() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("cannot start the root key command");
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, writing.get(), 1);
  std::string shell = "sh", option = "-c", command = command_;
  char* const arguments[] = {shell.data(), option.data(), command.data(), nullptr};
  // A process group of its own, so that what the command started ends with it.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail("cannot start the root key command");
  writing.close();

  pollfd ready{reading.get(), POLLIN, 0};
  const auto until = std::chrono::steady_clock::now() + time_limit_;
  std::string text;
  bool in_time = true;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    in_time = left.count() > 0 && ::poll(&ready, 1, static_cast<int>(left.count())) > 0;
    if (!in_time) break;
    std::array<char, 512> buffer{};
    const ssize_t count = ::read(reading.get(), buffer.data(), buffer.size());
    if (count <= 0 || text.size() > most_text_bytes) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    OPENSSL_cleanse(buffer.data(), buffer.size());
  }
  if (!in_time) ::kill(-child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!in_time) throw Failure(FailureKind::timeout, "the root key command did not finish in time");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Failure(FailureKind::unavailable,
                  "the root key command failed; run it by hand to see why");
  RootKeys keys = RootKeys::from_text(text);
  crypto::wipe(text);
  if (keys.empty()) throw Failure(FailureKind::invalid, "the root key command printed no key");
  return keys;
}

std::unique_ptr<RootKeySource> make_root_key_source(const RootKeySettings& settings) {
  constexpr const char* variable = "JUNCTOR_ROOT_KEY";
  if (std::getenv(variable) != nullptr) return std::make_unique<RootKeyVariable>(variable);
  if (!settings.command.empty()) return std::make_unique<RootKeyCommand>(settings.command);
  return std::make_unique<RootKeyFile>(settings.data_directory + "/root.key");
}

}  // namespace junctor::vault
