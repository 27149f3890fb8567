// Gives connectors the credentials of connections.
//
// Threads: any loop.
// Lifetime: what it is given outlives it; sources share it and must not outlive it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>

#include "auth/credentials.h"
#include "auth/oauth/token_service.h"
#include "junctor/ids.h"

namespace junctor::auth {

class CredentialService final {
 public:
  // source() looks at the store, so that what another process changed, and the end of a tenant's
  // key, count for every call that begins later. How long they may go unnoticed inside a run that
  // is under way; changes of this process count at once.
  static constexpr std::chrono::milliseconds look_every{1'000};
  // How long a definition that was loaded anew may go unnoticed.
  static constexpr std::chrono::milliseconds keep_for{5'000};

  explicit CredentialService(TokenService& tokens, const AuthCatalogue& catalogue);
  CredentialService(const CredentialService&) = delete;
  CredentialService& operator=(const CredentialService&) = delete;

  // The credentials of a connection. Throws ConnectionFailure{unknown_connection,
  // disabled_connection, secrets_destroyed, grant_expired, not_authorised, unknown_integration}. The answer is for one
  // call or one run: whether the connection is enabled is looked at by each apply() again.
  // run: that its token requests belong to; empty for none.
  std::unique_ptr<CredentialSource> source(Fiber& fiber, const TenantId& tenant, ConnectionId id,
                                           std::string run = {});

  // Like source(), for the integration's test action: a disabled connection is served as well.
  std::unique_ptr<CredentialSource> source_for_test(Fiber& fiber, const TenantId& tenant,
                                                    ConnectionId id, std::string run = {});

  // The connection behind it, without secrets, as it stands in the cache: for URLs with vars in
  // them.
  vault::Connection connection(Fiber& fiber, const TenantId& tenant, ConnectionId id);

  // Forgets the secrets and tokens of connections that no call has read again for keep_for. For whoever owns
  // this to call from time to time: nobody else would come by when the calls end.
  void forget_idle();

 private:
  friend class ConnectionCredentials;
  struct Entry;
  enum class Look { at_once, when_due };
  std::shared_ptr<Entry> entry(Fiber& fiber, const ConnectionKey& key, Look look = Look::when_due);
  std::shared_ptr<Entry> known(const ConnectionKey& key);
  static std::shared_ptr<Entry> without_secrets(const ConnectionKey& key, const Entry& entry);

  TokenService& tokens_;
  const AuthCatalogue& catalogue_;
  std::mutex mutex_;
  std::map<ConnectionKey, std::shared_ptr<Entry>> entries_;
};

}  // namespace junctor::auth
