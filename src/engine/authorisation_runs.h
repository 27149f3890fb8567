// What authorisations sent to providers, as runs of the kind "authorisation": nothing else would hold it.
//
// Threads: any loop.
// Lifetime: store and clock outlive it.
#pragma once

#include "auth/ports.h"

namespace junctor {

class Store;

class AuthorisationRuns final : public auth::AuthorisationKeeper {
 public:
  AuthorisationRuns(Store& store, const Clock& clock) : store_(store), clock_(clock) {}
  void keep(Fiber& fiber, const Step& step) override;

 private:
  Store& store_;
  const Clock& clock_;
};

}  // namespace junctor
