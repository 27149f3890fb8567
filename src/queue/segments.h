// PostgreSQL: the contents of messages live in segments by position. Only for this room.
//
// Threads: one fiber.
#pragma once

#include <cstdint>

#include "store/store.h"

namespace junctor::queue {

constexpr std::int64_t segment_positions = 500'000;

// So that there are always two ahead of the last position; how many were made.
int make_segments(Fiber& fiber, Store& store);
// Those of which every message is finished; how many.
int drop_segments(Fiber& fiber, Store& store);
// Adds up the rows of queue_counts.
void sum_counters(Fiber& fiber, Store& store);

}  // namespace junctor::queue
