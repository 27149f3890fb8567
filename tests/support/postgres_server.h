// A private PostgreSQL for tests: its own data directory, its own port, gone at the end.
//
// As root it runs as the user `postgres` (the server refuses root). Set JUNCTOR_TEST_POSTGRES_BIN to a
// folder with initdb and postgres when they are not in Debian's place.
//
// Threads: one.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

namespace junctor::test {

class PostgresServer final {
 public:
  // Null, with why_not() saying why, where PostgreSQL is not installed or will not start.
  static std::unique_ptr<PostgresServer> start();
  static const std::string& why_not();

  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // A url of a fresh database.
  std::string create_database(const std::string& name);
  std::string url(const std::string& database) const;

  // SIGKILL to the postmaster and all its children, as in a crash of the machine's software.
  void kill();
  // After kill() or halt(): recovers and serves again on the same port.
  void restart();
  // A fast shutdown.
  void halt();

 private:
  PostgresServer() = default;
  bool init();
  bool launch();
  bool wait_until_ready() const;

  std::string folder_;
  int port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace junctor::test
