// Time, behind a seam so that tests can move it.
//
// Threads: any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

namespace junctor {

// Wall time, in milliseconds since 1970 UTC: what is stored and shown.
using Timestamp = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

// The machine's clock.
const Clock& system_clock();

// A clock that stands still until somebody moves it.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Timestamp start) : milliseconds_(start.time_since_epoch().count()) {}
  Timestamp now() const override;
  void advance(std::chrono::milliseconds by) { milliseconds_ += by.count(); }

 private:
  std::atomic<std::int64_t> milliseconds_;
};

// "2026-11-21T03:00:00.123Z" (RFC 3339).
std::string to_string(Timestamp time);

}  // namespace junctor
