// One refresh per connection at a time, and the pauses after one that failed.
#include <fmt/format.h>

#include <algorithm>

#include "auth/oauth/token_service.h"

namespace junctor::auth {
namespace {

constexpr std::chrono::milliseconds refresh_limit{60'000};

std::string message_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Failure& failure) {
    return failure.message();
  } catch (...) {
    return "an unexpected error";
  }
}

}  // namespace

std::shared_ptr<TokenService::Refresh> TokenService::join_flight(const ConnectionKey& key,
                                                                 std::int64_t seen,
                                                                 const SharedNotes& notes) {
  const std::lock_guard lock(mutex_);
  if (stopped_) throw Failure(FailureKind::cancelled, "the engine is stopping");
  auto& slot = flights_[key];
  if (slot) return slot;
  slot = std::make_shared<Refresh>();
  loop_.loop().post([this, key, seen, notes, flight = slot] {
    scope_->spawn([this, key, seen, notes, flight](Fiber& fiber) {
      fly(fiber, key, seen, notes, *flight);
    });
  });
  return slot;
}

void TokenService::fly(Fiber& fiber, const ConnectionKey& key, std::int64_t seen,
                       const SharedNotes& notes, Refresh& flight) {
  const DeadlineScope limit(fiber, refresh_limit);
  std::optional<LiveToken> token;
  std::exception_ptr error;
  try {
    token = refresh(fiber, key, seen, notes);
  } catch (...) {
    error = std::current_exception();
    if (!is_paused(key)) pause(key, {}, {});
    if (has_received(key)) store_later(key, message_of(error));
  }
  {
    const std::lock_guard lock(mutex_);
    flights_.erase(key);
    if (token) pauses_.erase(key);
    if (error) ++stats_.failures;
  }
  token ? flight.land(*token) : flight.fail(error);
}

void TokenService::pause(const ConnectionKey& key, std::chrono::milliseconds at_least,
                         std::string reason) {
  const std::lock_guard lock(mutex_);
  Pause& pause = pauses_.try_emplace(key).first->second;
  pause.length = pause.length.count() == 0 ? options_.failure_pause
                                           : std::min(2 * pause.length, options_.most_pause);
  pause.until = connections_.vault().clock().now() +
                std::max(pause.length, std::min(at_least, options_.longest_wait));
  pause.reason = std::move(reason);
}

bool TokenService::is_paused(const ConnectionKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto pause = pauses_.find(key);
  return pause != pauses_.end() && connections_.vault().clock().now() < pause->second.until;
}

void TokenService::require_no_pause(const ConnectionKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto pause = pauses_.find(key);
  if (pause == pauses_.end() || pause->second.reason.empty() || flights_.contains(key)) return;
  const auto left = pause->second.until - connections_.vault().clock().now();
  if (left.count() <= 0) return;
  throw Failure(FailureKind::unavailable,
                fmt::format("{}; it is asked again in {} s", pause->second.reason,
                            std::chrono::ceil<std::chrono::seconds>(left).count()))
      .retry_after(left);
}

}  // namespace junctor::auth
