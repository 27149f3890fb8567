// A SQLite VFS for which nothing is on disk before it is synced.
//
// Writes stay in the memory of the process until xSync; a process that is killed loses them, as a machine
// without power does. `torn`: of the unsynced writes, random 512-byte sectors reach the file at once, so
// that what is left after the kill is a mixture of old and new.
//
// Threads: any.
#pragma once

#include <cstdint>

namespace junctor::test {

enum class Unsynced { dropped, torn };

// Registers the VFS "junctor-faulty"; once per process.
void register_faulty_vfs(Unsynced unsynced, std::uint32_t seed);
// After so many more writes the disk is full: each fails with SQLITE_FULL. Negative: it is not.
void faulty_vfs_set_room(std::int64_t writes);
// Calls of xSync so far.
std::uint64_t faulty_vfs_syncs();

}  // namespace junctor::test
