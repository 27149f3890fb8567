#include "connector/caches.h"

#include <boost/json/value.hpp>

#include "base/log.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor::connector {
namespace {

std::string memory_key(const CacheKey& key) {
  return key.tenant.text() + "/" + key.connection + "/" + key.text;
}

std::string shared_key(const CacheKey& key) { return key.connection + "/" + key.text; }

const char* name_of(CacheStore where) { return where == CacheStore::redis ? "Redis" : "the store"; }

}  // namespace

SharedCache* Caches::shared(CacheStore where) const {
  if (where == CacheStore::memory) return nullptr;
  return where == CacheStore::redis && redis_ != nullptr ? redis_ : store_;
}

Caches::Counters& Caches::counters(SharedCache* shared) {
  if (shared == nullptr) return counters_[static_cast<std::size_t>(CacheStore::memory)];
  return counters_[static_cast<std::size_t>(shared == redis_ ? CacheStore::redis : CacheStore::store)];
}

std::optional<Json> Caches::get(Fiber& fiber, CacheStore where, const CacheKey& key) {
  SharedCache* cache = shared(where);
  Counters& count = counters(cache);
  std::optional<Json> found;
  try {
    if (cache != nullptr) found = cache->get(fiber, key.tenant, shared_key(key));
    if (!found) found = memory_.get(memory_key(key));
  } catch (const Failure& failure) {
    if (failure.kind() == FailureKind::cancelled) throw;
    failed(where, count, failure.message());
    return std::nullopt;
  }
  ++(found ? count.hits : count.misses);
  return found;
}

void Caches::put(Fiber& fiber, CacheStore where, const CacheKey& key, const Json& value,
                 std::chrono::milliseconds ttl) {
  SharedCache* cache = shared(where);
  if (cache == nullptr) return memory_.put(memory_key(key), value, ttl);
  try {
    cache->put(fiber, key.tenant, shared_key(key), value, ttl);
  } catch (const Failure& failure) {
    if (failure.kind() == FailureKind::cancelled) throw;
    failed(where, counters(cache), failure.message());
  }
}

void Caches::forget(const TenantId& tenant, const std::string& connection) {
  memory_.forget(tenant.text() + "/" + connection + "/");
}

CacheCounts Caches::counts(CacheStore where) const {
  const Counters& count = counters_[static_cast<std::size_t>(where)];
  return {count.hits, count.misses, count.failures};
}

void Caches::failed(CacheStore where, Counters& counters, const std::string& message) {
  ++counters.failures;
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::steady_clock::now().time_since_epoch()).count();
  std::int64_t last = logged_at_.load();
  if (now - last < 60 || !logged_at_.compare_exchange_strong(last, now)) return;
  log::write(log::Level::warning, "connector", "the cache in {} is away, calls go on without it: {}",
             name_of(where), message);
}

void keep_answer(Fiber& fiber, Caches& caches, const AnswerToKeep& answer) {
  if (answer.secrets.are_in(answer.value)) return;
  CacheStore where = answer.spec.store;
  if (where != CacheStore::memory) {
    Json shown = answer.value;
    answer.redaction.redact(shown);
    if (shown != answer.value) where = CacheStore::memory;
  }
  caches.put(fiber, where, answer.key, answer.value, answer.spec.ttl);
}

}  // namespace junctor::connector
