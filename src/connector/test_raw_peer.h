// A provider on the loopback that does with its connections whatever a test wants, byte by byte.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace junctor::connector {

// One connection, blocking. Closed with its object.
class RawConnection final {
 public:
  explicit RawConnection(int socket) : socket_(socket) {}
  ~RawConnection() { close(socket_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // Up to the empty line; what came after it stays for read().
  std::string head() {
    std::string text;
    while (text.find("\r\n\r\n") == std::string::npos) {
      const std::string more = read(16 * 1024);
      if (more.empty()) return text;
      text += more;
    }
    const auto end = text.find("\r\n\r\n") + 4;
    waiting_ = text.substr(end);
    return text.substr(0, end);
  }
  // Empty at the end.
  std::string read(std::size_t most) {
    if (!waiting_.empty()) return std::exchange(waiting_, {});
    std::string buffer(most, '\0');
    const ssize_t count = recv(socket_, buffer.data(), most, 0);
    buffer.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return buffer;
  }
  // False when the other side is gone.
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void answer(std::string_view body) {
    write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }
  // Until the other side closes.
  void wait_for_end() {
    while (!read(4096).empty()) {
    }
  }

 private:
  const int socket_;
  std::string waiting_;
};

class RawPeer final {
 public:
  using Serve = std::function<void(RawConnection&, int number)>;  // 0, 1, …; one after the other

  // Without serve connections are never accepted, and its queue is full: a further one hangs.
  explicit RawPeer(Serve serve = {}) : serve_(std::move(serve)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&where), size), 0);
    EXPECT_EQ(listen(listener_, serve_ ? 16 : 0), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size), 0);
    port_ = ntohs(where.sin_port);
    if (serve_) {
      thread_ = std::thread([this] { run(); });
      return;
    }
    for (int& filler : fillers_) {
      filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      static_cast<void>(connect(filler, reinterpret_cast<sockaddr*>(&where), size));
    }
  }
  ~RawPeer() {
    shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    close(listener_);
    for (const int filler : fillers_)
      if (filler >= 0) close(filler);
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_.load(); }

 private:
  void run() {
    while (true) {
      const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted < 0) return;
      RawConnection connection(accepted);
      serve_(connection, connections_++);
    }
  }

  const Serve serve_;
  const int listener_;
  int port_ = 0;
  int fillers_[4] = {-1, -1, -1, -1};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace junctor::connector
