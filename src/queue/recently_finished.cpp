#include "queue/recently_finished.h"

namespace junctor::queue {

void RecentlyFinished::note(std::vector<Entry> finished) {
  std::lock_guard lock(mutex_);
  for (Entry& entry : finished) {
    if (ring_.size() < most) {
      ring_.emplace_back();
    } else {
      const auto oldest = places_.find(ring_[next_].seq);
      if (oldest != places_.end() && oldest->second == next_) places_.erase(oldest);
    }
    places_[entry.seq] = next_;
    ring_[next_] = std::move(entry);
    next_ = (next_ + 1) % most;
  }
}

std::optional<RecentlyFinished::Entry> RecentlyFinished::find(Position seq) const {
  std::lock_guard lock(mutex_);
  const auto found = places_.find(seq);
  if (found == places_.end()) return std::nullopt;
  return ring_[found->second];
}

}  // namespace junctor::queue
