// Forgetting what is old enough, in small steps.
//
// Threads: one fiber.
#pragma once

#include <chrono>
#include <cstdint>

namespace junctor {

class Clock;
class Fiber;
class Store;
namespace auth {
class ApiTokens;
class CredentialService;
}
namespace queue {
class EventLog;
}
namespace vault {
class Vault;
}

struct MaintenanceParts {
  Store& store;
  vault::Vault& vault;
  queue::EventLog& events;
  const Clock& clock;
  std::chrono::hours event_retention;
  std::int64_t event_limit_bytes;  // per tenant; 0: no bound
  std::chrono::hours run_retention;
};

// Until it is cancelled: every minute, bites of at most 1,000 rows with pauses between them, so that no
// writer waits long. Failures of the store are logged and tried again a minute later.
void run_maintenance(Fiber& fiber, const MaintenanceParts& parts);

// Until it is cancelled: writes the times at which API tokens were last used, every ten seconds.
void run_token_upkeep(Fiber& fiber, auth::ApiTokens& tokens);

// Until it is cancelled: lets no secret stay in memory for long after the last call that used it.
void run_credential_upkeep(Fiber& fiber, auth::CredentialService& credentials);

}  // namespace junctor
