#include "store/sqlite/running_mark.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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

}  // namespace junctor::sqlite
