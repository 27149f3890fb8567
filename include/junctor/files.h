// Files that go up with a call, and files that come down from one, piece by piece.
//
//   CallOptions options;
//   options.files["file"] = upload_of_path("/var/reports/may.pdf");
//   context.call("upload_file", JsonObject(), options);
//
//   options.download.take = [&](Fiber&, std::string_view piece) { out.write(piece.data(), piece.size()); };
//   Json told = context.call("get_invoice_pdf", {{"id", 7}}, options);   // {"bytes": 48211, "content_type": …}
//
// Threads: values for one call; their functions are called on its fiber.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace junctor {

class Fiber;

// A file that a caller hands in for a multipart part or a whole body.
struct UploadFile {
  std::string filename{};  // told to the provider; empty: the name of the part
  std::string content_type = "application/octet-stream";
  std::optional<std::uint64_t> size_bytes{};  // missing: it goes up in chunks, which not every provider takes
  // The next piece, 0 at the end. It may wait; what it throws ends the call.
  std::function<std::size_t(Fiber&, std::span<char>)> read{};
  // Back to the start, for another try; empty: only one try.
  std::function<void()> rewind{};
};

// By the name of the parameter.
using UploadFiles = std::map<std::string, UploadFile>;

// A file of this machine, by its own name, read while it goes up: it is not to change meanwhile. Throws
// Failure{not_found, denied} for one that cannot be read, {invalid} for what is no file.
UploadFile upload_of_path(const std::string& path, std::string content_type = "application/octet-stream");

// A file that is in memory already.
UploadFile upload_of_text(std::string content, std::string filename = {},
                          std::string content_type = "application/octet-stream");

// What is known of a download before its first byte, as the provider said it.
struct DownloadHead {
  std::string content_type{};         // empty: nothing was said
  std::string content_disposition{};  // likewise
  std::optional<std::uint64_t> size_bytes{};
};

// Where a download goes.
struct DownloadSink {
  // Once, when the error rules have found nothing: the answer is the file. Empty: nobody wants to know.
  std::function<void(const DownloadHead&)> begin{};
  // Piece by piece; while it waits the provider is held back. What it throws ends the call. A call that fails after
  // the first piece leaves half a file: whoever keeps it must wait for the end.
  std::function<void(Fiber&, std::string_view)> take{};

  explicit operator bool() const { return static_cast<bool>(take); }
};

}  // namespace junctor
