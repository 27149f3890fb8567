// The tables of this room.
#pragma once

#include "store/migrations.h"

namespace junctor::queue {

// For migrate(); after no other room's.
MigrationSet queue_migrations();

}  // namespace junctor::queue
