// Bytes to and from a peer, whatever carries them: TCP, TLS, a pair of pipes in memory.
//
// Threads: the fiber's loop; one reader and one writer at a time (the same fiber may be both).
// Lifetime: a stream ends before its loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace junctor {

class Fiber;
class Loop;

struct PeerAddress {
  std::string address;  // "192.0.2.7", "2001:db8::1"
  std::uint16_t port = 0;
  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;
};

class Stream {
 public:
  virtual ~Stream() = default;

  // Waits for at least one byte; 0 is the orderly end. Throws Failure{unavailable} when the
  // connection is lost, and as Fiber::check() does.
  virtual std::size_t read_some(Fiber& fiber, std::span<char> buffer) = 0;

  // Writes all parts in order, as one packet where they fit. Errors as read_some.
  virtual void write(Fiber& fiber, std::span<const std::string_view> parts) = 0;
  void write(Fiber& fiber, std::string_view bytes) { write(fiber, std::span(&bytes, 1)); }

  // Says that nothing more will be written; reading goes on.
  virtual void shutdown(Fiber& fiber) = 0;

  // Ends waiting operations with Failure{unavailable}; the stream stays usable.
  virtual void interrupt() noexcept = 0;
  // Ends waiting operations and the connection. May be called twice.
  virtual void close() noexcept = 0;

  // close(), so that the peer does not take it for an orderly end, where there is such a way.
  virtual void reset() noexcept { close(); }

  // Whether the peer has said that it writes nothing more, with nothing left to read: it is gone, or waits for an
  // answer with its half closed. A look, without waiting; false where nobody can know.
  virtual bool peer_ended() const noexcept { return false; }

  virtual const PeerAddress& peer() const = 0;
};

// Whether other listeners, such as one on each loop, may bind the same port.
enum class PortSharing { exclusive, shared };

struct ListenOptions {
  std::string address = "127.0.0.1";  // a literal address, "localhost", or "::"
  std::uint16_t port = 0;             // 0: the system chooses
  PortSharing sharing = PortSharing::exclusive;
  int backlog = 1024;
};

// Accepts TCP connections.
class Listener final {
 public:
  // Binds and listens. Throws Failure{conflict} for a port in use, {denied} for one that needs
  // rights, {invalid} for an address that is none of this machine.
  Listener(Loop& loop, const ListenOptions& options);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The next connection. Throws Failure{overloaded} when the process has no file descriptor left,
  // {unavailable} after close().
  std::unique_ptr<Stream> accept(Fiber& fiber);
  std::uint16_t port() const;
  void close() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A TCP connection to host (name or literal address), trying each of its addresses. Throws
// Failure{unavailable} when none answers. Resolving runs on a thread of Asio's.
std::unique_ptr<Stream> connect(Fiber& fiber, const std::string& host, std::uint16_t port);

// Two streams, each reading what the other writes, with a bounded buffer between: for tests.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> stream_pair(Loop& loop);

}  // namespace junctor
