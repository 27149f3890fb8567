// Tokens on their way into the store, which may refuse them for a while.
#include "auth/oauth/token_service.h"
#include "store/store.h"

namespace junctor::auth {

std::optional<LiveToken> TokenService::store_received(Fiber& fiber, const ConnectionKey& key) {
  std::shared_ptr<const Received> received;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = received_.find(key); found != received_.end()) received = found->second;
  }
  if (!received) return std::nullopt;
  auto token = connections_.vault().store().write(fiber, [&](Transaction& tx) {
    auto stored = tokens_.store(tx, key, received->hold, received->grant, received->how.oauth(),
                                received->asked_at);
    if (stored && received->grant_had_ended)
      connections_.set_status(tx, key.tenant, key.id,
                              connections_.status_when_authorised(tx, key.tenant, key.id), "");
    return stored;
  });
  {
    const std::lock_guard lock(mutex_);
    received_.erase(key);
  }
  store_refusals_.taken(key);
  if (token) remember(key, *token);
  return token;
}

bool TokenService::has_received(const ConnectionKey& key) const {
  const std::lock_guard lock(mutex_);
  return received_.contains(key);
}

// Although nobody may ask: another node takes the lease over when it has lapsed.
void TokenService::store_later(const ConnectionKey& key, std::string_view why) {
  {
    const std::lock_guard lock(mutex_);
    if (!stored_later_.insert(key).second) return;
  }
  store_refusals_.refused(key, why, connections_.vault().clock().now());
  scope_->spawn([this, key](Fiber& fiber) {
    fiber.sleep_for(options_.store_pause);
    {
      const std::lock_guard lock(mutex_);
      stored_later_.erase(key);
    }
    if (has_received(key)) join_flight(key, 0, {});
  });
}

}  // namespace junctor::auth
