// Keeps calls within the limits of a provider, for everything that uses a connection together.
//
// A token bucket per limit of the definition, and one more per connection that only the provider's
// answers fill: RateLimit headers lower what is left until the reset, 429 and 503 pause.
//
// With a LimitShare the tokens come from the store, a small batch at a time, so that all processes on one
// store share a limit without asking it for every call (docs/connectors.md says how exactly).
//
// Threads: any; many loops share one.
// Lifetime: outlives the permits it gave; the share outlives it.
// Invariants:
//   1. Interactive calls go before background calls that wait for the same bucket; within each, first
//      come, first served.
//   2. A wait that would pass the fiber's deadline, or the caller's patience, fails at once, with how long it would
//      have been.
//   3. At most most_buckets are kept; idle full ones go first.
//   4. At most one fiber per bucket asks the store.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "async/signal.h"
#include "connector/ports.h"
#include "net/retry_after.h"
#include "junctor/definition/parts.h"

namespace junctor {
class Fiber;
}

namespace junctor::connector {

enum class Priority { interactive, background };

// A declared limit and what tells it from the others of its integration.
struct NamedLimit {
  std::string name;
  RateLimit limit;
};

// How long a call may wait for its turn.
struct Patience {
  std::chrono::milliseconds most = std::chrono::milliseconds::max();
  std::function<bool()> caller_ended = {};  // looked at after each second; empty: somebody waits for it
};

// Who calls.
struct LimitedParty {
  TenantId tenant;
  std::string integration;  // slug
  std::string connection;   // id; empty without one
};

class RateBucket;

class RateLimiter final {
 public:
  static constexpr std::size_t most_buckets = 20'000;
  using SteadyTime = std::chrono::steady_clock::time_point;

  explicit RateLimiter(LimitShare* share = nullptr,
                       std::function<SteadyTime()> now = std::chrono::steady_clock::now);
  ~RateLimiter();
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // The right to make one call; gives back its places among the concurrent ones.
  //
  // Lifetime: shares its buckets with the limiter, which may forget them while calls are under way.
  class Permit final {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept = default;
    Permit& operator=(Permit&&) = delete;
    ~Permit();
    // What the answer said. retry_after: of a 429 or 503.
    void learn(Fiber& fiber, const LimitNews& news, std::optional<std::chrono::milliseconds> retry_after);

   private:
    friend class RateLimiter;
    std::vector<std::shared_ptr<RateBucket>> buckets_;
    std::shared_ptr<RateBucket> learned_;
    RateLimiter* owner_ = nullptr;
  };

  // Waits for a token of every limit. Throws Failure{overloaded} with retry_after (invariant 2, and when the caller
  // ends meanwhile), what the share throws, or as Fiber::check().
  Permit acquire(Fiber& fiber, const LimitedParty& party, const std::vector<NamedLimit>& limits, Priority priority,
                 const Patience& patience = {});

  std::size_t size() const;

 private:
  enum class Tokens { local, shared };
  std::shared_ptr<RateBucket> bucket(const LimitKey& key, const RateLimit& limit, Tokens tokens);
  void forget_idle();
  struct Wait;
  void pass(Fiber& fiber, RateBucket& bucket, const Wait& wait);
  void refill(Fiber& fiber, RateBucket& bucket);
  void hear_of_pauses(Fiber& fiber);

  LimitShare* share_;
  std::function<SteadyTime()> now_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<RateBucket>, std::less<>> buckets_;
  std::atomic<SteadyTime::rep> heard_at_{0};
  std::atomic<bool> hearing_{false};
  Signal heard_;
};

}  // namespace junctor::connector
