// Failures that say more than their kind, as answers: the challenge of a missing token, the code of a
// connection's error, what a provider said, every fault of a shape.
//
// Threads: any loop.
#pragma once

#include "junctor/result.h"
#include "net/http.h"

namespace junctor {
namespace vault {
class ConnectionFailure;
}

namespace api {

HttpResponse problem_of(const vault::ConnectionFailure& failure);

// 400 with one entry per problem of a body that cannot be read.
HttpResponse unreadable(const std::vector<Problem>& problems);

// The handler with such failures turned into problem+json; others pass through to the server, which
// knows the plain ones.
HttpHandler answering(HttpHandler handler);

}  // namespace api
}  // namespace junctor
