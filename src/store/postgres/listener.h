// LISTEN: a connection of its own that hears notifications and survives the server's restarts.
//
// Threads: set() from any thread; the callbacks on the listener's thread.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "store/postgres/connection.h"

namespace junctor::postgres {

class Listener final {
 public:
  explicit Listener(std::string url);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  using Heard = std::function<void(const std::string&)>;
  // An empty function ends listening; after that call the old function does not run any more.
  void set(const std::string& channel, Heard heard);

 private:
  void serve();
  void hear(PGconn* connection);
  // False when the connection broke or the listener stops.
  bool wait(PGconn* connection);

  const std::string url_;
  int wake_ = -1;  // an eventfd: the set of channels changed, or stop
  std::mutex mutex_;
  std::map<std::string, Heard> channels_;
  bool changed_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace junctor::postgres
