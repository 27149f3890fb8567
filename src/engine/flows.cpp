#include "engine/flows.h"

#include <boost/json.hpp>

#include "engine/flow_journey.h"

namespace junctor {

const MigrationSet& Flows::migrations() { return flow_state::migrations(); }

void Flows::run(Fiber& fiber, const CallScope& scope,
                const std::shared_ptr<const LoadedIntegration>& integration, const Flow& flow,
                const Json&, CallTrace& trace) {
  FlowJourney(fiber, parts_, scope, *integration, flow, trace).run();
}

}  // namespace junctor
