#include "auth/oauth/store_refusals.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace junctor::auth {

void StoreRefusals::refused(const ConnectionKey& key, std::string_view why, Timestamp now) {
  const std::lock_guard lock(mutex_);
  const bool begins = waiting_.empty();
  waiting_.insert(key);
  most_waiting_ = std::max(most_waiting_, waiting_.size());
  if (!begins && now - said_at_ < line_every) return;
  said_at_ = now;
  if (begins)
    log::write(log::Level::error, "auth",
               "the store refused a new token of connection {} ({}); this one and those that follow "
               "are written again until they are there",
               key.id.to_string(), why);
  else
    log::write(log::Level::error, "auth",
               "the store still refuses new tokens, of {} connections by now ({})", waiting_.size(), why);
}

void StoreRefusals::taken(const ConnectionKey& key) {
  const std::lock_guard lock(mutex_);
  if (waiting_.erase(key) == 0 || !waiting_.empty()) return;
  log::write(log::Level::warning, "auth",
             "the store has the new tokens that it had refused, of up to {} connections at once",
             most_waiting_);
  most_waiting_ = 0;
}

}  // namespace junctor::auth
