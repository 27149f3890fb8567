// Idempotency keys of publications that are under way in this process.
//
// The unique key in the database decides which of two publishers was first; this lets the second one
// know, while the first is still at work, that there is no answer to repeat yet.
//
// Threads: any thread.
// Lifetime: outlives its holds.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace junctor::queue {

class KeysInFlight final {
 public:
  // One publication's keys, from its arrival to its answer.
  class Hold final {
   public:
    Hold(Hold&& other) noexcept = default;
    Hold& operator=(Hold&&) = delete;
    ~Hold();

    // Those of the keys that another publication held when this one arrived.
    const std::vector<std::string>& contested() const { return contested_; }

   private:
    friend class KeysInFlight;
    Hold(KeysInFlight& owner, std::vector<std::string> keys) : owner_(owner), keys_(std::move(keys)) {}

    KeysInFlight& owner_;
    std::vector<std::string> keys_;
    std::vector<std::string> contested_;
  };

  [[nodiscard]] Hold hold(std::vector<std::string> keys);

 private:
  std::mutex mutex_;
  std::map<std::string, int> holders_;
};

}  // namespace junctor::queue
