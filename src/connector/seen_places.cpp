#include "connector/seen_places.h"

#include <bit>
#include <cstring>

#include "base/crypto.h"

namespace junctor::connector {
namespace {

std::uint64_t digest_of(std::string_view place) {
  const std::string bytes = crypto::hash(crypto::Digest::sha256, place);
  std::uint64_t out = 0;
  std::memcpy(&out, bytes.data(), sizeof out);
  return out;
}

}  // namespace

bool SeenPlaces::comes_again(std::string_view place) {
  const std::uint64_t digest = digest_of(place);
  if (count_ > 0 && digest == mark_) return true;
  if (!recent_.insert(digest).second) return true;
  order_.push_back(digest);
  if (order_.size() > most_remembered) {
    recent_.erase(order_.front());
    order_.pop_front();
  }
  if (std::has_single_bit(++count_)) mark_ = digest;
  return false;
}

}  // namespace junctor::connector
