// Write closures on their way to the pool: bounded, first come, first served; requests of one kind that
// wait at the same time leave together.
//
// One thread at a time works on a kind: meanwhile the next ones gather, and one transaction carries them
// all. After n of them a thread waits up to 0.4 ms for as many again, whose callers are on the way back.
//
// Threads: any thread pushes; the store's threads take.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "store/store.h"

namespace junctor::postgres {

class WriteQueue final {
 public:
  using Jobs = std::vector<StoreJob*>;

  explicit WriteQueue(std::size_t most_waiting) : most_waiting_(most_waiting) {}

  // Throws Failure{overloaded} when full, {unavailable} after stop().
  void push(StoreJob& job);
  // What one transaction shall do: one closure, or requests of one kind. Empty once stopped and empty.
  Jobs take();
  // After the transaction: `kind` and number of what take() gave.
  void done(const void* kind, std::size_t count);
  std::size_t size() const;
  void stop();

 private:
  struct Kind {
    std::deque<StoreJob*> waiting;
    std::condition_variable arrived;
    std::size_t wanted = 1;
    bool taken = false;  // by a thread, or it has its turn in turns_
  };
  // A closure, or a kind whose requests are taken when a thread comes to it.
  struct Turn {
    StoreJob* job = nullptr;
    Kind* kind = nullptr;
  };

  Jobs take_kind(std::unique_lock<std::mutex>& lock, Kind& kind);

  const std::size_t most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Turn> turns_;
  std::unordered_map<const void*, Kind> kinds_;
  std::size_t waiting_ = 0;
  bool stopping_ = false;
};

}  // namespace junctor::postgres
