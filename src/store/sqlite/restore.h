// Putting a backup in place of a SQLite database.
//
// Threads: one, and no engine.
#pragma once

#include <string>

#include "store/store.h"

namespace junctor::sqlite {

// As Store::restore. The copy is checked before anything is moved; the database that was there stays
// beside it as "<path>.replaced". At every moment a whole database stands at path.
void restore(const StoreOptions& options, const std::string& path, const std::string& backup,
             Existing existing);

}  // namespace junctor::sqlite
