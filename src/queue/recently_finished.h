// Who finished what a moment ago, so that acknowledging twice can be answered with when and by whom.
//
// A finished message leaves no row. What is forgotten here (the oldest, and everything at a restart) is
// still known to be finished, only not since when.
//
// Threads: any thread.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "queue/types.h"

namespace junctor::queue {

class RecentlyFinished final {
 public:
  static constexpr std::size_t most = 8'192;

  struct Entry {
    Position seq = 0;
    Timestamp at{};
    std::string consumer;
  };

  void note(std::vector<Entry> finished);
  std::optional<Entry> find(Position seq) const;

 private:
  mutable std::mutex mutex_;
  std::vector<Entry> ring_;
  std::size_t next_ = 0;
  std::unordered_map<Position, std::size_t> places_;
};

}  // namespace junctor::queue
