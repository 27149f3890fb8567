#include "store/postgres/write_queue.h"

#include <algorithm>

#include "junctor/failure.h"

namespace junctor::postgres {
namespace {

constexpr std::chrono::microseconds most_linger{400};
// Of one transaction.
constexpr std::size_t most_together = 1'024;
constexpr std::size_t most_bytes_together = std::size_t{16} << 20;

}  // namespace

void WriteQueue::push(StoreJob& job) {
  std::lock_guard lock(mutex_);
  if (stopping_) throw Failure(FailureKind::unavailable, "the database is being closed");
  if (waiting_ >= most_waiting_)
    throw Failure(FailureKind::overloaded, "too many transactions are waiting; try again later")
        .retry_after(std::chrono::seconds(1));
  ++waiting_;
  if (job.kind == nullptr) {
    turns_.push_back({&job, nullptr});
    return changed_.notify_one();
  }
  Kind& kind = kinds_[job.kind];
  kind.waiting.push_back(&job);
  if (!kind.taken) {
    kind.taken = true;
    turns_.push_back({nullptr, &kind});
    return changed_.notify_one();
  }
  if (kind.waiting.size() >= kind.wanted) kind.arrived.notify_one();
}

WriteQueue::Jobs WriteQueue::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !turns_.empty(); });
  if (turns_.empty()) return {};
  const Turn turn = turns_.front();
  turns_.pop_front();
  if (turn.kind != nullptr) return take_kind(lock, *turn.kind);
  --waiting_;
  return {turn.job};
}

WriteQueue::Jobs WriteQueue::take_kind(std::unique_lock<std::mutex>& lock, Kind& kind) {
  if (kind.waiting.size() < kind.wanted)
    kind.arrived.wait_for(lock, most_linger,
                          [&] { return stopping_ || kind.waiting.size() >= kind.wanted; });
  Jobs jobs;
  std::size_t bytes = 0;
  while (!kind.waiting.empty() && jobs.size() < most_together) {
    bytes += kind.waiting.front()->bytes;
    if (!jobs.empty() && bytes > most_bytes_together) break;
    jobs.push_back(kind.waiting.front());
    kind.waiting.pop_front();
  }
  waiting_ -= jobs.size();
  return jobs;
}

void WriteQueue::done(const void* key, std::size_t count) {
  if (key == nullptr) return;
  std::lock_guard lock(mutex_);
  Kind& kind = kinds_[key];
  kind.wanted = count > 1 ? count * 15 / 16 : 1;
  kind.taken = !kind.waiting.empty();
  if (!kind.taken) return;
  turns_.push_back({nullptr, &kind});
  changed_.notify_one();
}

std::size_t WriteQueue::size() const {
  std::lock_guard lock(mutex_);
  return waiting_;
}

void WriteQueue::stop() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
  for (auto& [key, kind] : kinds_) kind.arrived.notify_all();
}

}  // namespace junctor::postgres
