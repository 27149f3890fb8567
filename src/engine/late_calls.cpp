#include "engine/late_calls.h"

#include "connector/token_calls.h"
#include "engine/run_calls.h"
#include "store/store.h"

namespace junctor {

bool LateCalls::keep(Fiber& fiber, const LateExchanges& late) {
  const auto run = RunId::parse(late.run);
  if (!run) return true;
  std::vector<connector::RecordedCall> calls;
  for (const auth::TokenExchange& exchange : late.exchanges) {
    calls.push_back(connector::recorded(exchange));
    calls.back().connection = late.connection.to_string();
  }
  return store_.write(fiber, [&](Transaction& transaction) {
    const auto stored = transaction.value<std::int64_t>(
        "SELECT 1 FROM runs WHERE tenant = ? AND id = ?", late.tenant, *run);
    if (stored) runs::append_calls(transaction, late.tenant, *run, calls);
    return stored.has_value();
  });
}

}  // namespace junctor
