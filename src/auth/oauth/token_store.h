// Tokens of connections in the store, and the lease that lets one node refresh them.
//
// Threads: inside store closures.
// Invariants:
//   1. Access token, refresh token and their times change in one transaction.
//   2. generation grows with each new token; a lease's fence with each lease. A lease that was lost
//      cannot store: store() compares fence and holder.
//   3. What is here goes with its connection, in the same transaction: the schema sees to it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "auth/oauth/token_call.h"
#include "junctor/ids.h"
#include "store/migrations.h"
#include "store/transaction.h"
#include "vault/connections.h"

namespace junctor::auth {

MigrationSet migrations();

struct ConnectionKey {
  TenantId tenant;
  ConnectionId id;
  friend auto operator<=>(const ConnectionKey&, const ConnectionKey&) = default;
};

// A token in use. refresh_at and expires_at are empty when its end is not known.
struct LiveToken {
  std::int64_t generation = 0;
  std::shared_ptr<const Secret> access;
  std::optional<Timestamp> refresh_at;
  std::optional<Timestamp> expires_at;
};

// What the holder of a lease shows. The holder too, since fences of a connection whose tokens were
// erased begin again.
struct LeaseHold {
  std::int64_t fence = 0;
  Uuid holder;
};

struct TokenLease {
  LeaseHold hold;
  std::int64_t generation = 0;  // of the token to be replaced; 0 when there is none
  Secret refresh_token;         // read in the transaction that took the lease; may be empty
  vault::OpenConnection connection;
};

struct LeaseBusy {
  Timestamp until;
};

using LeaseAnswer = std::variant<TokenLease, LiveToken, LeaseBusy>;

struct RevocableToken {
  Secret token;
  std::string_view type_hint;  // "refresh_token", "access_token"
};

class TokenStore final {
 public:
  explicit TokenStore(vault::Connections& connections) : connections_(connections) {}

  std::optional<LiveToken> load(Snapshot& view, const ConnectionKey& key);
  // Takes the lease to replace the token of generation seen. A LiveToken when somebody already did.
  LeaseAnswer lease(Transaction& tx, const ConnectionKey& key, std::int64_t seen,
                    const Uuid& holder, std::chrono::milliseconds length);
  // Stores a grant and ends the lease. nullopt when the lease was lost meanwhile.
  std::optional<LiveToken> store(Transaction& tx, const ConnectionKey& key, const LeaseHold& hold,
                                 const TokenGrant& grant, const OAuth2Auth& oauth,
                                 Timestamp asked_at);
  // Stores what a person's consent gave, whoever holds a lease.
  LiveToken store_consent(Transaction& tx, const ConnectionKey& key, const TokenGrant& grant,
                          const OAuth2Auth& oauth, Timestamp asked_at);
  // Ends the lease without a token.
  void give_back(Transaction& tx, const ConnectionKey& key, const LeaseHold& hold,
                 std::string_view error);
  // The generation of the token there is; 0 for none.
  std::int64_t generation(Snapshot& view, const ConnectionKey& key);
  // What a provider is asked to revoke (RFC 7009); nullopt when there are no tokens, or none that opens.
  std::optional<RevocableToken> revocable(Snapshot& view, const ConnectionKey& key);
  // Forgets the tokens of a connection.
  void erase(Transaction& tx, const ConnectionKey& key);

 private:
  // The row of a connection that is there. Throws ConnectionFailure{unknown_connection}.
  void make_row(Transaction& tx, const ConnectionKey& key);
  LiveToken write(Transaction& tx, const ConnectionKey& key, const TokenGrant& grant,
                  const OAuth2Auth& oauth, Timestamp asked_at);
  vault::Connections& connections_;
};

}  // namespace junctor::auth
