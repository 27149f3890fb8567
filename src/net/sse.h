// Server-sent events: writing them as a response, reading them from one.
//
// Threads: one loop.
// Source: WHATWG HTML, section 9.2 "Server-sent events".
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace junctor {

struct SseEvent {
  std::string event;  // empty: "message"
  std::string data;   // may have several lines
  std::string id;
  std::optional<std::chrono::milliseconds> retry{};
  friend bool operator==(const SseEvent&, const SseEvent&) = default;
};

// The event as it stands on the wire. Line breaks in event and id are refused with
// Failure{invalid}.
std::string to_text(const SseEvent& event);

class SseWriter final {
 public:
  explicit SseWriter(BodyWriter& body) : body_(body) {}
  // Both throw Failure{unavailable} when the client is gone.
  void send(Fiber& fiber, const SseEvent& event);
  // A line that clients ignore: keeps proxies from closing an idle stream, and finds out whether
  // the client is still there. Send one every few seconds.
  void keep_alive(Fiber& fiber);

 private:
  BodyWriter& body_;
};

// A 200 that stays open while `events` runs.
HttpResponse sse_response(std::function<void(Fiber&, SseWriter&)> events);

// Reads a stream of events from bytes in pieces of any size.
class SseParser final {
 public:
  // An event or line longer than most_bytes throws Failure{too_large}.
  explicit SseParser(std::size_t most_bytes = 1024 * 1024) : most_bytes_(most_bytes) {}

  // The events that these bytes complete. id stays from event to event, as the source document
  // says.
  std::vector<SseEvent> put(std::string_view bytes);
  const std::string& last_id() const { return last_id_; }

 private:
  void take_line(std::string_view line, std::vector<SseEvent>& out);

  std::size_t most_bytes_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool after_return_ = false;
  bool begun_ = false;
  std::string last_id_;
};

}  // namespace junctor
