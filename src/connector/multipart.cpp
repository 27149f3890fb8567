#include "connector/multipart.h"

#include <algorithm>

#include "base/crypto.h"
#include "junctor/failure.h"

namespace junctor::connector {
namespace {

// As browsers write it: quotes and line ends as percent escapes.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += "%22";
    else if (c == '\r') out += "%0D";
    else if (c == '\n') out += "%0A";
    else out += c;
  }
  return out + "\"";
}

// A media type may come with an uploaded file: it must not begin further lines.
const std::string& one_line(const std::string& content_type, const std::string& part) {
  for (const char c : content_type)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F')
      throw Failure(FailureKind::invalid, "the content type of the part " + part + " is none");
  return content_type;
}

}  // namespace

MultipartBody::MultipartBody() : boundary_("junctor-" + crypto::to_hex(crypto::random_bytes(16))), pieces_(1) {}

void MultipartBody::head(const std::string& name, const std::string& filename, const std::string& content_type) {
  std::string& text = pieces_.back().text;
  text += "--" + boundary_ + "\r\nContent-Disposition: form-data; name=" + quoted(name);
  if (!filename.empty()) text += "; filename=" + quoted(filename);
  if (!content_type.empty()) text += "\r\nContent-Type: " + one_line(content_type, name);
  text += "\r\n\r\n";
}

void MultipartBody::add_field(const std::string& name, const std::string& value, const std::string& content_type) {
  head(name, "", content_type);
  pieces_.back().text += value + "\r\n";
}

void MultipartBody::add_file(const std::string& name, UploadFile file) {
  head(name, file.filename.empty() ? name : file.filename, file.content_type);
  pieces_.back().file = std::move(file);
  pieces_.push_back({"\r\n", {}});
}

void MultipartBody::put_into(ClientRequest& request) && {
  pieces_.back().text += "--" + boundary_ + "--\r\n";
  if (pieces_.size() == 1) {
    request.body = std::move(pieces_.front().text);
    return;
  }
  std::optional<std::uint64_t> total = 0;
  for (const Piece& piece : pieces_) {
    if (!piece.file.read) total = total ? std::optional(*total + piece.text.size()) : total;
    else if (!piece.file.size_bytes || !total) total.reset();
    else total = *total + piece.text.size() + *piece.file.size_bytes;
  }
  request.upload_bytes = total;
  struct Position {
    std::vector<Piece> pieces;
    std::size_t piece = 0;
    std::size_t sent = 0;  // of its text
  };
  // Held by value: a copy of the request begins at the first piece.
  request.upload = [at = Position{std::move(pieces_)}](Fiber& fiber, std::span<char> buffer) mutable -> std::size_t {
    while (at.piece < at.pieces.size()) {
      const Piece& piece = at.pieces[at.piece];
      if (at.sent < piece.text.size()) {
        const std::size_t count = std::min(buffer.size(), piece.text.size() - at.sent);
        std::copy_n(piece.text.data() + at.sent, count, buffer.data());
        at.sent += count;
        return count;
      }
      const std::size_t count = piece.file.read ? piece.file.read(fiber, buffer) : 0;
      if (count > 0) return count;
      ++at.piece;
      at.sent = 0;
    }
    return 0;
  };
}

}  // namespace junctor::connector
