// An open file that closes itself, and writing all of a text to one.
//
// Threads: as the file.
#pragma once

#include <unistd.h>

#include <string_view>

namespace junctor {

class Descriptor final {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// However many writes it takes. False: errno says why, and a part may have been written.
bool write_all(int fd, std::string_view bytes);

}  // namespace junctor
