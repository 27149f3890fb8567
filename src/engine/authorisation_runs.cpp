#include "engine/authorisation_runs.h"

#include "connector/token_calls.h"
#include "engine/call_trace.h"

namespace junctor {

void AuthorisationRuns::keep(Fiber& fiber, const Step& step) {
  RunStart start;
  start.tenant = step.tenant;
  start.id = RunId::generate();
  start.kind = "authorisation";
  start.integration = step.integration;
  start.subject = step.name;
  start.trigger = "person";
  start.connection = step.integration + "/" + step.connection_name;
  start.at = step.began_at;
  start.input = "{}";
  CallTrace trace;
  for (const auth::TokenExchange& exchange : step.exchanges) {
    trace.record(connector::recorded(exchange));
    trace.calls.back().connection = step.connection.to_string();
  }
  record_run(fiber, store_, clock_, start, step.failure ? end_with(*step.failure, trace) : RunEnd(), trace);
}

}  // namespace junctor
