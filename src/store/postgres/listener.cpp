#include "store/postgres/listener.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/postgres/connect.h"

namespace junctor::postgres {
namespace {

constexpr int reconnect_wait_ms = 250;
constexpr int idle_wait_ms = 30'000;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

}  // namespace

Listener::Listener(std::string url) : url_(std::move(url)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Listener::~Listener() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ::eventfd_write(wake_, 1);
  if (thread_.joinable()) thread_.join();
  ::close(wake_);
}

void Listener::set(const std::string& channel, Heard heard) {
  std::lock_guard lock(mutex_);
  if (heard)
    channels_[channel] = std::move(heard);
  else
    channels_.erase(channel);
  changed_ = true;
  ::eventfd_write(wake_, 1);
  if (!thread_.joinable() && !channels_.empty()) {
    thread_ = std::thread([this] { serve(); });
    pthread_setname_np(thread_.native_handle(), "store-listen");
  }
}

void Listener::serve() {
  for (;;) {
    const std::unique_ptr<PGconn, Finish> connection(connect(url_));
    if (PQstatus(connection.get()) == CONNECTION_OK) {
      // Taken back before the channels are read: a later wake stays to be seen.
      eventfd_t ignored;
      ::eventfd_read(wake_, &ignored);
      {
        std::lock_guard lock(mutex_);
        changed_ = false;
        if (stopping_) return;
        for (const auto& [channel, heard] : channels_)
          PQclear(PQexec(connection.get(), ("LISTEN " + channel).c_str()));
        // What was missed meanwhile is not known: everybody looks again.
        for (const auto& [channel, heard] : channels_) heard("");
      }
      while (wait(connection.get())) hear(connection.get());
    }
    pollfd wake{wake_, POLLIN, 0};
    ::poll(&wake, 1, reconnect_wait_ms);
    eventfd_t ignored;
    ::eventfd_read(wake_, &ignored);
    std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

bool Listener::wait(PGconn* connection) {
  pollfd files[2] = {{PQsocket(connection), POLLIN, 0}, {wake_, POLLIN, 0}};
  ::poll(files, 2, idle_wait_ms);
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || changed_) return false;
  }
  return PQconsumeInput(connection) == 1;
}

void Listener::hear(PGconn* connection) {
  while (PGnotify* notice = PQnotifies(connection)) {
    const std::string channel = notice->relname, payload = notice->extra;
    PQfreemem(notice);
    std::lock_guard lock(mutex_);
    const auto found = channels_.find(channel);
    if (found != channels_.end()) found->second(payload);
  }
}

}  // namespace junctor::postgres
