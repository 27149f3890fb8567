// What a PostgreSQL transaction collected for the order of commits, and its placement at the end.
//
// Threads: the store's thread that runs the transaction.
#pragma once

#include <vector>

#include "queue/lanes.h"
#include "queue/tables.h"

namespace junctor::queue {

struct PostgresPending {
  std::vector<Event> events;
  std::vector<Placement> messages;
  std::vector<Waiting> ready;          // returned messages
  std::vector<LeaseRow> left_lanes;    // finished firsts of lanes
  bool hooked = false;

  bool empty() const {
    return events.empty() && messages.empty() && ready.empty() && left_lanes.empty();
  }
};

// The transaction's collection; its placement is hooked to the end of the transaction.
PostgresPending& pending_of(Transaction& tx, const Clock& clock);
// Places it now instead.
void place_pending(Transaction& tx, const Clock& clock);

}  // namespace junctor::queue
