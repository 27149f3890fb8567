#include "cli/crash_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace junctor {

void forbid_crash_dumps() {
#ifndef JUNCTOR_SANITIZED
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  // A limit of 0 does not bind a core_pattern that pipes into a program; this does.
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

}  // namespace junctor
