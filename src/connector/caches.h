// Where answers and outputs are kept: in memory, in the store, in Redis.
//
// Threads: any loop.
// Lifetime: the shared caches outlive it.
// Invariants:
//   1. A cache that is away costs a call nothing but its answer: the call goes on without, the failure is
//      counted, and logged at most once a minute.
//   2. What outlives the process holds no credential (docs/decisions/0004).
//   3. What is put is found under the same tenant and key only.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "connector/ports.h"
#include "connector/redaction.h"
#include "connector/response_cache.h"
#include "connector/secret_values.h"
#include "junctor/definition/api.h"

namespace junctor::connector {

struct CacheKey {
  TenantId tenant;
  std::string connection;  // its id; empty without one
  std::string text;        // tells it from the others of the connection
};

struct CacheCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t failures = 0;  // it was away
};

class Caches final {
 public:
  // A null shared cache: what is declared for it stays in memory; `redis` goes to the store first.
  explicit Caches(SharedCache* store = nullptr, SharedCache* redis = nullptr) : store_(store), redis_(redis) {}

  std::optional<Json> get(Fiber& fiber, CacheStore where, const CacheKey& key);
  void put(Fiber& fiber, CacheStore where, const CacheKey& key, const Json& value, std::chrono::milliseconds ttl);
  // Everything of a connection that is in memory; shared caches know its version by the key.
  void forget(const TenantId& tenant, const std::string& connection);

  CacheCounts counts(CacheStore where) const;

 private:
  struct Counters {
    std::atomic<std::uint64_t> hits{0}, misses{0}, failures{0};
  };
  SharedCache* shared(CacheStore where) const;
  Counters& counters(SharedCache* shared);
  void failed(CacheStore where, Counters& counters, const std::string& message);

  SharedCache* store_;
  SharedCache* redis_;
  ResponseCache memory_;
  std::array<Counters, 3> counters_;
  std::atomic<std::int64_t> logged_at_{-3600};  // seconds of the steady clock
};

// An answer on its way into a cache, with what was secret about the call.
struct AnswerToKeep {
  const CacheKey& key;
  const CacheSpec& spec;
  const Json& value;
  const SecretValues& secrets;
  const Redaction& redaction;
};

// Keeps it where its declaration says, unless it holds secrets: one that repeats a known secret is kept nowhere,
// one with a member that is named like a secret stays in this process's memory.
void keep_answer(Fiber& fiber, Caches& caches, const AnswerToKeep& answer);

}  // namespace junctor::connector
