#include "cli/crash_dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JUNCTOR_DUMPS_STAY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define JUNCTOR_DUMPS_STAY 1
#endif
#endif

namespace junctor {

void forbid_crash_dumps() {
#ifndef JUNCTOR_DUMPS_STAY
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  // A limit of 0 does not bind a core_pattern that pipes into a program; this does.
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

}  // namespace junctor
