// Opens connections whose server speaks to the log: what it tells besides results (notices and
// warnings) would otherwise go to standard error as it is.
//
// Threads: any thread.
#pragma once

#include <libpq-fe.h>

#include <string>

namespace junctor::postgres {

// Like PQconnectdb(): PQstatus() says whether it worked; to be given to PQfinish().
PGconn* connect(const std::string& url);

}  // namespace junctor::postgres
