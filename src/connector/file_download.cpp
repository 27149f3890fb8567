#include "connector/file_download.h"

#include <charconv>
#include <utility>

#include "base/text.h"
#include "connector/answer.h"
#include "junctor/fiber.h"

namespace junctor::connector {
namespace {

// Beyond it, an answer is no error that says so in JSON.
constexpr std::size_t held_back_bytes = 64 * 1024;

DownloadHead head_of_download(const Headers& headers) {
  DownloadHead out;
  out.content_type = headers.get("Content-Type").value_or("");
  out.content_disposition = headers.get("Content-Disposition").value_or("");
  const auto length = headers.get("Content-Length");
  // Of a coded body it is another length than that of what comes out.
  if (!length || headers.contains("Content-Encoding")) return out;
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), bytes);
  if (error == std::errc() && end == length->data() + length->size()) out.size_bytes = bytes;
  return out;
}

}  // namespace

void FileDownload::take_answer_of(ClientRequest& request, std::function<bool(const ClientResponse&)> is_error) {
  request.most_download_bytes = call_.call.response.max_bytes ? call_.call.response.max_bytes->bytes : UINT64_MAX;
  request.on_head = [this, &request, is_error = std::move(is_error)](int status, const Headers& headers) {
    ClientResponse head;
    head.status = status;
    head.headers = headers;
    head.url = request.url;
    to_tell_ = head_of_download(headers);
    head_ = std::move(head);
    refused_ = is_error(head_);
  };
  request.download = [this](Fiber& fiber, std::string_view piece) { take(fiber, piece); };
}

void FileDownload::take(Fiber& fiber, std::string_view piece) {
  const bool suspect = refused_ || (!call_.errors.empty() && may_be_json(held_back_.empty() ? piece : held_back_));
  if (bytes_ == 0 && suspect) {
    const bool room = held_back_.size() + piece.size() <= held_back_bytes;
    if (!room && refused_) throw EnoughOfAnError();
    if (room) {
      held_back_ += piece;
      return;
    }
  }
  hand_on(fiber, std::exchange(held_back_, {}));
  hand_on(fiber, piece);
}

void FileDownload::hand_on(Fiber& fiber, std::string_view piece) {
  if (to_tell_ && scope_.download.begin) scope_.download.begin(*to_tell_);
  to_tell_.reset();
  if (piece.empty()) return;
  bytes_ += piece.size();
  scope_.download.take(fiber, piece);
}

Json FileDownload::output(const ClientResponse& response) const {
  JsonObject out{{"bytes", bytes_}};
  if (const auto type = response.headers.get("Content-Type")) out["content_type"] = as_utf8(std::string(*type));
  if (const auto name = response.headers.get("Content-Disposition")) out["content_disposition"] = as_utf8(std::string(*name));
  return out;
}

}  // namespace junctor::connector
