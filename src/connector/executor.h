// Calls declared actions.
//
//   Executor executor(client, {.recorder = &recorder});
//   auto call = CompiledCall::compile(integration, action).value_or_throw();   // once
//   CallResult result = executor.call(fiber, *call, scope, input);
//
// One try: a place within the rate limits, the request, its credentials, the answer, its meaning. A
// refused credential is renewed once and tried again; what went out to be challenged has one try more.
// Then as the definition's `retry` says.
//
// Threads: any loop; one executor serves the process, since it holds the rate limits that everybody
//   shares.
// Lifetime: client and ports outlive it; it outlives its calls.
// Invariants:
//   1. A call that is neither safe nor idempotent, and carries no idempotency key, is sent once, unless
//      declared `unsafe`; also when a kept connection closes under it.
//   2. Every try of one call carries the same request, its idempotency key with it; only the credential
//      may change.
//   3. A next page is read only from the first page's origin, or a host of the integration.
//   4. Nothing recorded or thrown holds a credential.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "connector/answer.h"
#include "connector/call_scope.h"
#include "connector/compiled_call.h"
#include "connector/rate_limiter.h"
#include "connector/request_builder.h"
#include "connector/caches.h"

namespace junctor {
class HttpClient;
}

namespace junctor::connector {

struct CallResult {
  Json output;            // mapped; a list where the action pages
  int tries = 1;          // of the last request
  int pages = 1;
  bool cut_short = false; // a bound of the pagination ended it
  bool from_cache = false;
};

struct StreamResult {
  std::size_t rows = 0;   // that take() saw
  int pages = 0;
  bool cut_short = false;
  bool stopped = false;   // take() said so
};

struct ExecutorPorts {
  CallRecorder* recorder = nullptr;      // null: nothing is recorded
  SharedCache* store_cache = nullptr;    // for caches declared `store` and `redis`; where there is none
  SharedCache* redis_cache = nullptr;    //   they stay in memory
  LimitShare* limit_share = nullptr;     // null: rate limits hold within this process
  const Clock* clock = nullptr;          // null: the machine's
  std::function<double()> random = {};   // 0 ≤ x < 1, for the jitter of waits; empty: true randomness
};

// A call of any path through the same client, for debugging.
struct PlainCall {
  std::string method = "GET";
  std::string path = "/";  // below the base URL, with its query; or an absolute URL
  Headers headers;
  std::string body;
};

class Executor final {
 public:
  static constexpr std::size_t most_collected_bytes = 64u << 20;

  explicit Executor(HttpClient& client, ExecutorPorts ports = {});
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Throws ProviderFailure for what the provider said, Failure{unavailable, timeout} where it said nothing;
  // Failure{invalid} for an input that makes no request; Failure{overloaded} when the rate limit leaves no room;
  // else what HttpClient and CredentialSource throw. A Failure whose wait would pass the deadline or
  // `retry.max_wait` carries retry_after. Failure{too_large} when the pages of a listing weigh more than
  // most_collected_bytes, or twice `response.max_bytes` where that is more.
  CallResult call(Fiber& fiber, const CompiledCall& call, const CallScope& scope, const Json& input);

  // The rows of an action that pages, one page in memory at a time. take gives false to stop.
  // An action that does not page gives its output's rows. `max_time` ends a page that is under way, too; a
  // first page that does not come within it is a failure, since nothing was read.
  StreamResult stream(Fiber& fiber, const CompiledCall& call, const CallScope& scope, const Json& input,
                      const std::function<bool(Json&& row)>& take);

  // Any path of an integration, recorded and limited as its actions are. Answers of any status.
  ClientResponse plain_call(Fiber& fiber, const Integration& integration, const CallScope& scope,
                            const PlainCall& wanted);

  Caches& caches() { return caches_; }
  RateLimiter& limits() { return limiter_; }

 private:
  struct Try;
  using SteadyTime = std::chrono::steady_clock::time_point;
  Answer exchange(Fiber& fiber, const CompiledCall& call, const CallScope& scope, const Json& input,
                  const PageTurn& turn, int& tries);
  std::optional<Answer> exchange_until(Fiber& fiber, const CompiledCall& call, const CallScope& scope,
                                       const Json& input, const PageTurn& turn, SteadyTime ends);
  StreamResult stream_output(Fiber& fiber, const CompiledCall& call, const CallScope& scope, const Json& input,
                             const std::function<bool(Json&&)>& take);
  std::variant<Answer, Fault> send_once(Fiber& fiber, Try& one);
  std::optional<ClientResponse> transmit(Fiber& fiber, Try& one, const ClientRequest& request, Fault& fault);
  CallRecorder* recorder_of(const CallScope& scope) const;
  void record_tokens(const Try& one, auth::CredentialSource& credentials) const;
  std::optional<Fault> without_credentials(const Try& one, auth::CredentialSource& credentials,
                                           const std::function<void()>& work) const;
  void record(const Try& one, const ClientRequest& request, const ClientResponse* response,
              const std::string& failure) const;
  void check_page(const CompiledCall& call, const CallScope& scope, const Json& input, const PageTurn& turn) const;
  // Of a plain call; throws for another host, and for what is no URL.
  std::string url_of(const CompiledCall& call, const CallScope& scope, const std::string& path) const;
  bool is_of_integration(const CompiledCall& call, const CallScope& scope, const Json& input, const std::string& url) const;
  std::chrono::milliseconds backoff(const RetrySpec& retry, int tries) const;
  CacheKey cache_key(const CompiledCall& call, const CallScope& scope, const Json& input) const;
  CallResult uncached(Fiber& fiber, const CompiledCall& call, const CallScope& scope, const Json& input);

  HttpClient& client_;
  ExecutorPorts ports_;
  const Clock& clock_;
  RateLimiter limiter_;
  Caches caches_;
};

}  // namespace junctor::connector
