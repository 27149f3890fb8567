// Outputs of actions declared with `memoize`: the same input gives the kept output until its time is over.
//
// Threads: any loop.
#pragma once

#include <functional>
#include <string>

#include "connector/caches.h"
#include "engine/call_trace.h"
#include "engine/registry.h"

namespace junctor {

struct MemoQuestion {
  const LoadedIntegration& integration;
  const LoadedAction& action;
  TenantId tenant;
  std::string connection;  // id; empty without one
  std::int64_t connection_version = 0;
  Json vars;               // without secrets
  const Json& input;
};

// The kept output, or what work gives, which is then kept as far as its secrets allow. Failures are not kept, nor
// is what rests on a listing that was cut short. trace: that of the work; read after it.
Json remembered(Fiber& fiber, connector::Caches& caches, const MemoQuestion& question,
                const CallTrace& trace, const std::function<Json()>& work);

}  // namespace junctor
