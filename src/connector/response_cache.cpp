#include "connector/response_cache.h"

namespace junctor::connector {

std::size_t weight(const Json& json) {
  constexpr std::size_t node = 32;
  std::size_t bytes = node;
  if (const auto* text = json.if_string()) bytes += text->size();
  if (const auto* list = json.if_array()) {
    for (const Json& item : *list) bytes += weight(item);
  }
  if (const auto* object = json.if_object()) {
    for (const auto& [key, value] : *object) bytes += key.size() + weight(value);
  }
  return bytes;
}

ResponseCache::ResponseCache(std::size_t max_entries, std::size_t max_bytes, std::function<SteadyTime()> now)
    : max_entries_(max_entries), max_bytes_(max_bytes), now_(std::move(now)) {}

std::optional<Json> ResponseCache::get(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto known = index_.find(key);
  if (known == index_.end()) return std::nullopt;
  if (known->second->until <= now_()) {
    erase(known->second);
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, known->second);
  return known->second->value;
}

void ResponseCache::put(const std::string& key, Json value, std::chrono::milliseconds ttl) {
  const std::size_t bytes = weight(value) + 2 * key.size();
  if (bytes > max_bytes_ / 8) return;
  const std::lock_guard lock(mutex_);
  if (const auto known = index_.find(key); known != index_.end()) erase(known->second);
  while (!entries_.empty() && (entries_.size() >= max_entries_ || bytes_ + bytes > max_bytes_)) {
    erase(std::prev(entries_.end()));
  }
  entries_.push_front({key, std::move(value), bytes, now_() + ttl});
  index_[key] = entries_.begin();
  bytes_ += bytes;
}

void ResponseCache::forget(std::string_view key_prefix) {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if (entry->key.starts_with(key_prefix)) erase(entry);
    entry = next;
  }
}

std::size_t ResponseCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void ResponseCache::erase(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  index_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace junctor::connector
