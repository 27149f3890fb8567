// SQLite: rows of messages and leases, many at a time. Only for this room.
//
// What is published together has neighbouring positions and is mostly leased and acknowledged together
// too. Such a run is one statement over a range instead of one statement for each row.
//
// Threads: the writer's.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "queue/tables.h"

namespace junctor::queue {

// Adds the contents to the messages, which know their positions. Throws Failure{corrupt} when one has none.
void read_contents(Transaction& tx, std::span<Message> messages);

// Deletes the leases that match, in the order of the tokens; nullopt for one that does not count any more.
std::vector<std::optional<LeaseRow>> delete_leases(Transaction& tx, std::span<const LeaseToken> tokens);

void delete_contents(Transaction& tx, std::vector<Position> positions);

}  // namespace junctor::queue
