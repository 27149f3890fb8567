#include "connector/secret_mask.h"

#include <algorithm>
#include <utility>

namespace junctor::connector {
namespace {

// How much at the end of bytes is the beginning of secret, and not all of it.
std::size_t overlap(std::string_view bytes, std::string_view secret) {
  const std::size_t most = std::min(bytes.size(), secret.size() - 1);
  for (std::size_t at = bytes.size() - most; (at = bytes.find(secret.front(), at)) != std::string_view::npos; ++at)
    if (secret.starts_with(bytes.substr(at))) return bytes.size() - at;
  return 0;
}

}  // namespace

SecretMask::SecretMask(const std::vector<std::string_view>& secrets) {
  for (const std::string_view one : secrets)
    if (!one.empty()) secrets_.emplace_back(one);
}

std::string_view SecretMask::next(std::string_view piece) {
  if (secrets_.empty()) return piece;
  bytes_.erase(0, given_);
  masked_.erase(0, given_);
  bytes_ += piece;
  masked_ += piece;
  for (const Secret& secret : secrets_) mask(secret.reveal());
  given_ = bytes_.size() - beginning_of_one();
  return std::string_view(masked_).substr(0, given_);
}

std::string_view SecretMask::rest() { return std::string_view(masked_).substr(std::exchange(given_, bytes_.size())); }

void SecretMask::mask(std::string_view secret) {
  for (std::size_t at = 0; (at = bytes_.find(secret, at)) != std::string::npos; ++at)
    std::fill_n(masked_.begin() + static_cast<std::ptrdiff_t>(at), secret.size(), '*');
}

std::size_t SecretMask::beginning_of_one() const {
  std::size_t most = 0;
  for (const Secret& secret : secrets_) most = std::max(most, overlap(bytes_, secret.reveal()));
  return most;
}

std::string masked(std::string_view bytes, const std::vector<std::string_view>& secrets) {
  SecretMask mask(secrets);
  std::string out(mask.next(bytes));
  return out += mask.rest();
}

}  // namespace junctor::connector
