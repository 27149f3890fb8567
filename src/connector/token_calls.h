// A request for a token as a recorded call.
//
// Threads: any thread.
#pragma once

#include "connector/ports.h"

namespace junctor::auth {
struct TokenExchange;
}

namespace junctor::connector {

// Without tenant, run, action and connection, which the caller knows.
RecordedCall recorded(const auth::TokenExchange& exchange);

}  // namespace junctor::connector
