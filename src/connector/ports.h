// What the executor of declared actions needs from outside its room. Credentials: auth/credentials.h.
//
// Threads: any loop, unless said otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "junctor/clock.h"
#include "junctor/definition/parts.h"
#include "junctor/files.h"
#include "junctor/ids.h"
#include "junctor/json.h"

namespace junctor {
class Fiber;
}

namespace junctor::connector {

// One request and its answer, as it may be stored and shown: credentials and declared places are
// "[redacted]", bodies at most recorded_body_bytes. Whoever keeps it bounds URL and headers.
struct RecordedCall {
  TenantId tenant;
  std::string run;  // id; empty outside a run
  std::string integration;
  std::string action;      // empty for a path called directly
  std::string connection;  // its id; empty without one
  int attempt = 1;
  int page = 0;
  Timestamp started_at{};
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> request_headers;
  std::string request_body;
  std::uint64_t request_bytes = 0;
  int status = 0;  // 0: no answer
  std::vector<std::pair<std::string, std::string>> response_headers;
  std::string response_body;
  std::uint64_t response_bytes = 0;
  std::chrono::microseconds connect{};
  std::chrono::microseconds first_byte{};
  std::chrono::microseconds total{};
  bool connection_reused = false;
  std::string failure;  // why there was no answer, or why it counts as a fault
};
inline constexpr std::size_t recorded_body_bytes = 16 * 1024;
inline constexpr std::size_t recorded_header_bytes = 1024;  // of one value
inline constexpr std::size_t recorded_url_bytes = 4 * 1024;

// Takes every call. Must not wait: it queues, and drops with a counter when it cannot follow.
class CallRecorder {
 public:
  virtual ~CallRecorder() = default;
  virtual void record(RecordedCall call) = 0;
};

// A cache that outlives the process (store, Redis). Keys are texts of any length; a tenant never sees
// another's values. Throws Failure when it is away: the caller goes on without it.
class SharedCache {
 public:
  virtual ~SharedCache() = default;
  virtual std::optional<Json> get(Fiber& fiber, const TenantId& tenant, const std::string& key) = 0;
  virtual void put(Fiber& fiber, const TenantId& tenant, const std::string& key, const Json& value,
                   std::chrono::milliseconds ttl) = 0;
};

// The tokens of rate limits that several processes on one store share.
struct LimitKey {
  TenantId tenant;
  std::string text;  // integration, connection and name of the limit
};
struct LimitLease {
  int tokens = 0;                     // to use here; fewer than wanted when there are no more
  std::chrono::milliseconds wait{0};  // until it is worth asking again
};
class LimitShare {
 public:
  virtual ~LimitShare() = default;
  // Takes up to `wanted` tokens and gives `unused` ones of an earlier lease back.
  virtual LimitLease lease(Fiber& fiber, const LimitKey& key, const RateLimit& limit, int wanted, int unused) = 0;
  // What a provider asked for, told to the other processes.
  virtual void pause(Fiber& fiber, const LimitKey& key, std::chrono::milliseconds duration) = 0;
  // Every pause in force, by the text of its key, with what is left of it.
  virtual std::vector<std::pair<LimitKey, std::chrono::milliseconds>> pauses(Fiber& fiber) = 0;
};

}  // namespace junctor::connector
