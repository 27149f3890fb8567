// What providers publish about themselves: metadata (OpenID Connect Discovery, RFC 8414) and key
// sets.
//
// Threads: any thread; fibers of any loop.
// Lifetime: the client and the clock outlive it; who waits is gone before it.
// Invariants:
//   1. At most one fetch of a document is under way; all who wait share its result or its error. It
//      runs on a thread of its own, so that a caller that gives up does not cut it off.
//   2. A document is kept for fresh_for; keys are fetched again before that at most every
//      refetch_pause, so that tokens with invented key ids cannot make this a load on the provider.
//   3. Documents are kept by URL; that metadata names the very issuer that was asked is looked at in
//      each use, since two spellings of an issuer may share a URL.
//   4. What comes is judged before it replaces anything: a document that cannot be used is a failed
//      fetch. When a fetch fails, the last good document is used for as long as stale_for; without
//      one the failure is repeated until retry_pause is over.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "async/loop.h"
#include "async/scope.h"
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
  std::chrono::seconds retry_pause{5};
  std::size_t most_documents = 1'000;
};

class Discovery final {
 public:
  Discovery(HttpClient& client, const Clock& clock, DiscoveryOptions options = {});
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  // The provider's endpoints. Failure{unavailable} when they cannot be fetched, {invalid} when the
  // document names another issuer; retry_after says when they are fetched again.
  OAuthEndpoints metadata(Fiber& fiber, const std::string& issuer);

  enum class Keys { cached, fetch_again };
  // The key set at a URL; fetch_again asks for a fresh one, as far as refetch_pause allows.
  std::shared_ptr<const Jwks> keys(Fiber& fiber, const std::string& url, Keys wish = Keys::cached);

  // Fetches made since the start; for tests and metrics.
  std::uint64_t fetches() const;

 private:
  template <class Content>
  struct Document;
  template <class Content>
  using Documents = std::map<std::string, std::shared_ptr<Document<Content>>>;
  // Judges a document; throws Failure for one that cannot be used.
  template <class Content>
  using Reader = std::function<Content(const std::string& text)>;

  template <class Content>
  std::shared_ptr<const Content> get(Fiber& fiber, Documents<Content>& documents,
                                     const std::string& url, Keys wish, Reader<Content> read);
  template <class Content>
  void fetch(Fiber& fiber, Document<Content>& document, const std::string& url,
             const Reader<Content>& read);
  template <class Content>
  bool is_usable(const Document<Content>& document) const;
  std::string download(Fiber& fiber, const std::string& url);

  HttpClient& client_;
  const Clock& clock_;
  const DiscoveryOptions options_;
  mutable std::mutex mutex_;
  Documents<OAuthEndpoints> metadata_;
  Documents<Jwks> keys_;
  std::uint64_t fetches_ = 0;

  LoopThread loop_;
  std::unique_ptr<Scope> scope_;  // of loop_
};

}  // namespace junctor::auth
