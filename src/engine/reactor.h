// What starts by itself: passes, catches, triggered actions and flows, each behind a queue of its own.
//
//   event ──▶ subscription ──▶ queue ──▶ consumer: filter, map, run ──▶ one commit: run ended + ack
//   schedule ──────────────────▶ │
//
// Threads: apply and stop on the first loop; consumers run on all loops.
// Lifetime: stop() before destruction.
// Invariants:
//   1. A message ends in the transaction that ends its run.
//   2. The run's id follows from the message's event, so a message that comes twice is one run.
//   3. Calls that a run makes carry keys that are the same in every attempt.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "async/scope.h"
#include "engine/current_registry.h"
#include "engine/runs.h"
#include "engine/schedules.h"
#include "junctor/clock.h"
#include "queue/queues.h"

namespace junctor {

class Actions;
class FlowRunner;
struct CallScope;
struct CallTrace;
namespace queue {
class Consumer;
class Delivery;
class EventLog;
}  // namespace queue
namespace vault {
class Connections;
}

struct ReactorParts {
  Store& store;
  queue::EventLog& events;
  const CurrentRegistry& registry;
  Actions& actions;
  FlowRunner& flows;
  vault::Connections& connections;
  const Clock& clock;
  std::vector<Loop*> loops;
};

class Reactor final {
 public:
  explicit Reactor(const ReactorParts& parts);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // Makes queues, subscriptions and schedules in the store equal to the registry in force, for every
  // tenant that has connections or endpoints. Subscriptions of reactions that are gone are removed;
  // their queues stay, with what waits in them.
  void define(Fiber& fiber);
  // The same for one tenant, before its first connection is told to anybody: what happens from then on
  // must find its subscriptions. Any loop; nothing when the tenant has been defined here.
  void define_tenant(Fiber& fiber, const TenantId& tenant);
  // Starts consumers for what define() made and does not run yet.
  void start_consumers(Fiber& fiber);
  // Defines, and consumes for, tenants that appear while the engine runs, on whichever node or from a
  // command; until cancelled. On the first loop.
  void follow_tenants(Fiber& fiber, bool consume);
  // No more messages; handlers finish within the grace, the rest is released.
  void stop(Fiber& fiber);

  // Puts a run into the queue of a flow or action, as a person or the API asks for it. Returns the
  // id of the run. Throws Failure{not_found}.
  RunId start(Fiber& fiber, const TenantId& tenant, const std::string& integration,
              Reaction::Kind kind, const std::string& subject, const std::string& connection,
              const Json& input);

  // For run_scheduler.
  schedules::Fire fire();
  std::size_t running() const { return running_; }

 private:
  struct Work;

  std::vector<TenantId> tenants(Fiber& fiber);
  void define_schedules(Transaction& transaction, const Registry& registry,
                        const std::vector<TenantId>& tenants);
  void define_tenant(Transaction& transaction, const Registry& registry, const TenantId& tenant);
  bool is_defined(const TenantId& tenant);
  void start_consumer(const TenantId& tenant, const Reaction& reaction);

  void handle(Fiber& fiber, queue::Delivery& delivery, const std::string& integration,
              const std::string& queue);
  bool wanted(const Work& work) const;
  bool spread_over_connections(Fiber& fiber, const Work& work);
  void run(Fiber& fiber, Work& work);
  std::string kept(const Reaction& reaction, const Json& output, const CallTrace& trace) const;
  Json perform(Fiber& fiber, Work& work, CallTrace& trace);
  Json call_each(Fiber& fiber, Work& work, const CallScope& scope, const JsonArray& inputs,
                 CallTrace& trace);
  void end(Fiber& fiber, Work& work, RunEnd end, const CallTrace& trace,
           const queue::Nack* nack);
  RunStart start_of(const Work& work) const;

  ReactorParts parts_;
  std::mutex mutex_;
  std::set<TenantId> defined_;      // guarded by mutex_
  std::set<std::string> consumed_;  // tenant and queue
  std::vector<std::pair<Loop*, std::unique_ptr<queue::Consumer>>> consumers_;
  std::atomic<std::size_t> running_{0};
};

}  // namespace junctor
