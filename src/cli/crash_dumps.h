// Keeping decrypted secrets out of crash dumps.
//
// Threads: for main, before others start.
#pragma once

namespace junctor {

// From here on this process leaves no core file and no other process of the same user can read its
// memory. Secrets live in pages that dumps leave out anyway; this covers the copies that libraries
// hold while they use them. Sanitizers read their own process, so builds with one are left alone.
void forbid_crash_dumps();

}  // namespace junctor
