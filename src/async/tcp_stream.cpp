#include "async/tcp_stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <cerrno>

#include "async/asio_wait.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

[[noreturn]] void throw_lost(const PeerAddress& peer, const std::string& why) {
  throw Failure(FailureKind::unavailable, "the connection was lost",
                peer.address + ":" + std::to_string(peer.port) + ": " + why);
}

constexpr std::size_t most_parts = 16;

// The parts from `skip` bytes on; returns how many entries were filled.
std::size_t fill(std::array<iovec, most_parts>& out, std::span<const std::string_view> parts,
                 std::size_t skip) {
  std::size_t filled = 0;
  for (const std::string_view part : parts) {
    const std::size_t cut = std::min(skip, part.size());
    skip -= cut;
    if (cut == part.size()) continue;
    out[filled++] = {const_cast<char*>(part.data()) + cut, part.size() - cut};
    if (filled == most_parts) break;
  }
  return filled;
}

}  // namespace

TcpStream::TcpStream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  const auto remote = socket_.remote_endpoint(ignored);
  if (!ignored) peer_ = {remote.address().to_string(), remote.port()};
}

std::size_t TcpStream::read_some(Fiber& fiber, std::span<char> buffer) {
  const auto [error, count] = wait_for_asio<error_code, std::size_t>(
      fiber,
      [&](auto handler) {
        socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), std::move(handler));
      },
      [this] { interrupt(); });
  if (error == asio::error::eof) return 0;
  if (error) throw_lost(peer_, error.message());
  return count;
}

// The kernel's buffer nearly always has room, so the plain call comes first and the loop is only
// troubled when it has none.
void TcpStream::write(Fiber& fiber, std::span<const std::string_view> parts) {
  std::size_t total = 0;
  for (const std::string_view part : parts) total += part.size();
  std::size_t written = 0;
  while (written < total) {
    std::array<iovec, most_parts> pieces;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = fill(pieces, parts, written);
    const ssize_t count = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      wait_writable(fiber);
    } else if (errno != EINTR) {
      throw_lost(peer_, error_code(errno, boost::system::system_category()).message());
    }
  }
}

void TcpStream::wait_writable(Fiber& fiber) {
  const auto [error] = wait_for_asio<error_code>(
      fiber,
      [&](auto handler) {
        socket_.async_wait(asio::ip::tcp::socket::wait_write, std::move(handler));
      },
      [this] { interrupt(); });
  if (error) throw_lost(peer_, error.message());
}

void TcpStream::shutdown(Fiber&) {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void TcpStream::interrupt() noexcept {
  error_code ignored;
  socket_.cancel(ignored);
}

bool TcpStream::peer_ended() const noexcept {
  char byte;
  const int handle = const_cast<asio::ip::tcp::socket&>(socket_).native_handle();
  const ssize_t count = ::recv(handle, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void TcpStream::reset() noexcept {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

void TcpStream::close() noexcept {
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace junctor
