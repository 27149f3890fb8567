#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "async/asio_wait.h"
#include "async/loop.h"
#include "async/stream.h"
#include "async/tcp_stream.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint endpoint_of(const ListenOptions& options) {
  error_code error;
  const std::string text = options.address == "localhost" ? "127.0.0.1" : options.address;
  const auto address = asio::ip::make_address(text, error);
  if (error)
    throw Failure(FailureKind::invalid, "cannot listen on '" + options.address +
                                            "': it is not an address such as 127.0.0.1 or ::");
  return {address, options.port};
}

[[noreturn]] void throw_cannot_listen(const tcp::endpoint& at, const error_code& error) {
  const std::string where = at.address().to_string() + " port " + std::to_string(at.port());
  if (error == asio::error::address_in_use)
    throw Failure(FailureKind::conflict, "cannot listen on " + where + ": the port is in use");
  const auto kind =
      error == asio::error::access_denied ? FailureKind::denied : FailureKind::invalid;
  throw Failure(kind, "cannot listen on " + where + ": " + error.message());
}

}  // namespace

struct Listener::State {
  explicit State(Loop& loop) : acceptor(loop.context()) {}
  tcp::acceptor acceptor;
};

Listener::Listener(Loop& loop, const ListenOptions& options)
    : state_(std::make_unique<State>(loop)) {
  const tcp::endpoint at = endpoint_of(options);
  auto& acceptor = state_->acceptor;
  error_code error;
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && options.sharing == PortSharing::shared) {
    using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    acceptor.set_option(reuse_port(true), error);
  }
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(options.backlog, error);
  if (error) throw_cannot_listen(at, error);
}

Listener::~Listener() = default;

std::unique_ptr<Stream> Listener::accept(Fiber& fiber) {
  tcp::socket socket(fiber.loop().context());
  const auto [error] = wait_for_asio<error_code>(
      fiber, [&](auto handler) { state_->acceptor.async_accept(socket, std::move(handler)); },
      [this] {
        error_code ignored;
        state_->acceptor.cancel(ignored);
      });
  if (!error) return std::make_unique<TcpStream>(std::move(socket));
  const bool exhausted = error == asio::error::no_descriptors || error == asio::error::no_memory ||
                         error == asio::error::no_buffer_space || error.value() == ENFILE;
  throw Failure(exhausted ? FailureKind::overloaded : FailureKind::unavailable,
                "cannot accept a connection", error.message());
}

std::uint16_t Listener::port() const {
  error_code ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

void Listener::close() noexcept {
  error_code ignored;
  state_->acceptor.close(ignored);
}

std::unique_ptr<Stream> connect(Fiber& fiber, const std::string& host, std::uint16_t port) {
  const std::string name = host + ":" + std::to_string(port);
  tcp::resolver resolver(fiber.loop().context());
  const auto [unresolved, addresses] = wait_for_asio<error_code, tcp::resolver::results_type>(
      fiber,
      [&](auto handler) { resolver.async_resolve(host, std::to_string(port), std::move(handler)); },
      [&] { resolver.cancel(); });
  if (unresolved)
    throw Failure(FailureKind::unavailable, "cannot find " + host, unresolved.message());
  error_code last;
  for (const auto& entry : addresses) {
    tcp::socket socket(fiber.loop().context());
    const auto [error] = wait_for_asio<error_code>(
        fiber, [&](auto handler) { socket.async_connect(entry.endpoint(), std::move(handler)); },
        [&] {
          error_code ignored;
          socket.cancel(ignored);
        });
    if (!error) return std::make_unique<TcpStream>(std::move(socket));
    last = error;
  }
  throw Failure(FailureKind::unavailable, "cannot connect to " + name, last.message());
}

// Loopback TCP rather than a socket pair: the very class that serves real peers is under test.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> stream_pair(Loop& loop) {
  tcp::acceptor acceptor(loop.context(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  tcp::socket one(loop.context());
  one.connect(acceptor.local_endpoint());
  tcp::socket other(loop.context());
  acceptor.accept(other);
  return {std::make_unique<TcpStream>(std::move(one)),
          std::make_unique<TcpStream>(std::move(other))};
}

}  // namespace junctor
