#include "junctor/secret.h"

#include <openssl/crypto.h>

#include <cstring>
#include <utility>

#include "base/secret_memory.h"

namespace junctor {

// A plain buffer rather than std::string: a short string would live inside the object and be left
// behind by a move. Its memory stays out of core dumps.
Secret::Secret(std::string_view text) {
  if (text.empty()) return;
  data_ = static_cast<char*>(secret_memory::take(text.size()));
  size_bytes_ = text.size();
  std::memcpy(data_, text.data(), text.size());
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_bytes_(std::exchange(other.size_bytes_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    data_ = std::exchange(other.data_, nullptr);
    size_bytes_ = std::exchange(other.size_bytes_, 0);
  }
  return *this;
}

Secret::~Secret() { wipe(); }

bool Secret::equals(std::string_view other) const {
  return other.size() == size_bytes_ && CRYPTO_memcmp(data_, other.data(), size_bytes_) == 0;
}

void Secret::wipe() noexcept {
  if (data_ == nullptr) return;
  secret_memory::give_back(data_, size_bytes_);
  data_ = nullptr;
  size_bytes_ = 0;
}

}  // namespace junctor
