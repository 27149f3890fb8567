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
constexpr std::size_t linger_bytes = 64 * 1024 * 1024;  // within two seconds: of an upload that was refused
constexpr std::uint64_t slowest_bytes_per_second = 64 * 1024;  // of a body in pieces, in the long run
constexpr const char* too_late = "the request took too long to arrive";

void log_failure(const HttpRequest& request, const Failure& failure) {
  const bool ours = http_status(failure.kind()) == 500;
  log::write(ours ? log::Level::error : log::Level::debug, "net", "{} {}: {}: {} {} ({}:{})",
             request.method, request.path, to_string(failure.kind()), failure.message(),
             failure.detail(), failure.where().file_name(), failure.where().line());
}

// What a body may take beyond the time of a short one.
std::chrono::milliseconds time_for(const RequestParser& parser) {
  if (parser.reading() == BodyReading::whole) return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(parser.body_bytes() * 1000 / slowest_bytes_per_second);
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
      parser_(context.options.limits, context.options.body_reading),
      in_(first_buffer_bytes, '\0') {}

Connection::~Connection() {
  forget_request();
  crypto::wipe(in_);
}

// A body may hold secrets: what was read of it is zeroed, what stands behind it is kept.
void Connection::forget_request() {
  std::string& body = parser_.request().body;
  OPENSSL_cleanse(body.data(), body.size());
  OPENSSL_cleanse(parser_.piece().data(), parser_.piece().size());
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
  asked_for_body_ = false;
  body_fault_.reset();
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
        if (parser_.reading() == BodyReading::in_pieces) return true;
        await_body(fiber);
      }
    }
    switch (read_more(fiber)) {
      case Arrival::some:
        break;
      case Arrival::ended:
        return false;
      case Arrival::late:
        send_problem_and_linger(fiber, 408, too_late);
        return false;
    }
  }
}

// A client may wait until it is told that its body is wanted.
void Connection::await_body(Fiber& fiber) {
  if (asked_for_body_ || !parser_.expects_continue() || in_begin_ < in_end_) return;
  asked_for_body_ = true;
  stream_->write(fiber, std::string_view("HTTP/1.1 100 Continue\r\n\r\n"));
}

// Waits for bytes.
Connection::Arrival Connection::read_more(Fiber& fiber) {
  if (parser_.state() == RequestParser::State::body) {
    enter(Phase::body, context_.options.body_timeout);
    expires_ = std::min(expires_, body_ends_ + time_for(parser_));
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
  if (expired_) return Arrival::late;
  if (count == 0) return Arrival::ended;
  in_end_ += count;
  in_high_ = std::max(in_high_, in_end_);
  if (phase_ == Phase::idle) enter(Phase::head, context_.options.head_timeout);
  return Arrival::some;
}

std::size_t Connection::read_body(Fiber& fiber, std::span<char> into) {
  std::string& piece = parser_.piece();
  if (piece.empty()) offer_body(fiber);
  const std::size_t count = std::min(into.size(), piece.size());
  std::copy_n(piece.data(), count, into.data());
  // Moved to the front, so that nothing of it stays behind its end.
  std::copy(piece.begin() + static_cast<std::ptrdiff_t>(count), piece.end(), piece.begin());
  OPENSSL_cleanse(piece.data() + (piece.size() - count), count);
  piece.resize(piece.size() - count);
  return count;
}

// Fills the piece, unless the body is at its end.
void Connection::offer_body(Fiber& fiber) {
  while (parser_.piece().empty() && parser_.state() == RequestParser::State::body) {
    await_body(fiber);
    if (in_begin_ < in_end_) {
      in_begin_ += parser_.put({in_.data() + in_begin_, in_end_ - in_begin_});
      if (parser_.state() != RequestParser::State::body || !parser_.piece().empty()) break;
    }
    const Arrival arrival = read_more(fiber);
    enter(Phase::handling, {});
    if (arrival == Arrival::late) fail_body(408, too_late);
    if (arrival == Arrival::ended)
      throw Failure(FailureKind::unavailable, "the client left before the end of its request");
  }
  if (parser_.state() == RequestParser::State::failed)
    fail_body(parser_.error_status(), parser_.error());
}

void Connection::fail_body(int status, const std::string& text) {
  body_fault_ = problem_response(status, text);
  throw Failure(FailureKind::invalid, text);
}

struct Connection::Begun {
  Begun(HttpResponse given, Connection& connection, const ResponseForm& form)
      : head(std::move(given)),
        writer(*connection.stream_, connection, connection.out_, head, form) {}

  HttpResponse head;
  ResponseWriter writer;
};

BodyWriter& Connection::begin_answer(HttpResponse head) {
  JUNCTOR_CHECK(!begun_);
  head.stream = [](Fiber&, BodyWriter&) {};  // its framing is that of a stream
  const bool whole = parser_.state() == RequestParser::State::complete;
  begun_ = std::make_unique<Begun>(std::move(head), *this,
                                   form(whole && parser_.keep_alive() && !context_.draining));
  return begun_->writer;
}

bool Connection::finish_begun(Fiber& fiber) {
  ResponseWriter& writer = begun_->writer;
  writer.finish(fiber);
  report(begun_->head.status, writer.body_bytes());
  return writer.keep_alive();
}

// Whether the connection may go on.
bool Connection::answer(Fiber& fiber) {
  enter(Phase::handling, {});
  began_ = std::chrono::steady_clock::now();
  begun_.reset();
  const HttpResponse response = call_handler(fiber);
  // A body that was left unread stands where the next request would.
  const bool whole = parser_.state() == RequestParser::State::complete;
  const bool goes_on =
      begun_ ? finish_begun(fiber)
             : send(fiber, response, whole && parser_.keep_alive() && !context_.draining);
  begun_.reset();
  if (!whole) linger(fiber);
  forget_request();
  return goes_on && whole;
}

HttpResponse Connection::call_handler(Fiber& fiber) {
  HttpRequest& request = parser_.request();
  request.peer = stream_->peer();
  request.caller_ended = [this] { return in_begin_ == in_end_ && stream_->peer_ended(); };
  request.begin_answer = [this](HttpResponse head) -> BodyWriter& { return begin_answer(std::move(head)); };
  if (parser_.reading() == BodyReading::in_pieces)
    request.read_body = [this](Fiber& reader, std::span<char> into) { return read_body(reader, into); };
  try {
    if (context_.options.handler_timeout.count() == 0) return context_.handler(fiber, request);
    DeadlineScope deadline(fiber, context_.options.handler_timeout);
    return context_.handler(fiber, request);
  } catch (const Failure& failure) {
    if (fiber.cancelled()) throw;
    log_failure(request, failure);
    cut_if_begun();
    return body_fault_ ? *std::move(body_fault_) : with_failure_headers(problem_response(failure), request);
  } catch (const std::exception& error) {
    log::write(log::Level::error, "net", "{} {}: {}", request.method, request.path, error.what());
    cut_if_begun();
    return problem_response(500, "an error inside; the log has the details");
  }
}

// Half an answer stays half: the connection ends in a way that nobody takes for the answer's end.
void Connection::cut_if_begun() {
  if (!begun_) return;
  if (!begun_->writer.begun()) {
    begun_.reset();
    return;
  }
  if (begun_->writer.ends_with_connection()) stream_->reset();
  throw Failure(FailureKind::unavailable, "the answer was cut");
}

ResponseForm Connection::form(bool keep_alive) {
  const HttpRequest& request = parser_.request();
  return {.head_only = request.method == "HEAD",
          .keep_alive = keep_alive,
          .version_minor = request.version_minor,
          .date = context_.date()};
}

bool Connection::send(Fiber& fiber, const HttpResponse& response, bool keep_alive) {
  const HttpRequest& request = parser_.request();
  ResponseWriter writer(*stream_, *this, out_, response, form(keep_alive));
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

void Connection::send_problem_and_linger(Fiber& fiber, int status, const std::string& text) {
  began_ = std::chrono::steady_clock::now();
  send(fiber, problem_response(status, text), false);
  linger(fiber);
}

// Closing at once would reset the connection under bytes that are still on their way here, and the
// client would never read the answer.
void Connection::linger(Fiber& fiber) {
  enter(Phase::writing, std::chrono::milliseconds(2000));
  try {
    stream_->shutdown(fiber);
    std::size_t left = linger_bytes;
    while (left > 0) {
      const std::size_t count = stream_->read_some(fiber, {in_.data(), in_.size()});
      if (count == 0) return;
      left -= std::min(left, count);
    }
  } catch (const Failure& failure) {
    // Its answer is sent; how the client leaves is nothing to report.
    if (failure.kind() != FailureKind::unavailable) throw;
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
                              .request_bytes = static_cast<std::size_t>(parser_.body_bytes()),
                              .response_bytes = response_bytes});
}

}  // namespace junctor
