#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/descriptor.h"
#include "junctor/failure.h"
#include "vault/key_text.h"
#include "vault/root_key.h"

extern char** environ;

namespace junctor::vault {
namespace {

constexpr std::chrono::milliseconds look_pause{10};

// A process group of its own, so that what the command started ends with it.
class Command final {
 public:
  Command(std::string text, std::chrono::seconds time_limit)
      : until_(std::chrono::steady_clock::now() + time_limit) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) cannot_start(errno);
    output_.emplace(ends[0]);
    const Descriptor writing(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, writing.get(), 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    std::string shell = "sh", option = "-c";
    char* const arguments[] = {shell.data(), option.data(), text.data(), nullptr};
    const int error = ::posix_spawn(&child_, "/bin/sh", &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) cannot_start(error);
  }
  // What did not end by itself is killed: its output and its exit are of no use any more.
  ~Command() {
    if (has_ended_) return;
    ::kill(-child_, SIGKILL);
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  KeyText output() {
    KeyText text;
    for (;;) {
      wait_for_output();
      const ssize_t count = text.read_from(output_->get());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return text;
      if (text.is_too_long())
        throw Failure(FailureKind::invalid,
                      "what the root key command prints is no list of root keys");
    }
  }

  // Its status as waitpid(2) gives it.
  int end() {
    int status = 0;
    for (;;) {
      const pid_t ended = ::waitpid(child_, &status, WNOHANG);
      if (ended < 0 && errno != EINTR)
        throw Failure(FailureKind::unavailable, "the root key command cannot be waited for",
                      std::strerror(errno));
      if (ended == child_) break;
      if (left().count() <= 0) too_late();
      std::this_thread::sleep_for(look_pause);
    }
    has_ended_ = true;
    return status;
  }

 private:
  [[noreturn]] static void cannot_start(int error) {
    throw Failure(FailureKind::unavailable,
                  std::string("cannot start the root key command: ") + std::strerror(error));
  }
  [[noreturn]] static void too_late() {
    throw Failure(FailureKind::timeout,
                  "the root key command did not end in time; run it by hand to see why");
  }

  std::chrono::milliseconds left() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(until_ -
                                                                 std::chrono::steady_clock::now());
  }

  void wait_for_output() {
    pollfd ready{output_->get(), POLLIN, 0};
    for (;;) {
      const auto rest = left();
      if (rest.count() <= 0) too_late();
      if (::poll(&ready, 1, static_cast<int>(rest.count())) > 0) return;
    }
  }

  const std::chrono::steady_clock::time_point until_;
  std::optional<Descriptor> output_;
  pid_t child_ = 0;
  bool has_ended_ = false;
};

}  // namespace

RootKeys RootKeyCommand::load() {
  Command command(command_, time_limit_);
  const KeyText text = command.output();
  const int status = command.end();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Failure(FailureKind::unavailable,
                  "the root key command failed; run it by hand to see why");
  RootKeys keys = RootKeys::from_text(text.view());
  if (keys.empty()) throw Failure(FailureKind::invalid, "the root key command printed no key");
  return keys;
}

}  // namespace junctor::vault
