// Bytes in, one HttpRequest out: Beast's parser, fed by hand, with the defences against smuggling
// that it leaves to its user.
//
// Refused with 400: Content-Length next to Transfer-Encoding, repeated or listed lengths, any
// transfer coding but a single "chunked", a missing or second Host, a target that is not a path,
// white space before a colon. Trailers are dropped.
//
// Threads: one loop. Lifetime: stands alone.
// Source: RFC 9112.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"

namespace junctor {

struct RequestLimits {
  std::size_t header_bytes = 32 * 1024;  // request line and all fields
  std::size_t fields = 128;
  std::size_t body_bytes = 1024 * 1024;
};

// Whether a body is collected in the request, within the limit, or taken by pieces, which has none here.
enum class BodyReading { whole, in_pieces };

class RequestParser final {
 public:
  // reading: asked once the head is read, where a body follows; empty: whole.
  using Reading = std::function<BodyReading(const HttpRequest& head)>;
  explicit RequestParser(const RequestLimits& limits, Reading reading = {});
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  enum class State { head, body, complete, failed };

  // Reads from the front of bytes and returns how many it is done with; offer the rest again with
  // more behind it. Consumes nothing after the end of the request.
  std::size_t put(std::string_view bytes);
  State state() const;

  // Known once the head is read.
  bool keep_alive() const;
  bool expects_continue() const;
  BodyReading reading() const;
  HttpRequest& request();

  // Of a body by pieces: what has been read of it and not been taken yet; the taker clears it.
  std::string& piece();
  // Of the body, read so far.
  std::uint64_t body_bytes() const;

  // Why it failed: the status to answer, and a sentence.
  int error_status() const;
  const std::string& error() const;

  // Ready for the next request.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace junctor
