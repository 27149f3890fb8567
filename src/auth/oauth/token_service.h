// Keeps the access tokens of connections alive.
//
// Threads: any loop. Refreshes run on a thread of their own, so that a caller that gives up does
// not cut
//   off a call whose answer holds the only copy of a new refresh token.
// Lifetime: what it is given outlives it. stop() before destruction.
// Invariants:
//   1. In one process one refresh per connection is under way; the others wait for its outcome.
//   2. Between processes the lease row decides (token_store.h); who gets it reads the tokens again.
//   3. A new refresh token is on disk before the new access token is used. While the store refuses
//      it, it is kept here with its lease, and written before the provider is asked again.
//   4. A token that is still good is used while another is fetched ahead of its expiry.
//   5. A token endpoint that is away or busy is left alone until its Retry-After, or a growing pause,
//      is over; who needs a token meanwhile fails at once.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "async/loop.h"
#include "async/scope.h"
#include "auth/oauth/discovery.h"
#include "auth/oauth/flight.h"
#include "auth/oauth/store_refusals.h"
#include "auth/oauth/token_notes.h"
#include "auth/oauth/token_store.h"
#include "auth/ports.h"

namespace junctor::auth {

struct TokenServiceOptions {
  // Longer than the time limit of a token call, so that a holder that lives never loses its lease.
  std::chrono::milliseconds lease{40'000};
  std::chrono::milliseconds busy_pause{50};        // between looks while another node refreshes
  std::chrono::milliseconds failure_pause{1'000};  // after a failed refresh; doubled by each further
  std::chrono::milliseconds most_pause{60'000};    // one, up to this
  std::chrono::milliseconds longest_wait{3'600'000};  // of what a provider asks for by Retry-After
  std::chrono::milliseconds store_pause{1'000};    // after the store refused a grant
};

using SharedNotes = std::shared_ptr<TokenNotes>;

struct TokenServiceStats {
  std::uint64_t refreshes = 0;  // token calls made
  std::uint64_t failures = 0;
  std::uint64_t revoked = 0;  // grants that the provider ended
};

class TokenService final {
 public:
  TokenService(vault::Connections& connections, const AuthCatalogue& catalogue, HttpClient& client,
               Discovery& discovery, TokenServiceOptions options = {});
  ~TokenService();
  TokenService(const TokenService&) = delete;
  TokenService& operator=(const TokenService&) = delete;

  // A usable token; waits for a refresh only when there is none. Throws ConnectionFailure:
  // not_authorised, grant_expired, provider_error; Failure{unavailable, timeout, overloaded}, with
  // retry_after while the token endpoint is left alone.
  // notes: takes the requests that are made for it; may be null.
  LiveToken current(Fiber& fiber, const ConnectionKey& key, const SharedNotes& notes = {});
  // A token newer than the one of generation `seen`, which a server refused; nullopt when there is
  // nothing to renew it with. Throws as current().
  std::optional<LiveToken> newer_than(Fiber& fiber, const ConnectionKey& key, std::int64_t seen,
                                      const SharedNotes& notes = {});
  // Before the first request. The keeper outlives this.
  void keep_late_exchanges(TokenExchangeKeeper& keeper) { keeper_ = &keeper; }
  // The work that these belong to is over: they go to the keeper, for as long as it waits for their run.
  void keep_late(const ConnectionKey& key, const std::string& run,
                 std::vector<TokenExchange> exchanges);
  // Forgets what is in memory about a connection.
  void forget(const ConnectionKey& key);
  // Only its token, which is read from the store when it is next needed.
  void forget_token(const ConnectionKey& key);

  // How a connection authorises: its method, resolved endpoints, client certificate.
  struct Resolved {
    std::shared_ptr<const AuthDefinition> definition;
    const Auth* method = nullptr;
    OAuthEndpoints endpoints;
    std::shared_ptr<const ClientIdentity> identity;
    const OAuth2Auth& oauth() const { return *method->oauth2; }
  };
  Resolved resolve(Fiber& fiber, const vault::OpenConnection& connection);
  // The same without discovery.
  Resolved resolve_locally(const vault::OpenConnection& connection);

  TokenServiceStats stats() const;
  TokenStore& tokens() { return tokens_; }
  vault::Connections& connections() { return connections_; }
  void stop();

 private:
  // One refresh under way.
  using Refresh = Flight<LiveToken>;
  // After a failed refresh; erased by a good one.
  struct Pause {
    Timestamp until;
    std::chrono::milliseconds length;
    std::string reason;  // why nobody asks; empty: only refreshes ahead of expiry wait
  };
  // A grant on its way into the store.
  struct Received {
    LeaseHold hold;
    Resolved how;
    TokenGrant grant;
    Timestamp asked_at;
    bool grant_had_ended = false;
  };
  std::optional<LiveToken> known(const ConnectionKey& key);
  std::optional<LiveToken> load(Fiber& fiber, const ConnectionKey& key);
  void remember(const ConnectionKey& key, const LiveToken& token);
  void remember_locked(const ConnectionKey& key, const LiveToken& token);  // with mutex_ held
  LiveToken wait_for_newer(Fiber& fiber, const ConnectionKey& key, std::int64_t seen,
                           const SharedNotes& notes);
  std::shared_ptr<Refresh> join_flight(const ConnectionKey& key, std::int64_t seen,
                                       const SharedNotes& notes);
  void fly(Fiber& fiber, const ConnectionKey& key, std::int64_t seen, const SharedNotes& notes,
           Refresh& flight);
  void pause(const ConnectionKey& key, std::chrono::milliseconds at_least, std::string reason);
  bool is_paused(const ConnectionKey& key) const;
  void require_no_pause(const ConnectionKey& key) const;
  LiveToken refresh(Fiber& fiber, const ConnectionKey& key, std::int64_t seen,
                    const SharedNotes& notes);
  // nullopt: another node took the lease over meanwhile. The token there is, when it is good and
  // nothing renews it.
  std::optional<LiveToken> refresh_with(Fiber& fiber, const ConnectionKey& key, TokenLease lease,
                                        const SharedNotes& notes);
  TokenAnswer ask_or_pause(Fiber& fiber, const ConnectionKey& key, const TokenLease& lease,
                           const Resolved& how, Timestamp now, const TokenWire& wire);
  TokenAnswer ask(Fiber& fiber, const TokenLease& lease, const Resolved& how, Timestamp now,
                  const TokenWire& wire);
  TokenWire wire(const ConnectionKey& key, const TokenLease& lease, const SharedNotes& notes);
  LiveToken token_without_refresh(Fiber& fiber, const ConnectionKey& key, const TokenLease& lease);
  // Writes what was received and not written yet; nullopt when there is nothing, or another lease won.
  std::optional<LiveToken> store_received(Fiber& fiber, const ConnectionKey& key);
  bool has_received(const ConnectionKey& key) const;
  void store_later(const ConnectionKey& key, std::string_view why);
  void wait_for_run(Fiber& fiber, const TokenExchangeKeeper::LateExchanges& late);
  [[noreturn]] void fail_grant(Fiber& fiber, const ConnectionKey& key, const TokenLease& lease,
                               const TokenRefusal& refusal);
  // Its tokens went with the key that had sealed them: no provider ended anything.
  [[noreturn]] void fail_destroyed(Fiber& fiber, const ConnectionKey& key, const TokenLease& lease);

  vault::Connections& connections_;
  const AuthCatalogue& catalogue_;
  HttpClient& client_;
  Discovery& discovery_;
  const TokenServiceOptions options_;
  TokenExchangeKeeper* keeper_ = nullptr;
  TokenStore tokens_;
  const Uuid holder_ = Uuid::generate();

  mutable std::mutex mutex_;
  std::map<ConnectionKey, LiveToken> known_;
  std::uint64_t times_forgotten_ = 0;  // of all connections
  std::map<ConnectionKey, std::shared_ptr<Refresh>> flights_;
  std::map<ConnectionKey, Pause> pauses_;
  std::map<ConnectionKey, std::shared_ptr<const Received>> received_;
  std::set<ConnectionKey> stored_later_;  // somebody sleeps before the next try
  StoreRefusals store_refusals_;
  TokenServiceStats stats_;
  std::size_t late_ = 0;  // fibers that wait for a run
  bool stopped_ = false;

  LoopThread loop_;
  std::unique_ptr<Scope> scope_;  // of loop_
};

}  // namespace junctor::auth
