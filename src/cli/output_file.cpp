#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "junctor/failure.h"

namespace junctor {
namespace {

[[noreturn]] void exists(const std::string& path) {
  throw Failure(FailureKind::conflict, path + " exists already; choose another name, or say --replace");
}

// As a file that a program makes usually has them.
mode_t usual_permissions() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

}  // namespace

OutputFile::OutputFile(std::string path, Existing existing) : path_(std::move(path)), existing_(existing) {
  if (to_terminal()) {
    descriptor_ = STDOUT_FILENO;
    return;
  }
  struct stat there{};
  const bool taken = lstat(path_.c_str(), &there) == 0;
  if (taken && existing_ == Existing::kept) exists(path_);
  if (taken && S_ISDIR(there.st_mode)) throw Failure(FailureKind::conflict, path_ + " is a folder");
  temporary_ = path_ + ".XXXXXX";
  descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ >= 0) return;
  const int error = errno;
  temporary_.clear();
  fail(error);
}

OutputFile::~OutputFile() {
  if (to_terminal()) return;
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void OutputFile::fail(int error) const {
  const FailureKind kind = error == ENOSPC || error == EDQUOT   ? FailureKind::no_space
                           : error == EACCES || error == EROFS ? FailureKind::denied
                           : error == ENOENT                   ? FailureKind::not_found
                                                               : FailureKind::unavailable;
  throw Failure(kind, (to_terminal() ? std::string("standard output") : path_) + " cannot be written: " + std::strerror(error));
}

void OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void OutputFile::finish() {
  if (to_terminal()) return;
  if (fchmod(descriptor_, usual_permissions()) != 0 || fsync(descriptor_) != 0) fail(errno);
  if (existing_ == Existing::replaced) {
    if (rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
    temporary_.clear();
    return;
  }
  // A link is made only where nothing stands; the temporary name goes with this object.
  if (link(temporary_.c_str(), path_.c_str()) == 0) return;
  if (errno == EEXIST) exists(path_);
  // A file system without links.
  if (renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) fail(errno);
  temporary_.clear();
}

}  // namespace junctor
