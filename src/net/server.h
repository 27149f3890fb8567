// The HTTP/1.1 server.
//
// One listening socket on each loop (the system spreads connections), one fiber per connection.
// A handler that throws is answered with a problem (problem.h); what it threw stands in the log.
//
// Threads: start() and stop() from one thread that is none of the loops'; the handler and the hook
// are
//   called on every loop at once.
// Lifetime: handler and loops outlive it; stop() before destruction (the destructor does it with no
//   grace).
// Invariants:
//   1. Bytes of one request never become part of another's; a request whose end is in doubt ends
//   the
//      connection.
//   2. Every wait for a client has an end: idle, head, body and write each have theirs.
//   3. After stop() no handler runs and no connection is open.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/http.h"
#include "net/request_parser.h"

namespace junctor {

class Loop;
class Fiber;
class TlsServer;

// One answered request, for metrics and access logs. The views end with the call.
struct ServedRequest {
  std::string_view method;
  std::string_view route;  // the template; empty when no route matched
  std::string_view target;
  const PeerAddress& peer;
  int status = 0;  // 499 when the client left before the answer, or the answer was cut
  std::chrono::nanoseconds duration{};
  std::size_t request_bytes = 0;  // of the body
  std::size_t response_bytes = 0;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: the system chooses; see HttpServer::port()
  RequestLimits limits{};
  std::size_t most_connections = 20'000;  // beyond: answered 503 and closed

  std::chrono::milliseconds idle_timeout{75'000};  // between requests
  std::chrono::milliseconds head_timeout{10'000};  // first to last byte of a head
  std::chrono::milliseconds body_timeout{30'000};  // between two pieces of a body
  std::chrono::milliseconds whole_body_timeout{300'000};  // one taken in pieces: and a second for each 64 KiB of it
  std::chrono::milliseconds write_timeout{30'000};  // for one write of a response
  std::chrono::milliseconds handler_timeout{0};     // deadline of the handler's fiber; 0: none

  // Which bodies the handler takes in pieces, with HttpRequest::read_body; the limit of bodies is not for them. Empty:
  // none.
  RequestParser::Reading body_reading{};

  std::shared_ptr<const TlsServer> tls{};  // null: plain HTTP
  std::function<void(const ServedRequest&)> on_served{};
};

class HttpServer final {
 public:
  // On the given loops, which somebody runs.
  HttpServer(HttpServerOptions options, HttpHandler handler, std::vector<Loop*> loops);
  // On so many loops with threads of their own.
  HttpServer(HttpServerOptions options, HttpHandler handler, std::size_t threads = 1);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds and serves. Throws as Listener does: Failure{conflict} for a port in use.
  void start();
  std::uint16_t port() const;
  std::size_t connections() const;

  // No new connections; idle ones close, requests in flight finish for at most `grace`, then their
  // fibers are cancelled. Returns when all is over. Any thread that is none of the loops'.
  void stop(std::chrono::milliseconds grace);
  // The same for a fiber of any loop, also of the server's own.
  void stop(Fiber& fiber, std::chrono::milliseconds grace);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace junctor
