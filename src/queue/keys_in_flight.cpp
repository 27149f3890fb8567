#include "queue/keys_in_flight.h"

#include <algorithm>

namespace junctor::queue {

KeysInFlight::Hold KeysInFlight::hold(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  Hold hold(*this, std::move(keys));
  std::lock_guard lock(mutex_);
  for (const std::string& key : hold.keys_)
    if (holders_[key]++ > 0) hold.contested_.push_back(key);
  return hold;
}

// A hold that was moved from has no keys left.
KeysInFlight::Hold::~Hold() {
  std::lock_guard lock(owner_.mutex_);
  for (const std::string& key : keys_) {
    const auto found = owner_.holders_.find(key);
    if (--found->second == 0) owner_.holders_.erase(found);
  }
}

}  // namespace junctor::queue
