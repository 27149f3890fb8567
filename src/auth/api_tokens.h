// Tokens of the management API: made here, shown once, kept as hashes.
//
// A token is "jct_" and 43 characters from 32 random bytes, so its SHA-256 needs neither salt nor
// stretching, and scanners for leaked secrets can tell it by its prefix.
//
// Threads: any loop.
// Lifetime: store and clock outlive it.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "junctor/clock.h"
#include "junctor/secret.h"

namespace junctor {
class Fiber;
class Store;
}  // namespace junctor

namespace junctor::auth {

using ApiTokenId = UuidOf<struct ApiTokenTag>;

struct ApiToken {
  ApiTokenId id;
  std::string name;
  std::string hint;  // "jct_Ab3d…", to tell tokens apart
  Scopes scopes;
  Timestamp created_at{};
  std::optional<Timestamp> expires_at;
  std::optional<Timestamp> last_used_at;
  std::optional<Timestamp> revoked_at;
};

class ApiTokens final {
 public:
  static constexpr std::string_view prefix = "jct_";
  // How long another node's revocation may go unnoticed here; own ones count at once.
  static constexpr std::chrono::milliseconds keep_for{5'000};

  ApiTokens(Store& store, const Clock& clock) : store_(store), clock_(clock) {}
  ApiTokens(const ApiTokens&) = delete;
  ApiTokens& operator=(const ApiTokens&) = delete;

  struct Made {
    ApiToken token;
    Secret text;  // nobody can read it again
  };
  // Failure{invalid} for no scopes, an empty or long name, an expiry in the past.
  Made create(Fiber& fiber, const TenantId& tenant, const std::string& name, const Scopes& scopes,
              std::optional<Timestamp> expires_at);
  std::vector<ApiToken> list(Fiber& fiber, const TenantId& tenant);
  // Failure{not_found}.
  void revoke(Fiber& fiber, const TenantId& tenant, ApiTokenId id);

  // Whose token this is; nullopt when it is unknown, revoked or expired.
  std::optional<Principal> find(Fiber& fiber, std::string_view text);

  // Writes the times of last use that find() has noted. For a timer, and before the end.
  void flush(Fiber& fiber);

 private:
  struct Known {
    ApiTokenId id;
    std::optional<Principal> principal;
    std::optional<Timestamp> expires_at;
    Timestamp loaded_at{};
  };
  std::optional<Known> remembered(const std::string& hash, Timestamp now);
  std::optional<Principal> use(const Known& known, Timestamp now);

  Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // by hash; bounded
  std::map<std::pair<TenantId, ApiTokenId>, Timestamp> used_;
};

}  // namespace junctor::auth
