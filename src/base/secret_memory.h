// Memory for secrets: pages that stay out of core dumps.
//
// Blocks come from pages marked MADV_DONTDUMP, so a core dump of the process does not hold them; they
// are zeroed when they are returned. Pages are locked into memory where the limit allows it, so that
// they are not swapped out either.
//
// Threads: any thread.
// Lifetime: pages are kept for the process; blocks above largest_pooled_bytes have pages of their own.
#pragma once

#include <cstddef>

namespace junctor::secret_memory {

constexpr std::size_t largest_pooled_bytes = 16 * 1024;

// At least size_bytes (> 0) bytes, aligned for any type. Throws std::bad_alloc.
void* take(std::size_t size_bytes);
// Zeroes and returns what take(size_bytes) gave.
void give_back(void* block, std::size_t size_bytes) noexcept;

}  // namespace junctor::secret_memory
