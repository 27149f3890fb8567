#include "support/postgres_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace junctor::test {
namespace {

std::string& reason() {
  static std::string text;
  return text;
}

std::string bin(const std::string& program) {
  if (const char* folder = std::getenv("JUNCTOR_TEST_POSTGRES_BIN"))
    return std::string(folder) + "/" + program;
  for (const char* version : {"15", "16", "17", "14"}) {
    const std::string path = std::string("/usr/lib/postgresql/") + version + "/bin/" + program;
    if (std::filesystem::exists(path)) return path;
  }
  return {};
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(socket, raw, size) == 0 && ::getsockname(socket, raw, &size) == 0;
  ::close(socket);
  return bound ? ntohs(address.sin_port) : 0;
}

// The server refuses root.
void become_postgres() {
  if (::getuid() != 0) return;
  if (const passwd* user = ::getpwnam("postgres")) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)
      ::_exit(126);
  }
}

pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::setsid();
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::dup2(out, 1);
  ::dup2(out, 2);
  become_postgres();
  if (::chdir("/") != 0) ::_exit(126);
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

const std::string& PostgresServer::why_not() { return reason(); }

std::unique_ptr<PostgresServer> PostgresServer::start() {
  if (bin("initdb").empty() || bin("postgres").empty()) {
    reason() = "PostgreSQL is not installed";
    return nullptr;
  }
  std::unique_ptr<PostgresServer> server(new PostgresServer());
  if (!server->init() || !server->launch()) return nullptr;
  return server;
}

bool PostgresServer::init() {
  std::string pattern = (std::filesystem::temp_directory_path() / "junctor-pg-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return false;
  folder_ = pattern;
  if (::getuid() == 0) {
    const passwd* user = ::getpwnam("postgres");
    if (user == nullptr || ::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
      reason() = "there is no user postgres to run PostgreSQL as";
      return false;
    }
  }
  const pid_t child = spawn({bin("initdb"), "-D", folder_ + "/data", "-A", "trust", "-U", "postgres",
                             "-E", "UTF8", "--locale=C", "--no-sync", "-N"},
                            folder_ + "-initdb.log");
  int status = 0;
  ::waitpid(child, &status, 0);
  std::filesystem::remove(folder_ + "-initdb.log");
  if (status != 0) reason() = "initdb failed";
  port_ = free_port();
  return status == 0 && port_ != 0;
}

bool PostgresServer::launch() {
  pid_ = spawn({bin("postgres"), "-D", folder_ + "/data", "-p", std::to_string(port_), "-k", folder_,
                "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c",
                "shared_buffers=256MB", "-c", "max_wal_size=4GB", "-c", "restart_after_crash=off"},
               folder_ + ".log");
  if (wait_until_ready()) return true;
  reason() = "PostgreSQL did not start";
  return false;
}

bool PostgresServer::wait_until_ready() const {
  for (int i = 0; i < 1'200; ++i) {
    const std::string connect = url("postgres") + "?connect_timeout=2";
    PGconn* connection = PQconnectdb(connect.c_str());
    const bool ready = PQstatus(connection) == CONNECTION_OK;
    PQfinish(connection);
    if (ready) return true;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgres://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string PostgresServer::create_database(const std::string& name) {
  PGconn* connection = PQconnectdb(url("postgres").c_str());
  PQclear(PQexec(connection, ("CREATE DATABASE " + name).c_str()));
  PQfinish(connection);
  return url(name);
}

// The children of the postmaster are in its session; each leads no group of ours.
void PostgresServer::kill() {
  if (pid_ <= 0) return;
  std::vector<pid_t> children;
  std::ifstream list("/proc/" + std::to_string(pid_) + "/task/" + std::to_string(pid_) + "/children");
  for (pid_t child; list >> child;) children.push_back(child);
  ::kill(pid_, SIGKILL);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void PostgresServer::halt() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGINT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void PostgresServer::restart() {
  // A dead server's children may hold its memory for a moment.
  for (int i = 0; i < 40; ++i) {
    if (launch()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

PostgresServer::~PostgresServer() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  std::filesystem::remove(folder_ + ".log", ignored);
}

}  // namespace junctor::test
