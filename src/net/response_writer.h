// Writes one response to a stream: plain, streamed with a length, chunked, or until the end.
//
// Threads: one loop. Only for the net room.
// Lifetime: stream and head buffer outlive it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "async/stream.h"
#include "net/http.h"

namespace junctor {

// What of the request decides the form of its answer.
struct ResponseForm {
  bool head_only = false;  // HEAD
  bool keep_alive = true;  // as far as the request and the server wish
  int version_minor = 1;
  std::string_view date;  // "Sat, 21 Nov 2026 03:00:00 GMT"
};

// Is told when a wait for the client may begin and when it is over.
class WriteWatch {
 public:
  virtual ~WriteWatch() = default;
  virtual void write_begins() = 0;
  virtual void write_ends() = 0;
};

class ResponseWriter final : public BodyWriter {
 public:
  ResponseWriter(Stream& stream, WriteWatch& watch, std::string& buffer,
                 const HttpResponse& response, const ResponseForm& form);

  // Everything: head, and body or stream.
  void send(Fiber& fiber);
  void write(Fiber& fiber, std::string_view bytes) override;
  // Instead of send(), when everything has been written.
  void finish(Fiber& fiber);

  // Whether a client that sees the connection end takes the body for whole.
  bool ends_with_connection() const { return framing_ == Framing::until_end; }
  bool begun() const { return begun_; }
  // Whether the connection may serve another request; known after send().
  bool keep_alive() const { return keep_alive_; }
  std::size_t body_bytes() const { return body_bytes_; }

 private:
  enum class Framing { none, length, chunked, until_end };
  void decide_framing();
  void append_head();
  void begin(Fiber& fiber);
  void put(Fiber& fiber, std::span<const std::string_view> parts);
  void put(Fiber& fiber, std::string_view bytes) { put(fiber, std::span(&bytes, 1)); }

  Stream& stream_;
  WriteWatch& watch_;
  std::string& buffer_;
  const HttpResponse& response_;
  const ResponseForm form_;
  Framing framing_ = Framing::none;
  std::size_t length_ = 0;
  std::size_t body_bytes_ = 0;
  bool keep_alive_;
  bool begun_ = false;
};

}  // namespace junctor
