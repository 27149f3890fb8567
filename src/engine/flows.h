// Flows: inflow (outside → records here), outflow (records → outside), relay (outside → outside).
//
// Threads: any loop; the reactor runs one at a time per flow and tenant.
// Invariants:
//   1. Records, cursor, identity map and emitted events of a batch stand in one commit.
//   2. A flow that fails continues after its last committed batch.
//   3. A record that has not changed writes nothing and emits nothing.
#pragma once

#include "engine/flow_runner.h"
#include "store/migrations.h"

namespace junctor {

class Store;

struct FlowParts {
  Store& store;
  const CurrentRegistry& registry;
  Actions& actions;
  queue::EventLog& events;
  const Clock& clock;
};

class Flows final : public FlowRunner {
 public:
  static const MigrationSet& migrations();

  explicit Flows(const FlowParts& parts) : parts_(parts) {}

  void run(Fiber& fiber, const CallScope& scope,
           const std::shared_ptr<const LoadedIntegration>& integration, const Flow& flow,
           const Json& input, CallTrace& trace) override;

 private:
  FlowParts parts_;
};

}  // namespace junctor
