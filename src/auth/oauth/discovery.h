// What providers publish about themselves: metadata (OpenID Connect Discovery, RFC 8414) and key
// sets.
//
// Threads: any thread; fibers of any loop.
// Lifetime: the client outlives it.
// Invariants:
//   1. At most one fetch of a document is under way; the others wait for it.
//   2. A document is kept for fresh_for; keys are fetched again before that at most every
//      refetch_pause, so that tokens with invented key ids cannot make this a load on the provider.
//   3. When a fetch fails, the last good document is used for as long as stale_for.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "async/signal.h"
#include "auth/jose/jwk.h"
#include "auth/oauth/token_call.h"
#include "junctor/clock.h"

namespace junctor {
class Fiber;
class HttpClient;
}  // namespace junctor

namespace junctor::auth {

struct DiscoveryOptions {
  std::chrono::seconds fresh_for{600};
  std::chrono::seconds stale_for{86'400};
  std::chrono::seconds refetch_pause{30};
  std::size_t most_documents = 1'000;
};

class Discovery final {
 public:
  Discovery(HttpClient& client, const Clock& clock, DiscoveryOptions options = {});

  // The provider's endpoints. Failure{unavailable} when they cannot be fetched, {invalid} when the
  // document names another issuer.
  OAuthEndpoints metadata(Fiber& fiber, const std::string& issuer);

  enum class Keys { cached, fetch_again };
  // The key set at a URL; fetch_again asks for a fresh one, as far as refetch_pause allows.
  std::shared_ptr<const Jwks> keys(Fiber& fiber, const std::string& url, Keys wish = Keys::cached);

  // Fetches made since the start; for tests and metrics.
  std::uint64_t fetches() const;

 private:
  struct Document;
  std::shared_ptr<const std::string> fetch(Fiber& fiber, const std::string& url, Keys wish);
  std::shared_ptr<Document> document(const std::string& url);
  std::string download(Fiber& fiber, const std::string& url);

  HttpClient& client_;
  const Clock& clock_;
  const DiscoveryOptions options_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Document>> documents_;
  std::map<std::string, std::pair<std::shared_ptr<const std::string>, std::shared_ptr<const Jwks>>>
      parsed_;
  std::uint64_t fetches_ = 0;
};

}  // namespace junctor::auth
