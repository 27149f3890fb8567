#include "ledger.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

namespace junctor::test {

Ledger::Ledger(int lanes, const std::string& prefix) {
  for (int i = 0; i < lanes; ++i) next_[prefix + std::to_string(i)] = 0;
}

void Ledger::read_line(const std::string& line) {
  if (line.starts_with("C ")) {
    consumed_.insert(line.substr(2));
    return;
  }
  std::istringstream words(line);
  std::string kind, lane;
  std::int64_t n = 0;
  words >> kind >> lane >> n;
  if (kind == "P") next_[lane] = n + 1;
}

std::vector<std::string> Ledger::continuation() const {
  std::vector<std::string> words;
  for (const auto& [lane, next] : next_) words.push_back(lane + ":" + std::to_string(next));
  return words;
}

Engine::Engine(const std::string& url, const std::string& vfs, unsigned seed, Ledger& ledger)
    : ledger_(ledger) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  std::vector<std::string> words = {JUNCTOR_CRASH_ENGINE, url, vfs, std::to_string(seed)};
  for (const auto& word : ledger.continuation()) words.push_back(word);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  ::posix_spawn(&pid_, JUNCTOR_CRASH_ENGINE, &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  out_ = ends[0];
}

Engine::~Engine() {
  kill();
  if (out_ >= 0) ::close(out_);
}

bool Engine::read_some(int timeout_ms) {
  pollfd file{out_, POLLIN, 0};
  if (::poll(&file, 1, timeout_ms) <= 0) return false;
  char bytes[65'536];
  const ssize_t count = ::read(out_, bytes, sizeof bytes);
  if (count <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(count));
  for (std::size_t end; (end = buffer_.find('\n')) != std::string::npos;) {
    const std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    if (line == "READY")
      ready_ = true;
    else
      ledger_.read_line(line);
  }
  return true;
}

bool Engine::wait_until_ready() {
  while (!ready_)
    if (!read_some(30'000)) return false;
  return true;
}

void Engine::listen_for(std::chrono::microseconds time) {
  const auto limit = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        limit - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    if (left < std::chrono::milliseconds(1))
      ::usleep(static_cast<useconds_t>(left.count()));
    else
      read_some(static_cast<int>(left.count() / 1'000));
  }
}

void Engine::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  while (read_some(0)) {
  }
}

}  // namespace junctor::test
