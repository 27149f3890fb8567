#include "net/connection.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "base/crypto.h"
#include "base/log.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/problem.h"
#include "net/response_writer.h"

namespace junctor {
namespace {

constexpr std::size_t first_buffer_bytes = 4 * 1024;
constexpr std::size_t body_buffer_bytes = 64 * 1024;
constexpr std::size_t linger_bytes = 256 * 1024;

void log_failure(const HttpRequest& request, const Failure& failure) {
  const bool ours = http_status(failure.kind()) == 500;
  log::write(ours ? log::Level::error : log::Level::debug, "net", "{} {}: {}: {} {} ({}:{})",
             request.method, request.path, to_string(failure.kind()), failure.message(),
             failure.detail(), failure.where().file_name(), failure.where().line());
}

}  // namespace

std::string_view ConnectionContext::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second) {
    date_second = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[64];
    date_text.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return date_text;
}

Connection::Connection(ConnectionContext& context, std::unique_ptr<Stream> stream)
    : context_(context),
      stream_(std::move(stream)),
      parser_(context.options.limits),
      in_(first_buffer_bytes, '\0') {}

Connection::~Connection() {
  forget_request();
  crypto::wipe(in_);
}

// A body may hold secrets: what was read of it is zeroed, what stands behind it is kept.
void Connection::forget_request() {
  std::string& body = parser_.request().body;
  OPENSSL_cleanse(body.data(), body.size());
  OPENSSL_cleanse(in_.data(), in_begin_);
  OPENSSL_cleanse(in_.data() + in_end_, in_high_ - in_end_);
  in_high_ = in_end_;
}

void Connection::grow(std::size_t size_bytes) {
  std::string larger(size_bytes, '\0');
  std::memcpy(larger.data(), in_.data(), in_end_);
  crypto::wipe(in_);
  in_ = std::move(larger);
}

void Connection::serve(Fiber& fiber) {
  try {
    do {
      if (!read_request(fiber)) return;
    } while (answer(fiber) && !context_.draining);
  } catch (const Failure& failure) {
    if (failure.kind() == FailureKind::cancelled) throw;
    // The client is gone: nobody is left to tell.
    if (phase_ == Phase::handling || phase_ == Phase::writing) report(499, 0);
  }
}

void Connection::enter(Phase phase, std::chrono::milliseconds limit) {
  phase_ = phase;
  expires_ = limit.count() > 0 ? std::chrono::steady_clock::now() + limit : Time::max();
}

void Connection::expire(Time now) {
  if (now < expires_) return;
  expires_ = Time::max();
  expired_ = true;
  if (phase_ == Phase::writing) {
    stream_->close();
  } else {
    stream_->interrupt();
  }
}

void Connection::drain() {
  if (phase_ == Phase::idle) stream_->interrupt();
}

// False when there is no further request to answer.
bool Connection::read_request(Fiber& fiber) {
  parser_.reset();
  enter(in_begin_ < in_end_ ? Phase::head : Phase::idle,
        in_begin_ < in_end_ ? context_.options.head_timeout : context_.options.idle_timeout);
  for (;;) {
    if (in_begin_ < in_end_) {
      const bool in_head = parser_.state() == RequestParser::State::head;
      in_begin_ += parser_.put({in_.data() + in_begin_, in_end_ - in_begin_});
      if (parser_.state() == RequestParser::State::failed) {
        send_problem_and_linger(fiber, parser_.error_status(), parser_.error());
        return false;
      }
      if (parser_.state() == RequestParser::State::complete) return true;
      if (in_head && parser_.state() == RequestParser::State::body) {
        body_ends_ = std::chrono::steady_clock::now() + context_.options.whole_body_timeout;
        if (parser_.expects_continue() && in_begin_ == in_end_)
          stream_->write(fiber, std::string_view("HTTP/1.1 100 Continue\r\n\r\n"));
      }
    }
    if (!read_more(fiber)) return false;
  }
}

// Waits for bytes; false when the connection ended or the client took too long.
bool Connection::read_more(Fiber& fiber) {
  if (parser_.state() == RequestParser::State::body) {
    enter(Phase::body, context_.options.body_timeout);
    expires_ = std::min(expires_, body_ends_);
  }
  if (in_begin_ == in_end_) {
    in_begin_ = in_end_ = 0;
  } else if (in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  const bool large = parser_.state() == RequestParser::State::body;
  if (in_end_ == in_.size() || (large && in_.size() < body_buffer_bytes))
    grow(large ? std::max(body_buffer_bytes, in_.size() + first_buffer_bytes) : in_.size() * 2);
  std::size_t count = 0;
  try {
    count = stream_->read_some(fiber, {in_.data() + in_end_, in_.size() - in_end_});
  } catch (const Failure& failure) {
    if (failure.kind() != FailureKind::unavailable || !expired_ || phase_ == Phase::idle) throw;
  }
  if (expired_) {
    send_problem_and_linger(fiber, 408, "the request took too long to arrive");
    return false;
  }
  if (count == 0) return false;
  in_end_ += count;
  in_high_ = std::max(in_high_, in_end_);
  if (phase_ == Phase::idle) enter(Phase::head, context_.options.head_timeout);
  return true;
}

// Whether the connection may go on.
bool Connection::answer(Fiber& fiber) {
  enter(Phase::handling, {});
  began_ = std::chrono::steady_clock::now();
  const HttpResponse response = call_handler(fiber);
  const bool goes_on = send(fiber, response, parser_.keep_alive() && !context_.draining);
  forget_request();
  return goes_on;
}

HttpResponse Connection::call_handler(Fiber& fiber) {
  HttpRequest& request = parser_.request();
  request.peer = stream_->peer();
  request.caller_ended = [this] { return in_begin_ == in_end_ && stream_->peer_ended(); };
  try {
    if (context_.options.handler_timeout.count() == 0) return context_.handler(fiber, request);
    DeadlineScope deadline(fiber, context_.options.handler_timeout);
    return context_.handler(fiber, request);
  } catch (const Failure& failure) {
    if (fiber.cancelled()) throw;
    log_failure(request, failure);
    return problem_response(failure);
  } catch (const std::exception& error) {
    log::write(log::Level::error, "net", "{} {}: {}", request.method, request.path, error.what());
    return problem_response(500, "an error inside; the log has the details");
  }
}

bool Connection::send(Fiber& fiber, const HttpResponse& response, bool keep_alive) {
  const HttpRequest& request = parser_.request();
  const ResponseForm form{.head_only = request.method == "HEAD",
                          .keep_alive = keep_alive,
                          .version_minor = request.version_minor,
                          .date = context_.date()};
  ResponseWriter writer(*stream_, *this, out_, response, form);
  try {
    writer.send(fiber);
  } catch (const Failure& failure) {
    if (writer.begun() || failure.kind() == FailureKind::cancelled) throw;
    log_failure(request, failure);
    return send(fiber, problem_response(failure), false);
  }
  report(response.status, writer.body_bytes());
  return writer.keep_alive();
}

// Closing at once would reset the connection under bytes that are still on their way here, and the
// client would never read the answer.
void Connection::send_problem_and_linger(Fiber& fiber, int status, const std::string& text) {
  began_ = std::chrono::steady_clock::now();
  send(fiber, problem_response(status, text), false);
  stream_->shutdown(fiber);
  enter(Phase::writing, std::chrono::milliseconds(2000));
  std::size_t left = linger_bytes;
  while (left > 0) {
    const std::size_t count = stream_->read_some(fiber, {in_.data(), in_.size()});
    if (count == 0) return;
    left -= std::min(left, count);
  }
}

void Connection::refuse(Fiber& fiber) {
  try {
    const HttpResponse response = problem_response(
        Failure(FailureKind::unavailable, "too many connections; try again later"));
    ResponseWriter writer(*stream_, *this, out_, response,
                          {.keep_alive = false, .date = context_.date()});
    writer.send(fiber);
  } catch (const Failure& failure) {
    if (failure.kind() == FailureKind::cancelled) throw;
  }
}

void Connection::report(int status, std::size_t response_bytes) {
  if (!context_.options.on_served) return;
  const HttpRequest& request = parser_.request();
  context_.options.on_served({.method = request.method,
                              .route = request.route,
                              .target = request.target,
                              .peer = stream_->peer(),
                              .status = status,
                              .duration = std::chrono::steady_clock::now() - began_,
                              .request_bytes = request.body.size(),
                              .response_bytes = response_bytes});
}

}  // namespace junctor
