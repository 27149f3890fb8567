// Whether a delivery comes from who it says: signatures over the raw bytes, or shared secrets.
//
// Named schemes are written down as values of the general ones (`expanded`), so that each check exists
// once. Several secrets may be valid at a time, which is how they are rotated.
//
// Threads: any thread; no state.
// Invariants:
//   1. Nothing is accepted without a proof, except where the definition says `scheme: none`.
//   2. A proof is compared in constant time, and computed over the bytes as they came.
//   3. A scheme without a secret, or one that is not known here, refuses.
// Source: the providers' pages named at each scheme; standardwebhooks.com; RFC 2104, 8032.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "junctor/clock.h"
#include "junctor/definition/webhook.h"
#include "junctor/secret.h"

namespace junctor {

struct HttpRequest;

namespace webhook {

struct Verified {};
struct Refused {
  std::string reason;  // for the log and the stored refusal; names no secret and no signature
};
using Verdict = std::variant<Verified, Refused>;

// spec: of the webhook type. url: the full URL as the provider knows it. secrets: current ones, newest
// first. now: for the tolerance of timestamps.
Verdict verify(const VerifySpec& spec, const HttpRequest& request, std::string_view url,
               std::span<const Secret> secrets, Timestamp now);

// A named scheme with all its values filled in; the others unchanged.
VerifySpec expanded(const VerifySpec& spec);

}  // namespace webhook
}  // namespace junctor
