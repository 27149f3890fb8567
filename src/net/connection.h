// One client's connection: reads requests, calls the handler, writes answers. Only for the net
// room.
//
// Threads: its loop.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "async/stream.h"
#include "net/request_parser.h"
#include "net/response_writer.h"
#include "net/server.h"

namespace junctor {

// What the connections of one loop share.
struct ConnectionContext {
  const HttpServerOptions& options;
  const HttpHandler& handler;
  bool draining = false;
  std::time_t date_second = 0;
  std::string date_text;

  // The Date field's value, formatted once a second.
  std::string_view date();
};

class Connection final : private WriteWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Connection(ConnectionContext& context, std::unique_ptr<Stream> stream);
  ~Connection() override;

  // Serves until the client, a timeout or draining ends it. Throws nothing but what the fiber's
  // cancellation throws.
  void serve(Fiber& fiber);

  // For the loop's clock work, outside the fiber: ends a wait that lasts too long.
  void expire(Time now);
  // Draining began: an idle connection ends now.
  void drain();
  // Answers 503 and ends.
  void refuse(Fiber& fiber);

 private:
  enum class Phase { idle, head, body, handling, writing };

  enum class Arrival { some, ended, late };

  bool read_request(Fiber& fiber);
  Arrival read_more(Fiber& fiber);
  void await_body(Fiber& fiber);
  void offer_body(Fiber& fiber);
  std::size_t read_body(Fiber& fiber, std::span<char> into);
  [[noreturn]] void fail_body(int status, const std::string& text);
  bool answer(Fiber& fiber);
  HttpResponse call_handler(Fiber& fiber);
  void cut_if_begun();
  BodyWriter& begin_answer(HttpResponse head);
  bool finish_begun(Fiber& fiber);
  ResponseForm form(bool keep_alive);
  void forget_request();
  void grow(std::size_t size_bytes);
  bool send(Fiber& fiber, const HttpResponse& response, bool keep_alive);
  void send_problem_and_linger(Fiber& fiber, int status, const std::string& text);
  void linger(Fiber& fiber);
  void report(int status, std::size_t response_bytes);
  void enter(Phase phase, std::chrono::milliseconds limit);
  void write_begins() override { enter(Phase::writing, context_.options.write_timeout); }
  void write_ends() override { enter(Phase::handling, {}); }

  ConnectionContext& context_;
  std::unique_ptr<Stream> stream_;
  RequestParser parser_;
  std::string in_;  // read and not parsed: [in_begin_, in_end_)
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::size_t in_high_ = 0;  // behind it in_ was not written since it was zeroed
  std::string out_;
  Phase phase_ = Phase::idle;
  Time expires_ = Time::max();
  Time body_ends_ = Time::max();
  Time began_;
  bool expired_ = false;
  bool asked_for_body_ = false;                 // by 100 Continue
  std::optional<HttpResponse> body_fault_;      // of a body in pieces that did not come as it should
  struct Begun;
  std::unique_ptr<Begun> begun_;                // what the handler has begun to answer
};

}  // namespace junctor
