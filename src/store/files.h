// Files that must be on disk when a function returns. Only for this room.
//
// Threads: any.
#pragma once

#include <string>

namespace junctor {

// Forces a file's (or a directory's; empty: this one's) contents to disk. Throws Failure{unavailable},
// {no_space}.
void sync_file(const std::string& path);

// Gives a finished, synced file its name, in place of what was there.
void rename_synced(const std::string& from, const std::string& to);

}  // namespace junctor
