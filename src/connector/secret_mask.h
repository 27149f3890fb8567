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
  // Of the same length: what came, in which secrets are looked for (one may begin with another, or in it), and what
  // is handed on. Both begin with what was given last.
  std::string bytes_, masked_;
  std::size_t given_ = 0;
};

// The whole at once.
std::string masked(std::string_view bytes, const std::vector<std::string_view>& secrets);

}  // namespace junctor::connector
