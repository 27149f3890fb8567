// The TCP form of Stream. Only for the async room.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include "async/stream.h"

namespace junctor {

class TcpStream final : public Stream {
 public:
  explicit TcpStream(boost::asio::ip::tcp::socket socket);
  ~TcpStream() override { close(); }

  using Stream::write;
  std::size_t read_some(Fiber& fiber, std::span<char> buffer) override;
  void write(Fiber& fiber, std::span<const std::string_view> parts) override;
  void shutdown(Fiber& fiber) override;
  void interrupt() noexcept override;
  void close() noexcept override;
  void reset() noexcept override;
  bool peer_ended() const noexcept override;
  const PeerAddress& peer() const override { return peer_; }

 private:
  void wait_writable(Fiber& fiber);

  boost::asio::ip::tcp::socket socket_;
  PeerAddress peer_;
};

}  // namespace junctor
