#include "junctor/failure.h"
#include "queue/tables.h"

namespace junctor::queue {

std::unique_ptr<Tables> make_postgres_tables(const Clock&) {
  throw Failure(FailureKind::unsupported, "PostgreSQL");
}

}  // namespace junctor::queue
