#include "connector/rate_limiter.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "async/signal.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor::connector {

using std::chrono::milliseconds;
using Nanoseconds = std::chrono::nanoseconds;

// requests 0: only pauses and concurrency count.
struct RateLimiter::Bucket {
  explicit Bucket(const RateLimit& declared, SteadyTime start)
      : limit(declared), capacity(declared.burst > 0 ? declared.burst : std::max(declared.requests, 1)),
        tokens(capacity), filled_at(start) {}

  void refill(SteadyTime now) {
    if (limit.requests > 0) tokens = std::min(capacity, tokens + rate() * seconds(now - filled_at));
    filled_at = now;
  }
  double rate() const { return limit.requests / std::max(0.001, seconds(limit.per)); }
  static double seconds(Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

  bool idle() const { return running == 0 && waiting.empty(); }

  std::mutex mutex;
  RateLimit limit;
  double capacity;
  double tokens;
  SteadyTime filled_at;
  std::optional<SteadyTime> paused_until;
  int running = 0;
  std::uint64_t next_ticket = 0;
  std::set<std::pair<Priority, std::uint64_t>> waiting;
  Signal changed;
};

namespace {

using Bucket = RateLimiter::Bucket;
using Ticket = std::pair<Priority, std::uint64_t>;

// How long until this ticket's turn; nullopt: now. The bucket is locked.
std::optional<milliseconds> time_to_turn(Bucket& bucket, const Ticket& ticket, RateLimiter::SteadyTime now) {
  bucket.refill(now);
  if (bucket.paused_until && *bucket.paused_until > now) {
    return std::chrono::ceil<milliseconds>(*bucket.paused_until - now);
  }
  bucket.paused_until.reset();
  const auto place = static_cast<double>(std::distance(bucket.waiting.begin(), bucket.waiting.find(ticket)));
  if (bucket.limit.requests > 0 && bucket.tokens < place + 1) {
    const double wait = (place + 1 - bucket.tokens) / bucket.rate();
    return milliseconds(static_cast<std::int64_t>(std::ceil(wait * 1000)));
  }
  if (place > 0) return milliseconds(50);  // somebody in front has not looked yet
  const bool full = bucket.limit.concurrent > 0 && bucket.running >= bucket.limit.concurrent;
  return full ? std::optional(milliseconds(1000)) : std::nullopt;
}

// Waits in line; leaves it however the wait ends.
class Place final {
 public:
  Place(Bucket& bucket, Priority priority) : bucket_(bucket) {
    const std::lock_guard lock(bucket_.mutex);
    ticket_ = {priority, bucket_.next_ticket++};
    bucket_.waiting.insert(ticket_);
  }
  ~Place() {
    {
      const std::lock_guard lock(bucket_.mutex);
      bucket_.waiting.erase(ticket_);
      if (bucket_.waiting.empty()) return;
    }
    bucket_.changed.notify_all();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  // Takes a token and a place among the running, or says how long to wait.
  std::optional<milliseconds> take(RateLimiter::SteadyTime now) {
    const std::lock_guard lock(bucket_.mutex);
    const auto wait = time_to_turn(bucket_, ticket_, now);
    if (wait) return wait;
    if (bucket_.limit.requests > 0) bucket_.tokens -= 1;
    ++bucket_.running;
    return std::nullopt;
  }

 private:
  Bucket& bucket_;
  Ticket ticket_;
};

// One look without waiting, when nobody is in line.
bool take_at_once(Bucket& bucket, RateLimiter::SteadyTime now) {
  const std::lock_guard lock(bucket.mutex);
  if (!bucket.waiting.empty()) return false;
  bucket.refill(now);
  const bool paused = bucket.paused_until && *bucket.paused_until > now;
  const bool full = bucket.limit.concurrent > 0 && bucket.running >= bucket.limit.concurrent;
  const bool dry = bucket.limit.requests > 0 && bucket.tokens < 1;
  if (paused || full || dry) return false;
  if (bucket.limit.requests > 0) bucket.tokens -= 1;
  ++bucket.running;
  return true;
}

}  // namespace

RateLimiter::RateLimiter(std::function<SteadyTime()> now) : now_(std::move(now)) {}
RateLimiter::~RateLimiter() = default;

RateLimiter::Permit::~Permit() {
  for (const auto& bucket : buckets_) {
    bool notify = false;
    {
      const std::lock_guard lock(bucket->mutex);
      --bucket->running;
      notify = !bucket->waiting.empty();
    }
    if (notify) bucket->changed.notify_all();
  }
}

void RateLimiter::Permit::learn(const LimitNews& news, std::optional<milliseconds> retry_after) {
  if (!learned_) return;
  const auto now = owner_->now_();
  const std::lock_guard lock(learned_->mutex);
  std::optional<milliseconds> pause = retry_after;
  if (!pause && news.remaining && *news.remaining == 0) pause = news.reset_in;
  if (pause) learned_->paused_until = std::max(learned_->paused_until.value_or(now), now + *pause);
}

std::shared_ptr<Bucket> RateLimiter::bucket(const std::string& key, const RateLimit& limit) {
  const std::lock_guard lock(mutex_);
  const auto known = buckets_.find(key);
  if (known != buckets_.end() && known->second->limit == limit) return known->second;
  if (buckets_.size() >= most_buckets) forget_idle();
  auto fresh = std::make_shared<Bucket>(limit, now_());
  buckets_[key] = fresh;
  return fresh;
}

void RateLimiter::forget_idle() {
  const auto now = now_();
  std::erase_if(buckets_, [now](const auto& entry) {
    Bucket& one = *entry.second;
    const std::lock_guard lock(one.mutex);
    one.refill(now);
    const bool paused = one.paused_until && *one.paused_until > now;
    return one.idle() && !paused && (one.limit.requests == 0 || one.tokens >= one.capacity);
  });
}

void RateLimiter::pass(Fiber& fiber, Bucket& bucket, Priority priority) {
  if (take_at_once(bucket, now_())) return;
  Place place(bucket, priority);
  while (true) {
    const std::uint64_t seen = bucket.changed.count();
    const auto wait = place.take(now_());
    if (!wait) return;
    if (*wait > fiber.time_left(*wait)) {
      throw Failure(FailureKind::overloaded, "the provider's rate limit leaves no room before the deadline")
          .retry_after(*wait);
    }
    constexpr milliseconds look_again{1000};
    bucket.changed.wait_for(fiber, seen, std::min(*wait, look_again));
  }
}

RateLimiter::Permit RateLimiter::acquire(Fiber& fiber, const std::string& integration,
                                         const std::string& connection,
                                         const std::vector<NamedLimit>& limits, Priority priority) {
  Permit permit;
  permit.owner_ = this;
  permit.learned_ = bucket("learned/" + integration + "/" + connection, RateLimit{});
  pass(fiber, *permit.learned_, priority);
  permit.buckets_.push_back(permit.learned_);
  for (const NamedLimit& named : limits) {
    const std::string scope = named.limit.scope == LimitScope::integration ? "" : "/" + connection;
    auto one = bucket("limit/" + integration + scope + "#" + named.name, named.limit);
    pass(fiber, *one, priority);
    permit.buckets_.push_back(std::move(one));
  }
  return permit;
}

std::size_t RateLimiter::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace junctor::connector
