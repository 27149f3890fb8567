#include "cli/maintenance.h"

#include <vector>

#include "auth/api_tokens.h"
#include "auth/credential_service.h"
#include "base/log.h"
#include "engine/runs.h"
#include "engine/stored_cache.h"
#include "engine/stored_limits.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "queue/event_log.h"
#include "queue/upkeep.h"
#include "store/store.h"
#include "vault/vault.h"

namespace junctor {
namespace {

constexpr int bite = 1'000;
constexpr int most_bites = 1'000;
constexpr std::chrono::milliseconds pause{20};

// Repeats a step until it finds nothing more.
template <typename Step>
void until_done(Fiber& fiber, Store& store, Step&& step) {
  for (int i = 0; i < most_bites; ++i) {
    const auto removed = store.write(fiber, step);
    if (removed == 0) return;
    fiber.sleep_for(pause);
  }
}

void forget_what_is_old(Fiber& fiber, const MaintenanceParts& parts) {
  const Timestamp now = parts.clock.now();
  until_done(fiber, parts.store, [&](Transaction& transaction) {
    return runs::forget(transaction, now - parts.run_retention, bite,
                        [&](Transaction& tx, const TenantId& tenant, RunId run) {
                          parts.vault.erase_owner(tx, tenant, runs::owner_of(run));
                        });
  });
  queue::upkeep(fiber, parts.store, now);
  parts.events.queues().check_hints(fiber);
  until_done(fiber, parts.store,
             [&](Transaction& transaction) { return StoredCache::forget(transaction, now, bite); });
  until_done(fiber, parts.store,
             [&](Transaction& transaction) { return StoredLimits::forget(transaction, now, bite); });
  queue::Retention retention;
  retention.age = parts.event_retention;
  retention.most_bytes = parts.event_limit_bytes;
  const auto tenants = parts.store.read(fiber, [&](Snapshot& view) { return parts.events.tenants(view); });
  for (const TenantId& tenant : tenants)
    until_done(fiber, parts.store, [&](Transaction& transaction) {
      return parts.events.retain(transaction, tenant, retention, bite);
    });
}

}  // namespace

void run_maintenance(Fiber& fiber, const MaintenanceParts& parts) {
  while (true) {
    fiber.sleep_for(std::chrono::minutes(1));
    try {
      forget_what_is_old(fiber, parts);
    } catch (const Failure& failure) {
      if (failure.kind() == FailureKind::cancelled) throw;
      log::write(log::Level::warning, "engine", "retention waits: {} {}", failure.message(),
                 failure.detail());
    }
  }
}

void run_credential_upkeep(Fiber& fiber, auth::CredentialService& credentials) {
  while (true) {
    fiber.sleep_for(auth::CredentialService::keep_for);
    credentials.forget_idle();
  }
}

void run_token_upkeep(Fiber& fiber, auth::ApiTokens& tokens) {
  while (true) {
    fiber.sleep_for(std::chrono::seconds(10));
    try {
      tokens.flush(fiber);
    } catch (const Failure& failure) {
      if (failure.kind() == FailureKind::cancelled) throw;
      log::write(log::Level::warning, "auth", "the last use of tokens waits: {} {}",
                 failure.message(), failure.detail());
    }
  }
}

}  // namespace junctor
