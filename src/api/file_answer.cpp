#include "api/file_answer.h"

#include <algorithm>

#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor::api {
namespace {

// What one write may take is bounded in time: a slow client gets its file in small ones.
constexpr std::size_t written_at_once_bytes = 16 * 1024;

bool fits_a_line(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7F';
  });
}

}  // namespace

DownloadSink FileAnswer::sink() {
  return {[this](const DownloadHead& head) { begin(head); },
          [this](Fiber& fiber, std::string_view piece) { hand_on(fiber, mask_->next(piece)); }};
}

// Of what the provider said only what describes the file. A browser is to take it as nothing but a file: it would
// be a page of the engine's own origin.
void FileAnswer::begin(const DownloadHead& head) {
  const auto credentials = secrets_.credentials();
  HttpResponse response;
  response.headers.set("Content-Type", fits_a_line(head.content_type) ? connector::masked(head.content_type, credentials)
                                                                      : "application/octet-stream");
  if (fits_a_line(head.content_disposition))
    response.headers.set("Content-Disposition", connector::masked(head.content_disposition, credentials));
  announced_bytes_ = head.size_bytes;
  if (head.size_bytes) response.headers.set("Content-Length", std::to_string(*head.size_bytes));
  response.headers.set("Accept-Ranges", "none");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
  response.headers.set(std::string(run_header), run_.to_string());
  writer_ = &request_.begin_answer(std::move(response));
  mask_.emplace(credentials);
}

void FileAnswer::finish(Fiber& fiber) {
  if (mask_) hand_on(fiber, mask_->rest());
}

void FileAnswer::give_last_byte(Fiber& fiber) { write(fiber, last_byte_); }

void FileAnswer::hand_on(Fiber& fiber, std::string_view piece) {
  if (announced_bytes_ && !piece.empty() && bytes_ + piece.size() == *announced_bytes_) {
    last_byte_ = piece.back();
    piece.remove_suffix(1);
  }
  write(fiber, piece);
}

void FileAnswer::write(Fiber& fiber, std::string_view piece) {
  try {
    while (!piece.empty()) {
      const std::string_view part = piece.substr(0, written_at_once_bytes);
      writer_->write(fiber, part);
      bytes_ += part.size();
      piece.remove_prefix(part.size());
    }
  } catch (const Failure& failure) {
    if (failure.kind() != FailureKind::unavailable) throw;
    client_left_ = true;
    throw Failure(FailureKind::unavailable, "the caller left after " + std::to_string(bytes_) + " bytes of the file");
  }
}

}  // namespace junctor::api
