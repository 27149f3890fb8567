#include "connector/rate_limiter.h"

#include <algorithm>

#include "connector/rate_bucket.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor::connector {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds look_again{1000};
constexpr milliseconds hear_every{1000};
// Shorter pauses are over before another process hears of them.
constexpr milliseconds worth_telling{1000};

// Waits in line; leaves it however the wait ends.
class Place final {
 public:
  Place(RateBucket& bucket, Priority priority) : bucket_(bucket), ticket_(bucket.stand_in_line(priority)) {}
  ~Place() { bucket_.leave_line(ticket_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  RateBucket::Turn take(RateLimiter::SteadyTime now) { return bucket_.take(ticket_, now); }

 private:
  RateBucket& bucket_;
  const RateBucket::Ticket ticket_;
};

LimitKey learned_key(const LimitedParty& party) {
  return {party.tenant, "learned/" + party.integration + "/" + party.connection};
}

// A limit of the whole integration counts the calls of every tenant together.
LimitKey key_of(const LimitedParty& party, const NamedLimit& named, const std::string& kind) {
  if (named.limit.scope == LimitScope::integration)
    return {default_tenant(), kind + "integration/" + party.integration + "#" + named.name};
  return {party.tenant, kind + "connection/" + party.integration + "/" + party.connection + "#" + named.name};
}

}  // namespace

struct RateLimiter::Wait {
  Priority priority;
  SteadyTime since;
  const Patience& patience;

  milliseconds left(SteadyTime now) const {
    return patience.most - std::chrono::duration_cast<milliseconds>(now - since);
  }
  // A short wait is worth no look: who ended its side and reads on gets its answer.
  bool given_up(SteadyTime now) const {
    return now - since >= look_again && patience.caller_ended && patience.caller_ended();
  }
};

RateLimiter::RateLimiter(LimitShare* share, std::function<SteadyTime()> now) : share_(share), now_(std::move(now)) {}
RateLimiter::~RateLimiter() = default;

RateLimiter::Permit RateLimiter::acquire(Fiber& fiber, const LimitedParty& party,
                                         const std::vector<NamedLimit>& limits, Priority priority,
                                         const Patience& patience) {
  const Wait wait{priority, now_(), patience};
  if (share_ != nullptr) hear_of_pauses(fiber);
  Permit permit;
  permit.owner_ = this;
  permit.learned_ = bucket(learned_key(party), RateLimit{}, Tokens::local);
  pass(fiber, *permit.learned_, wait);
  permit.buckets_.push_back(permit.learned_);
  for (const NamedLimit& named : limits) {
    const bool shared = share_ != nullptr && named.limit.requests > 0;
    auto one = bucket(key_of(party, named, ""), named.limit, shared ? Tokens::shared : Tokens::local);
    pass(fiber, *one, wait);
    permit.buckets_.push_back(std::move(one));
    if (named.limit.answers != LimitVoice::limit) continue;
    permit.learned_ = bucket(key_of(party, named, "learned/"), RateLimit{}, Tokens::local);
    pass(fiber, *permit.learned_, wait);
    permit.buckets_.push_back(permit.learned_);
  }
  return permit;
}

void RateLimiter::pass(Fiber& fiber, RateBucket& bucket, const Wait& wait) {
  if (bucket.take_at_once(now_())) return;
  Place place(bucket, wait.priority);
  milliseconds last{0};
  while (true) {
    // Before a token is taken. A client that only ended its own side still reads why.
    if (wait.given_up(now_()))
      throw Failure(FailureKind::overloaded, "the caller closed its side while the call waited for the provider's rate "
                                             "limit, so it was not sent")
          .retry_after(last);
    const std::uint64_t seen = bucket.changed.count();
    const RateBucket::Turn turn = place.take(now_());
    if (turn.kind == RateBucket::Turn::Kind::go) return;
    if (turn.kind == RateBucket::Turn::Kind::lease) {
      refill(fiber, bucket);
      continue;
    }
    if (turn.wait > wait.left(now_()))
      throw Failure(FailureKind::overloaded, "the provider's rate limit leaves no room within the time a call waits for it")
          .retry_after(turn.wait);
    if (turn.wait > fiber.time_left(turn.wait)) {
      throw Failure(FailureKind::overloaded, "the provider's rate limit leaves no room before the deadline")
          .retry_after(turn.wait);
    }
    last = turn.wait;
    bucket.changed.wait_for(fiber, seen, std::min(turn.wait, look_again));
  }
}

void RateLimiter::refill(Fiber& fiber, RateBucket& bucket) {
  const RateBucket::Wanted wanted = bucket.wanted(now_());
  LimitLease lease;
  try {
    lease = share_->lease(fiber, bucket.key(), bucket.limit(), wanted.tokens, wanted.unused);
  } catch (...) {
    bucket.lease_failed(wanted.unused);
    throw;
  }
  bucket.leased(lease, now_());
}

// One fiber at a time reads all pauses together, however many connections are in use. Who comes meanwhile waits for
// it: a call beside it would go past what it is about to hear.
void RateLimiter::hear_of_pauses(Fiber& fiber) {
  if (now_().time_since_epoch() - SteadyTime::duration(heard_at_.load()) < hear_every) return;
  const std::uint64_t seen = heard_.count();
  if (hearing_.exchange(true)) {
    heard_.wait_for(fiber, seen, hear_every);
    return;
  }
  // Also where it fails: with a store that is away not every call is to ask it.
  struct Hearing {
    RateLimiter& limiter;
    ~Hearing() {
      limiter.heard_at_ = limiter.now_().time_since_epoch().count();
      limiter.hearing_ = false;
      limiter.heard_.notify_all();
    }
  } const hearing{*this};
  for (const auto& [key, left] : share_->pauses(fiber)) bucket(key, RateLimit{}, Tokens::local)->pause(left, now_());
}

RateLimiter::Permit::~Permit() {
  for (const auto& bucket : buckets_) bucket->give_back_place();
}

void RateLimiter::Permit::learn(Fiber& fiber, const LimitNews& news, std::optional<milliseconds> retry_after) {
  if (!learned_) return;
  const auto now = owner_->now_();
  std::optional<milliseconds> pause = retry_after;
  if (!pause && news.remaining && *news.remaining <= 0) pause = news.reset_in;
  if (!pause) {
    if (news.remaining && news.reset_in) learned_->limit_to(*news.remaining, *news.reset_in, now);
    return;
  }
  learned_->pause(*pause, now);
  if (owner_->share_ != nullptr && *pause >= worth_telling) owner_->share_->pause(fiber, learned_->key(), *pause);
}

std::shared_ptr<RateBucket> RateLimiter::bucket(const LimitKey& key, const RateLimit& limit, Tokens tokens) {
  const std::lock_guard lock(mutex_);
  std::string name = key.tenant.text() + "/" + key.text;
  const auto known = buckets_.find(name);
  if (known != buckets_.end() && known->second->limit() == limit) return known->second;
  if (buckets_.size() >= most_buckets) forget_idle();
  const auto filling = tokens == Tokens::shared ? RateBucket::Filling::by_lease : RateBucket::Filling::by_time;
  auto fresh = std::make_shared<RateBucket>(key, limit, filling, now_());
  buckets_[std::move(name)] = fresh;
  return fresh;
}

void RateLimiter::forget_idle() {
  const auto now = now_();
  std::erase_if(buckets_, [now](const auto& entry) { return entry.second->can_be_forgotten(now); });
}

std::size_t RateLimiter::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace junctor::connector
