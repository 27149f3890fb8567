// Nothing of a secret in memory that was given back.
//
// Secrets pass through texts, JSON, the arenas of parsers and expressions, and the buffers of libraries,
// each of which copies as it likes. What all of them share is the heap: there a copy ends when it is freed.
//
// Threads: for main, before others start.
#pragma once

namespace junctor {

// From here on every block of the heap is zeroed when it is freed or moved by realloc, in Junctor and in every
// library of the process. The allocator stays the one of the process. Sanitizers have an allocator that
// needs what was freed as it was, so builds with one are left alone.
void zero_freed_memory();

}  // namespace junctor
