#include "connector/rate_bucket.h"

#include <algorithm>
#include <cmath>

namespace junctor::connector {
namespace {

using std::chrono::milliseconds;

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

milliseconds in_seconds(double wait) { return milliseconds(static_cast<std::int64_t>(std::ceil(wait * 1000))); }

}  // namespace

RateBucket::RateBucket(LimitKey key, const RateLimit& limit, Filling filling, SteadyTime now)
    : key_(std::move(key)), limit_(limit), filling_(filling),
      capacity_(limit.burst > 0 ? limit.burst : std::max(limit.requests, 1)),
      tokens_(filling == Filling::by_time ? capacity_ : 0), filled_at_(now) {}

RateBucket::Ticket RateBucket::stand_in_line(Priority priority) {
  const std::lock_guard lock(mutex_);
  const Ticket ticket{priority, next_ticket_++};
  waiting_.insert(ticket);
  return ticket;
}

void RateBucket::leave_line(const Ticket& ticket) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.erase(ticket);
    if (waiting_.empty()) return;
  }
  changed.notify_all();
}

RateBucket::Turn RateBucket::take(const Ticket& ticket, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto place = static_cast<double>(std::distance(waiting_.begin(), waiting_.find(ticket)));
  const Turn turn = time_to_turn(place, now);
  if (turn.kind == Turn::Kind::go) use_token();
  if (turn.kind == Turn::Kind::lease) leasing_ = true;
  return turn;
}

bool RateBucket::take_at_once(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty() || time_to_turn(0, now).kind != Turn::Kind::go) return false;
  use_token();
  return true;
}

// The bucket is locked, here and below.
RateBucket::Turn RateBucket::time_to_turn(double place, SteadyTime now) {
  refill(now);
  if (const auto wait = provider_wait(place, now)) return {Turn::Kind::wait, *wait};
  if (limit_.requests > 0 && tokens_ < place + 1) {
    if (filling_ == Filling::by_time) return {Turn::Kind::wait, in_seconds((place + 1 - tokens_) / rate())};
    if (place == 0 && !leasing_ && next_lease_ <= now) return {Turn::Kind::lease, {}};
    const double before = std::max(0.0, seconds(next_lease_ - now));
    return {Turn::Kind::wait, std::max(milliseconds(1), in_seconds(before + place / rate()))};
  }
  // Somebody in front has not looked yet.
  if (place > 0) return {Turn::Kind::wait, milliseconds(50)};
  if (full()) return {Turn::Kind::wait, milliseconds(1000)};
  return {};
}

std::optional<milliseconds> RateBucket::provider_wait(double place, SteadyTime now) {
  if (paused_until_ && *paused_until_ > now) return std::chrono::ceil<milliseconds>(*paused_until_ - now);
  paused_until_.reset();
  if (!left_) return std::nullopt;
  if (left_until_ <= now) {
    left_.reset();
    return std::nullopt;
  }
  if (*left_ >= place + 1) return std::nullopt;
  return std::chrono::ceil<milliseconds>(left_until_ - now);
}

void RateBucket::use_token() {
  if (limit_.requests > 0) tokens_ -= 1;
  if (left_) *left_ -= 1;
  ++running_;
}

void RateBucket::give_back_place() {
  bool notify = false;
  {
    const std::lock_guard lock(mutex_);
    --running_;
    notify = !waiting_.empty();
  }
  if (notify) changed.notify_all();
}

void RateBucket::refill(SteadyTime now) {
  if (filling_ == Filling::by_time) {
    if (limit_.requests > 0) tokens_ = std::min(capacity_, tokens_ + rate() * seconds(now - filled_at_));
    filled_at_ = now;
  } else if (tokens_ > 0 && lease_ends_ <= now) {
    unused_ += static_cast<int>(tokens_);
    tokens_ = 0;
  }
}

double RateBucket::rate() const { return limit_.requests / std::max(0.001, seconds(limit_.per)); }

// Half a second's worth or a tenth of the burst: few round trips, and little that lies unused here while
// another process could use it.
RateBucket::Wanted RateBucket::wanted(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  refill(now);
  const double batch = std::max({1.0, std::ceil(rate() / 2), std::floor(capacity_ / 10)});
  const int unused = unused_;
  unused_ = 0;
  return {static_cast<int>(std::min(batch, capacity_)), unused};
}

void RateBucket::leased(const LimitLease& lease, SteadyTime now) {
  {
    const std::lock_guard lock(mutex_);
    leasing_ = false;
    tokens_ += lease.tokens;
    lease_ends_ = now + lease_time;
    next_lease_ = now + std::max(lease.wait, milliseconds(lease.tokens > 0 ? 0 : 5));
  }
  changed.notify_all();
}

void RateBucket::lease_failed(int unused) {
  {
    const std::lock_guard lock(mutex_);
    leasing_ = false;
    unused_ += unused;
  }
  changed.notify_all();
}

void RateBucket::pause(milliseconds duration, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  paused_until_ = std::max(paused_until_.value_or(now), now + duration);
}

// Calls under way may not be in the provider's count yet, so they are taken off; this one is in it.
void RateBucket::limit_to(std::int64_t remaining, milliseconds reset_in, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  left_ = std::max(0.0, static_cast<double>(remaining) - std::max(0, running_ - 1));
  left_until_ = now + reset_in;
}

bool RateBucket::can_be_forgotten(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  refill(now);
  const bool told = (paused_until_ && *paused_until_ > now) || (left_ && left_until_ > now);
  if (running_ > 0 || !waiting_.empty() || leasing_ || told) return false;
  if (filling_ == Filling::by_lease) return tokens_ < 1;
  return limit_.requests == 0 || tokens_ >= capacity_;
}

}  // namespace junctor::connector
