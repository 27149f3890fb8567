// Any names, file names, media types and contents as a multipart body: a reader finds exactly these parts, with these
// contents, and no line in their heads that was not meant.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "async/scope.h"
#include "connector/multipart.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace {

using namespace junctor;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Part {
  bool file = false;
  std::string name, filename, type, content;
};

std::vector<Part> parts_of(std::string_view input) {
  const auto next = [&] {
    const auto end = input.find('\x1F');
    std::string text(input.substr(0, end));
    input.remove_prefix(end == input.npos ? input.size() : end + 1);
    return text;
  };
  std::vector<Part> out;
  while (!input.empty() && out.size() < 8) {
    Part part{next() == "f", next(), next(), next(), next()};
    if (!part.file) part.filename.clear();
    out.push_back(std::move(part));
  }
  return out;
}

std::string sent(const ClientRequest& request) {
  if (!request.upload) return std::get<std::string>(request.body);
  std::string out;
  run_in_fiber([&](Fiber& fiber) {
    char buffer[97];
    while (const std::size_t count = request.upload(fiber, buffer)) out.append(buffer, count);
  });
  require(!request.upload_bytes || *request.upload_bytes == out.size());
  return out;
}

void check_part(std::string_view text, const Part& part) {
  const auto end = text.find("\r\n\r\n");
  require(end != text.npos && text.substr(end + 4) == part.content);
  const std::string_view head = text.substr(0, end);
  require(head.starts_with("Content-Disposition: form-data; name=\""));
  const auto first = head.find("\r\n");
  const std::string_view disposition = head.substr(0, first);
  std::size_t quotes = 0;
  for (const char c : disposition) quotes += c == '"';
  require(quotes == (disposition.find("; filename=\"") == disposition.npos ? 2u : 4u));
  if (first == head.npos) return require(part.type.empty());
  require(head.substr(first) == "\r\nContent-Type: " + part.type);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2048) return 0;
  const std::vector<Part> parts = parts_of({reinterpret_cast<const char*>(data), size});
  connector::MultipartBody body;
  try {
    for (const Part& part : parts) {
      if (!part.file) {
        body.add_field(part.name, part.content, part.type);
        continue;
      }
      // The size is known for every other length, so that both ways are walked.
      std::size_t at = 0;
      std::optional<std::uint64_t> bytes;
      if (part.content.size() % 2 == 0) bytes = part.content.size();
      body.add_file(part.name, {part.filename, part.type, bytes, [&part, at](Fiber&, std::span<char> buffer) mutable {
                                  const std::size_t count = std::min(buffer.size(), part.content.size() - at);
                                  std::copy_n(part.content.data() + at, count, buffer.data());
                                  at += count;
                                  return count;
                                }, {}});
    }
  } catch (const Failure&) {
    return 0;
  }
  const std::string type = body.content_type();
  const std::string boundary = "--" + type.substr(type.find("boundary=") + 9);
  ClientRequest request;
  std::move(body).put_into(request);
  const std::string all = "\r\n" + sent(request);
  std::size_t at = 0;
  for (const Part& part : parts) {
    require(std::string_view(all).substr(at).starts_with("\r\n" + boundary + "\r\n"));
    at += boundary.size() + 4;
    const auto end = all.find("\r\n" + boundary, at);
    require(end != std::string::npos);
    check_part(std::string_view(all).substr(at, end - at), part);
    at = end;
  }
  require(std::string_view(all).substr(at) == "\r\n" + boundary + "--\r\n");
  return 0;
}
