// One token bucket with its queue of those who wait; what rate_limiter.h is made of.
//
// Threads: any thread; every function takes the lock.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "async/signal.h"
#include "connector/rate_limiter.h"

namespace junctor::connector {

class RateBucket final {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;
  // How long leased tokens may be used before they go back.
  static constexpr milliseconds lease_time{10'000};

  enum class Filling { by_time, by_lease };
  RateBucket(LimitKey key, const RateLimit& limit, Filling filling, SteadyTime now);

  const LimitKey& key() const { return key_; }
  const RateLimit& limit() const { return limit_; }

  using Ticket = std::pair<Priority, std::uint64_t>;
  Ticket stand_in_line(Priority priority);
  void leave_line(const Ticket& ticket);

  // What the one with this ticket does next.
  struct Turn {
    enum class Kind { go, wait, lease } kind = Kind::go;
    milliseconds wait{0};
  };
  // go: a token and a place among the running are taken. lease: the caller, and nobody else, asks the
  // store and then calls leased() or lease_failed().
  Turn take(const Ticket& ticket, SteadyTime now);
  // One look without standing in line; false when somebody waits or it cannot be now.
  bool take_at_once(SteadyTime now);
  void give_back_place();

  struct Wanted {
    int tokens = 0;
    int unused = 0;
  };
  Wanted wanted(SteadyTime now);
  void leased(const LimitLease& lease, SteadyTime now);
  void lease_failed(int unused);

  // What the provider said.
  void pause(milliseconds duration, SteadyTime now);
  void limit_to(std::int64_t remaining, milliseconds reset_in, SteadyTime now);

  bool can_be_forgotten(SteadyTime now);

  Signal changed;

 private:
  void refill(SteadyTime now);
  double rate() const;  // tokens per second
  std::optional<milliseconds> provider_wait(double place, SteadyTime now);
  Turn time_to_turn(double place, SteadyTime now);
  bool full() const { return limit_.concurrent > 0 && running_ >= limit_.concurrent; }
  void use_token();

  const LimitKey key_;
  const RateLimit limit_;
  const Filling filling_;
  const double capacity_;
  std::mutex mutex_;
  double tokens_;
  SteadyTime filled_at_;
  int unused_ = 0;          // of a lease that has ended
  SteadyTime lease_ends_{};
  SteadyTime next_lease_{}; // the store had none before
  bool leasing_ = false;
  std::optional<SteadyTime> paused_until_;
  std::optional<double> left_;  // by the provider's count, until left_until_
  SteadyTime left_until_{};
  int running_ = 0;
  std::uint64_t next_ticket_ = 0;
  std::set<Ticket> waiting_;
};

}  // namespace junctor::connector
