#include "store/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "junctor/failure.h"

namespace junctor {
namespace {

[[noreturn]] void fail(int error, const std::string& path) {
  throw Failure(error == ENOSPC || error == EDQUOT ? FailureKind::no_space : FailureKind::unavailable,
                "cannot write " + path + ": " + std::system_category().message(error));
}

}  // namespace

void sync_file(const std::string& path) {
  const int file = ::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!synced) fail(error, path);
}

void rename_synced(const std::string& from, const std::string& to) {
  sync_file(from);
  if (std::rename(from.c_str(), to.c_str()) != 0) fail(errno, to);
  sync_file(std::filesystem::path(to).parent_path());
}

}  // namespace junctor
