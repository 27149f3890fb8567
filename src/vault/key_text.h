// The text of root keys while it is read: nothing of it stays behind.
//
// Threads: values.
#pragma once

#include <openssl/crypto.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace junctor::vault {

// Zeroed at its end, also when reading fails.
class KeyText final {
 public:
  KeyText() = default;
  ~KeyText() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  KeyText(const KeyText&) = default;
  KeyText& operator=(const KeyText&) = default;

  // What read(2) answers; what was read stands behind the rest.
  ssize_t read_from(int fd) {
    const ssize_t count = ::read(fd, bytes_.data() + size_, bytes_.size() - size_);
    if (count > 0) size_ += static_cast<std::size_t>(count);
    return count;
  }
  // No list of keys is longer; nothing more can be read then.
  bool is_too_long() const { return size_ == bytes_.size(); }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 4096> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace junctor::vault
