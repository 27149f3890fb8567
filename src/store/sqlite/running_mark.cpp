#include "store/sqlite/running_mark.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

#include "junctor/failure.h"

namespace junctor::sqlite {

// Only the holder of the file's lock judges and clears; a second process beside it is a guest.
RunningMark::RunningMark(const std::string& database_path) : path_(database_path + "-running") {
  const bool existed = ::access(path_.c_str(), F_OK) == 0;
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) return;
  owner_ = ::flock(file_, LOCK_EX | LOCK_NB) == 0;
  was_unclean_ = owner_ && existed;
}

RunningMark::~RunningMark() {
  if (file_ >= 0) ::close(file_);
}

void RunningMark::clear() {
  if (owner_) ::unlink(path_.c_str());
}

void sync_file(const std::string& path) {
  const int file = ::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!synced)
    throw Failure(error == ENOSPC ? FailureKind::no_space : FailureKind::unavailable,
                  "cannot write to disk", path + ": " + std::system_category().message(error));
}

}  // namespace junctor::sqlite
