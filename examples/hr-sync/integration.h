// The HR system as a definition.
//
// Threads: any thread.
#pragma once

#include "junctor/integration.h"

namespace hr_sync {

// Checked and filled. Throws Failure{invalid} when it contradicts itself.
junctor::Integration integration();

}  // namespace hr_sync
