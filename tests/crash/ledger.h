// The client's side of a crash test: what was acknowledged to it, and the engines it starts and kills.
//
// Threads: one.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace junctor::test {

// What the client was told, never what the engine believes.
class Ledger final {
 public:
  explicit Ledger(int lanes, const std::string& prefix = "lane");
  void read_line(const std::string& line);
  // Arguments for an engine: every lane continues with the first number not acknowledged.
  std::vector<std::string> continuation() const;
  // lane → numbers 0 … next-1 were acknowledged.
  const std::map<std::string, std::int64_t>& published() const { return next_; }
  const std::set<std::string>& consumed() const { return consumed_; }

 private:
  std::map<std::string, std::int64_t> next_;
  std::set<std::string> consumed_;
};

// One engine process.
class Engine final {
 public:
  Engine(const std::string& url, const std::string& vfs, unsigned seed, Ledger& ledger);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // False when it ended or said nothing for 30 s.
  bool wait_until_ready();
  // Reads what it says for this long.
  void listen_for(std::chrono::microseconds time);
  // SIGKILL, then what it had said before.
  void kill();

 private:
  bool read_some(int timeout_ms);

  Ledger& ledger_;
  pid_t pid_ = -1;
  int out_ = -1;
  std::string buffer_;
  bool ready_ = false;
};

}  // namespace junctor::test
