#include "junctor/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/descriptor.h"
#include "junctor/failure.h"

namespace junctor {
namespace {

[[noreturn]] void cannot_read(const std::string& path, int error) {
  const FailureKind kind = error == ENOENT || error == ENOTDIR ? FailureKind::not_found
                           : error == EACCES                   ? FailureKind::denied
                                                               : FailureKind::unavailable;
  throw Failure(kind, path + " cannot be read: " + std::strerror(error));
}

struct OpenFile {
  OpenFile(std::string where, int handle) : path(std::move(where)), descriptor(handle) {}

  const std::string path;
  const Descriptor descriptor;
  off_t at = 0;
};

std::string name_in(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

UploadFile upload_of_path(const std::string& path, std::string content_type) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) cannot_read(path, errno);
  // Shared by the two functions of the upload and their copies.
  const auto file = std::make_shared<OpenFile>(path, descriptor);
  struct stat about{};
  if (fstat(descriptor, &about) != 0) cannot_read(path, errno);
  if (!S_ISREG(about.st_mode)) throw Failure(FailureKind::invalid, path + " is no file");
  // The kernel reads ahead, so that a piece is hardly waited for.
  posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  UploadFile out;
  out.filename = name_in(path);
  out.content_type = std::move(content_type);
  out.size_bytes = static_cast<std::uint64_t>(about.st_size);
  out.read = [file](Fiber&, std::span<char> into) -> std::size_t {
    const ssize_t count = pread(file->descriptor.get(), into.data(), into.size(), file->at);
    if (count < 0) cannot_read(file->path, errno);
    file->at += count;
    return static_cast<std::size_t>(count);
  };
  out.rewind = [file] { file->at = 0; };
  return out;
}

UploadFile upload_of_text(std::string content, std::string filename, std::string content_type) {
  struct Held {
    std::string text;
    std::size_t at = 0;
  };
  const auto held = std::make_shared<Held>(Held{std::move(content)});  // as above
  UploadFile out;
  out.filename = std::move(filename);
  out.content_type = std::move(content_type);
  out.size_bytes = held->text.size();
  out.read = [held](Fiber&, std::span<char> into) {
    const std::size_t count = std::min(into.size(), held->text.size() - held->at);
    std::copy_n(held->text.data() + held->at, count, into.data());
    held->at += count;
    return count;
  };
  out.rewind = [held] { held->at = 0; };
  return out;
}

}  // namespace junctor
