// Bytes on their way to somebody, without the secrets that they repeat: every byte of one becomes "*", so that the
// length that was announced stays true.
//
// Threads: one owner.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "junctor/secret.h"

namespace junctor::connector {

class SecretMask final {
 public:
  explicit SecretMask(const std::vector<std::string_view>& secrets);

  // What may go on of all that came, valid until the next call. What may be the beginning of a secret is kept back
  // for the next piece; without secrets that is the piece itself.
  std::string_view next(std::string_view piece);
  // What was kept back, when nothing comes any more.
  std::string_view rest();

 private:
  void mask(std::string_view secret);
  std::size_t beginning_of_one() const;

  std::vector<Secret> secrets_;
  std::string bytes_;      // not handed on yet, behind what was
  std::size_t given_ = 0;  // of bytes_
};

}  // namespace junctor::connector
