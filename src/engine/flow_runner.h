// What the reactor needs of whoever runs flows.
//
// Threads: any loop.
#pragma once

#include <memory>
#include <string>

#include "engine/actions.h"
#include "engine/registry.h"

namespace junctor {

class FlowRunner {
 public:
  virtual ~FlowRunner() = default;
  // Runs a flow from its cursor to the end of its source. Counters go into the trace: extracted,
  // created, updated, deleted, unchanged, skipped, failed, cut_short. Throws Failure; what was committed stays.
  virtual void run(Fiber& fiber, const CallScope& scope,
                   const std::shared_ptr<const LoadedIntegration>& integration, const Flow& flow,
                   const Json& input, CallTrace& trace) = 0;
};

}  // namespace junctor
