#include "net/response_writer.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

#include "junctor/failure.h"

namespace junctor {
namespace {

constexpr std::size_t copy_up_to_bytes = 16 * 1024;

bool allows_body(int status) { return status >= 200 && status != 204 && status != 304; }

void check_field(const Header& field) {
  constexpr std::string_view breaks("\r\n\0", 3);
  if (field.name.find_first_of(breaks) != std::string::npos || field.name.empty() ||
      field.name.find(':') != std::string::npos ||
      field.value.find_first_of(breaks) != std::string::npos)
    throw Failure(FailureKind::bug, "a response header has a line break", field.name);
}

}  // namespace

ResponseWriter::ResponseWriter(Stream& stream, WriteWatch& watch, std::string& buffer,
                               const HttpResponse& response, const ResponseForm& form)
    : stream_(stream),
      watch_(watch),
      buffer_(buffer),
      response_(response),
      form_(form),
      keep_alive_(form.keep_alive) {
  decide_framing();
}

void ResponseWriter::decide_framing() {
  if (!allows_body(response_.status)) return;
  if (!response_.stream) {
    framing_ = Framing::length;
    length_ = response_.body.size();
    return;
  }
  if (const auto given = response_.headers.get("Content-Length")) {
    framing_ = Framing::length;
    std::from_chars(given->data(), given->data() + given->size(), length_);
  } else if (form_.version_minor >= 1) {
    framing_ = Framing::chunked;
  } else {
    framing_ = Framing::until_end;
    keep_alive_ = false;
  }
}

void ResponseWriter::append_head() {
  buffer_.clear();
  const std::string_view phrase = reason_phrase(response_.status);
  if (response_.status == 200) {
    buffer_ += "HTTP/1.1 200 OK\r\nDate: ";
  } else {
    fmt::format_to(std::back_inserter(buffer_), "HTTP/1.1 {} {}\r\nDate: ", response_.status,
                   phrase);
  }
  buffer_ += form_.date;
  buffer_ += "\r\n";
  for (const Header& field : response_.headers) {
    check_field(field);
    if (equal_ignoring_case(field.name, "Content-Length") ||
        equal_ignoring_case(field.name, "Transfer-Encoding") ||
        equal_ignoring_case(field.name, "Connection"))
      continue;
    buffer_.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (framing_ == Framing::length) {
    char digits[24];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), length_).ptr;
    buffer_.append("Content-Length: ").append(digits, end).append("\r\n");
  } else if (framing_ == Framing::chunked) {
    buffer_ += "Transfer-Encoding: chunked\r\n";
  }
  if (!keep_alive_) {
    buffer_ += "Connection: close\r\n";
  } else if (form_.version_minor == 0) {
    buffer_ += "Connection: keep-alive\r\n";
  }
  buffer_ += "\r\n";
}

void ResponseWriter::send(Fiber& fiber) {
  if (!response_.stream || form_.head_only || framing_ == Framing::none) {
    append_head();
    begun_ = true;
    const bool with_body = framing_ == Framing::length && !form_.head_only && !response_.stream;
    const std::string_view body = with_body ? std::string_view(response_.body) : std::string_view();
    body_bytes_ = body.size();
    if (body.size() <= copy_up_to_bytes) {
      buffer_ += body;
      return put(fiber, buffer_);
    }
    const std::string_view parts[] = {buffer_, body};
    return put(fiber, parts);
  }
  response_.stream(fiber, *this);
  finish(fiber);
}

void ResponseWriter::put(Fiber& fiber, std::span<const std::string_view> parts) {
  watch_.write_begins();
  stream_.write(fiber, parts);
  watch_.write_ends();
}

void ResponseWriter::begin(Fiber& fiber) {
  if (begun_) return;
  append_head();
  begun_ = true;
  put(fiber, buffer_);
}

void ResponseWriter::write(Fiber& fiber, std::string_view bytes) {
  begin(fiber);
  if (bytes.empty() || form_.head_only || framing_ == Framing::none) return;
  body_bytes_ += bytes.size();
  if (framing_ == Framing::length && body_bytes_ > length_)
    throw Failure(FailureKind::bug, "a streamed body is longer than its Content-Length");
  if (framing_ != Framing::chunked) return put(fiber, bytes);
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), bytes.size(), 16).ptr;
  const std::string_view parts[] = {
      {digits, static_cast<std::size_t>(end - digits)}, "\r\n", bytes, "\r\n"};
  put(fiber, parts);
}

void ResponseWriter::finish(Fiber& fiber) {
  begin(fiber);
  if (form_.head_only) return;
  if (framing_ == Framing::chunked) put(fiber, std::string_view("0\r\n\r\n"));
  if (framing_ == Framing::length && body_bytes_ < length_)
    throw Failure(FailureKind::bug, "a streamed body is shorter than its Content-Length");
}

}  // namespace junctor
