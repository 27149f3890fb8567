// Consents under way: what has to be remembered between the request for one and its end.
//
// Threads: any loop.
// Lifetime: the vault outlives it.
// Invariants:
//   1. The database holds the hash of a handle and of a browser's proof, never themselves; the code
//   verifier, nonce and device code are sealed by the vault.
//   2. take() gives an attempt once: whoever comes second finds nothing.
//   3. A handle counts only as the kind it was made for.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "auth/oauth/token_store.h"
#include "junctor/clock.h"
#include "junctor/secret.h"

namespace junctor {
class Fiber;
namespace vault {
class Vault;
}
}  // namespace junctor

namespace junctor::auth {

enum class AttemptKind {
  ticket,  // a link that nobody has opened yet
  code,    // a browser is at the provider; the handle is its state
  device,  // a person types a code elsewhere
};

struct Attempt {
  ConnectionKey key;
  AttemptKind kind = AttemptKind::code;
  std::string redirect_uri;
  std::string return_to;
  Secret browser;      // code: what the browser that began has to show
  Secret verifier;     // of PKCE; may be empty
  Secret nonce;        // of OpenID Connect; may be empty
  Secret device_code;  // of the device flow
  std::chrono::seconds interval{0};
  Timestamp expires_at{};

  // Of an attempt that was taken: its browser is known by its hash alone.
  std::string browser_hash;
  bool began_in(std::string_view proof) const;
};

// 256 random bits as text: a handle or a proof.
std::string fresh_handle();

class Attempts final {
 public:
  explicit Attempts(vault::Vault& vault) : vault_(vault) {}

  void save(Fiber& fiber, const Attempt& attempt, std::string_view handle);
  // nullopt for a handle that is unknown, of another kind or tenant, used or expired. Failure{overloaded} with
  // retry_after for a device code that is asked for before its interval is over; it stays.
  std::optional<Attempt> take(Fiber& fiber, std::string_view handle, AttemptKind kind,
                              const std::optional<TenantId>& tenant = std::nullopt);

 private:
  vault::Vault& vault_;
};

}  // namespace junctor::auth
