// Calls other people's HTTP servers.
//
// Over libcurl: HTTP/1.1 and HTTP/2, connections kept and reused per loop, TLS checked, no
// proxies, those of the environment neither: behind one nobody would judge the address that is called.
// Redirects are followed here, hop by hop, so that a credential never travels to another origin.
//
// Threads: any thread; send() runs on the fiber's own loop.
// Lifetime: outlives its calls. May end before or after the loops it was used on, not while one
// ends. Invariants:
//   1. No connection to an address that the guard refuses, whatever the name resolved to.
//   2. A header that holds a Secret, Authorization, Cookie and the client certificate go to the
//      request's own origin (scheme, host, port) and to no other.
//   3. Every call ends: by its answer, one of its three time limits, the fiber's deadline, or with its caller. What the
//      caller's own upload and download take does not count as the peer's time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "junctor/secret.h"
#include "net/address_guard.h"
#include "net/http.h"

namespace junctor {

class Fiber;

struct ClientHeader {
  std::string name;
  std::variant<std::string, Secret> value;
};

// A client certificate for mutual TLS. PEM.
struct ClientIdentity {
  std::string certificate_chain{};
  Secret private_key{};                   // without a passphrase
  std::string certificate_authorities{};  // trusted instead of all others; empty: as the client's
};

struct CallTimeouts {
  std::chrono::milliseconds connect{10'000};     // name, TCP and TLS
  std::chrono::milliseconds first_byte{60'000};  // of silence, once asked, before the answer's head
  std::chrono::milliseconds whole{120'000};
};

// Whether a request that a kept connection took without a byte of an answer may go out once more on a
// fresh one: the peer may have carried it out before it closed.
enum class Resend {
  by_method,  // unless it is a POST or PATCH
  allowed,    // the caller knows that twice is as once
};

enum class HttpVersion { automatic, http1, http2_prior_knowledge };

struct ClientRequest {
  std::string method = "GET";
  std::string url{};  // absolute, http or https
  std::vector<ClientHeader> headers{};
  std::variant<std::string, Secret> body{};

  // Instead of body: called for the next piece until it returns 0.
  std::function<std::size_t(Fiber&, std::span<char>)> upload{};
  std::optional<std::uint64_t> upload_bytes{};  // when known; otherwise chunked
  // Takes what upload reads back to its start, for a redirect that has the body sent again; a copy of upload begins
  // then. Empty: such a redirect is refused.
  std::function<void()> rewind{};

  // Instead of the answer's body: called with each piece, on the calling fiber; while it waits the
  // peer is held back. Only for answers with 2xx; others are kept as body, for the error message.
  std::function<void(Fiber&, std::string_view)> download{};
  // Called once the head of an answer is here, before the first piece.
  std::function<void(int status, const Headers&)> on_head{};

  // Whether nobody waits for the answer any more: looked at after every second without the whole answer, or the next
  // piece of a download; true ends the call with Failure{cancelled}. Empty: somebody always waits.
  std::function<bool()> caller_ended{};

  CallTimeouts timeouts{};
  std::size_t most_response_bytes = 16 * 1024 * 1024;  // after decompression
  std::optional<std::uint64_t> most_download_bytes{};  // of what goes to `download`; missing: the same
  int most_redirects = 5;                              // 0: a redirect is returned as it is
  HttpVersion version = HttpVersion::automatic;
  Resend resend = Resend::by_method;
  std::shared_ptr<const ClientIdentity> identity{};

  // Adds a header.
  ClientRequest& header(std::string name, std::string value) &;
  ClientRequest& header(std::string name, Secret value) &;
};

// What one request of a call cost, for the record of its run. Times since it began.
struct CallTimings {
  std::chrono::microseconds name_lookup{};
  std::chrono::microseconds connect{};
  std::chrono::microseconds tls{};
  std::chrono::microseconds first_byte{};
  std::chrono::microseconds total{};
  std::uint64_t sent_bytes = 0;       // of the body
  std::uint64_t received_bytes = 0;   // of the body as it came over the wire
  bool connection_reused = false;
  std::string peer_address;
};

// What of a request goes to one place: redirects leave parts of it out.
struct Carried {
  bool credentials = true;
  bool body = true;
};
bool goes_along(const ClientHeader& header, const Carried& carried);

// One request of a call: the first, or one that a redirect led to.
struct ClientHop {
  std::string method;
  std::string url;
  Carried carried;  // of the call's request
  int status = 0;   // 0: no answer
  Headers headers;  // of an answer that led on, or that broke off; those of the call's answer are in the response
  CallTimings timings;
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
  std::string url;           // of the last hop
  std::string method;        // of the last hop
  std::string http_version;  // "1.1", "2"
  CallTimings timings;       // of the last hop
};

struct HttpClientOptions {
  AddressGuard guard{};  // refuses special addresses
  std::string user_agent = "Junctor";
  std::string certificate_authorities{};  // PEM; empty: the system's
  std::size_t most_connections_per_host = 64;
  std::size_t most_connections = 1024;  // on each loop
  // Kept connections are closed when their loop has made no call for so long: libraries keep in them what was sent
  // last, and with HTTP/2 headers too.
  std::chrono::milliseconds rest_after{15'000};
  // Instead of the system's resolver: the addresses of a host. For tests and for pinned names.
  std::function<std::vector<std::string>(const std::string& host)> resolve{};
};

class HttpClient final {
 public:
  explicit HttpClient(HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // One call, redirects included. An answer of any status is an answer. Throws Failure:
  //   invalid      the URL, method or a header cannot be sent
  //   denied       the guard refused an address, TLS could not be trusted, or a redirect would have
  //                carried a body elsewhere or left https
  //   timeout      one of the limits; the message says which
  //   too_large    the answer is longer than allowed
  //   unavailable  no name, no connection, or it broke, also where the request must not go out twice
  //   cancelled    the fiber was cancelled
  // The message names the host, never headers, query or body.
  ClientResponse send(Fiber& fiber, const ClientRequest& request);
  // The same. hops: what went out, in its order and as far as it came, also of a call that fails.
  ClientResponse send(Fiber& fiber, const ClientRequest& request, std::vector<ClientHop>& hops);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace junctor
