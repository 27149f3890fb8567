// Webhooks in: verified on the raw bytes, stored with everything they start, then answered.
//
// Threads: any loop.
// Invariants:
//   1. A 2xx answer means that event and messages are on disk.
//   2. A delivery that came before is answered like the first and starts nothing.
//   3. A refused delivery leaves its reason and nothing else.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/current_registry.h"
#include "engine/endpoints.h"
#include "junctor/clock.h"
#include "net/http.h"
#include "webhook/verify.h"

namespace junctor {

namespace auth {
class Discovery;
}
namespace queue {
class EventLog;
}

struct IntakeCounts {
  std::atomic<std::uint64_t> accepted{0};    // deliveries, not events
  std::atomic<std::uint64_t> duplicates{0};
  std::atomic<std::uint64_t> ignored{0};
  std::atomic<std::uint64_t> refused{0};
};

class Intake final {
 public:
  // public_url: what providers call, without a slash at its end; some sign the URL.
  Intake(Store& store, WebhookEndpoints& endpoints, const CurrentRegistry& registry,
         queue::EventLog& events, auth::Discovery& discovery, const Clock& clock,
         std::string public_url);
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // 202 with {"events": […], "duplicate": bool}; what `respond` of the definition says; 401 when the
  // proof is missing or wrong; 404 for an unknown endpoint; 400 for a body that is not JSON; 409 for
  // a delivery id that comes again with another body. Throws Failure when the store is away.
  HttpResponse receive(Fiber& fiber, const HttpRequest& request, const std::string& endpoint);

  const IntakeCounts& counts() const { return counts_; }

 private:
  struct Delivery;

  webhook::Verdict verify(Fiber& fiber, const VerifySpec& spec, const HttpRequest& request,
                          const std::string& url, const std::vector<Secret>& secrets);
  HttpResponse refuse(Fiber& fiber, const Endpoint& endpoint, const HttpRequest& request, int status,
                      const std::string& reason);
  HttpResponse store(Fiber& fiber, const Delivery& delivery);

  Store& store_;
  WebhookEndpoints& endpoints_;
  const CurrentRegistry& registry_;
  queue::EventLog& events_;
  auth::Discovery& discovery_;  // of the keys that providers sign JWTs with
  const Clock& clock_;
  const std::string public_url_;
  IntakeCounts counts_;
};

}  // namespace junctor
