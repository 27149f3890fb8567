#include "cli/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/crypto.h"
#include "junctor/failure.h"

namespace junctor::cli {
namespace {

class File {
 public:
  explicit File(const std::string& place)
      : name_(place == "-" ? "standard input" : place),
        handle_(place == "-" ? STDIN_FILENO : open(place.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (handle_ < 0) refuse(errno);
    struct stat info {};
    if (fstat(handle_, &info) == 0 && S_ISDIR(info.st_mode)) refuse(EISDIR);
  }
  ~File() {
    if (handle_ > STDIN_FILENO) close(handle_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::string& name() const { return name_; }

  std::size_t read_some(char* into, std::size_t bytes) {
    while (true) {
      const ssize_t count = read(handle_, into, bytes);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) refuse(errno);
    }
  }

 private:
  [[noreturn]] void refuse(int error) const {
    const auto kind = error == ENOENT ? FailureKind::not_found : error == EACCES ? FailureKind::denied : FailureKind::invalid;
    throw Failure(kind, fmt::format("{} cannot be read: {}", name_, std::strerror(error)));
  }

  std::string name_;
  int handle_;
};

}  // namespace

Secret read_text(const std::string& place, std::size_t most_bytes) {
  File file(place);
  // Never grows, so that no copy of it is left behind.
  std::string text(most_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const std::size_t count = file.read_some(text.data() + size, text.size() - size);
    if (count == 0) break;
    size += count;
  }
  Secret out(std::string_view(text).substr(0, std::min(size, most_bytes)));
  crypto::wipe(text);
  if (size > most_bytes)
    throw Failure(FailureKind::invalid, fmt::format("{} holds more than {} bytes", file.name(), most_bytes));
  return out;
}

}  // namespace junctor::cli
