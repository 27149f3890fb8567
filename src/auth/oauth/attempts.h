// Consents under way: what has to be remembered between the request for one and its end.
//
// Threads: any loop.
// Lifetime: the vault outlives it.
// Invariants:
//   1. The database holds the hash of a handle and of a browser's proof, never themselves; the code
//   verifier, nonce and device code are sealed by the vault.
//   2. take() gives an attempt once: whoever comes second finds nothing. claim_poll() gives a device
//      code to one at a time: whoever comes meanwhile is told to come later.
//   3. A handle counts only as the kind it was made for.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

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
  authorised,  // a device code that led to a grant: for whoever asks once more
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

// It is too early for the next poll, or somebody else's is under way.
struct PollLater {
  std::chrono::seconds interval;
};
// Somebody who asked before was told so already.
struct PolledAuthorised {
  ConnectionKey key;
};
using DevicePoll = std::variant<Attempt, PollLater, PolledAuthorised>;

// Longer than a token call takes.
constexpr std::chrono::seconds poll_claim{40};

// 256 random bits as text: a handle or a proof.
std::string fresh_handle();

class Attempts final {
 public:
  explicit Attempts(vault::Vault& vault) : vault_(vault) {}

  void save(Fiber& fiber, const Attempt& attempt, std::string_view handle);
  // nullopt for a handle that is unknown, of another kind, used or expired. Not for device codes.
  std::optional<Attempt> take(Fiber& fiber, std::string_view handle, AttemptKind kind);

  // A device code of this tenant, to be asked about now. Who got it ends with poll_again() or end(); when he
  // dies, the next one gets it after poll_claim. nullopt as for take().
  std::optional<DevicePoll> claim_poll(Fiber& fiber, const TenantId& tenant, std::string_view handle);
  void poll_again(Fiber& fiber, std::string_view handle, std::chrono::seconds interval);
  void end(Fiber& fiber, const Attempt& attempt, std::string_view handle);
  // A device code led to a grant: whoever waits with another one of this connection need not any more.
  void end_waiting(Fiber& fiber, const ConnectionKey& key);

 private:
  vault::Vault& vault_;
};

}  // namespace junctor::auth
