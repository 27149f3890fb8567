// A choice that everything which writes files or databases has.
//
// Threads: a value.
#pragma once

namespace junctor {

// What becomes of what stands already where something is written.
enum class Existing { kept, replaced };

}  // namespace junctor
