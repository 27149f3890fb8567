// Keeps calls within the limits of a provider, for everything that uses a connection together.
//
// A token bucket per limit of the definition, and one more per connection that only the provider's
// answers fill: RateLimit headers and 429 lower what is left and pause until the reset.
//
// Threads: any; many loops share one.
// Lifetime: outlives the permits it gave.
// Invariants:
//   1. Interactive calls go before background calls that wait for the same bucket; within each, first
//      come, first served.
//   2. A wait that would pass the fiber's deadline fails at once, with how long it would have been.
//   3. At most most_buckets are kept; idle full ones go first.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connector/retry_after.h"
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

class RateLimiter final {
 public:
  static constexpr std::size_t most_buckets = 20'000;
  using SteadyTime = std::chrono::steady_clock::time_point;

  explicit RateLimiter(std::function<SteadyTime()> now = std::chrono::steady_clock::now);
  ~RateLimiter();
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  struct Bucket;

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
    void learn(const LimitNews& news, std::optional<std::chrono::milliseconds> retry_after);

   private:
    friend class RateLimiter;
    std::vector<std::shared_ptr<Bucket>> buckets_;
    std::shared_ptr<Bucket> learned_;
    const RateLimiter* owner_ = nullptr;
  };

  // Waits for a token of every limit. connection: identifies tenant and connection; integration: the
  // slug. Throws Failure{overloaded} with retry_after (invariant 2), or as Fiber::check().
  Permit acquire(Fiber& fiber, const std::string& integration, const std::string& connection,
                 const std::vector<NamedLimit>& limits, Priority priority);

  std::size_t size() const;

 private:
  std::shared_ptr<Bucket> bucket(const std::string& key, const RateLimit& limit);
  void forget_idle();
  void pass(Fiber& fiber, Bucket& bucket, Priority priority);

  std::function<SteadyTime()> now_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Bucket>, std::less<>> buckets_;
};

}  // namespace junctor::connector
