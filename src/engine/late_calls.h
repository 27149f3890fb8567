// Token requests that ended when their run's work was over: a refresh ahead of expiry, above all.
//
// Threads: any loop.
// Lifetime: the store outlives it.
#pragma once

#include "auth/ports.h"

namespace junctor {

class Store;

class LateCalls final : public auth::TokenExchangeKeeper {
 public:
  explicit LateCalls(Store& store) : store_(store) {}
  bool keep(Fiber& fiber, const LateExchanges& late) override;

 private:
  Store& store_;
};

}  // namespace junctor
