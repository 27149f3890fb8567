// PostgreSQL's own programs for backups, run with the connection of a store's url.
//
// Threads: any; both block until the program has ended.
#pragma once

#include <string>

#include "store/store.h"

namespace junctor::postgres {

// pg_dump --format=custom to path, synced. Throws Failure{unsupported}, which names the command, where
// pg_dump is not installed, and {unavailable} when it fails.
void dump(const std::string& url, const std::string& path);

// pg_restore of such a file, in one transaction. Throws Failure{conflict} while an engine is connected,
// or when there is a database of Junctor's and existing says so.
void restore(const std::string& url, const std::string& backup, Existing existing);

}  // namespace junctor::postgres
