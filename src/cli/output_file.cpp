#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/descriptor.h"
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
  look_at_what_is_there();
  temporary_ = path_ + ".XXXXXX";
  descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ >= 0) return;
  const int error = errno;
  temporary_.clear();
  fail(error);
}

// A pipe, a device or a folder is nobody's to replace; of a link the file that it names is.
void OutputFile::look_at_what_is_there() {
  struct stat there{};
  if (stat(path_.c_str(), &there) != 0) {
    if (lstat(path_.c_str(), &there) == 0) throw Failure(FailureKind::conflict, path_ + " is a link to nothing");
    return;
  }
  if (!S_ISREG(there.st_mode))
    throw Failure(FailureKind::conflict, path_ + " is no file that can be replaced; `-` writes to the standard output");
  if (existing_ == Existing::kept) exists(path_);
  permissions_ = there.st_mode & 07777;
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path_.c_str(), nullptr), &std::free);
  if (real == nullptr) fail(errno);
  path_ = real.get();
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
  if (!write_all(descriptor_, bytes)) fail(errno);
}

void OutputFile::finish() {
  if (to_terminal()) return;
  if (fchmod(descriptor_, permissions_.value_or(usual_permissions())) != 0 || fsync(descriptor_) != 0) fail(errno);
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
