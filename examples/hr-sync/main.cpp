// The integration and the engine in one executable.
#include <cstdio>

#include "hr-sync/integration.h"
#include "junctor/failure.h"
#include "junctor/junctor.h"

int main(int argc, char** argv) {
  try {
    return junctor::run(argc, argv, {hr_sync::integration()});
  } catch (const junctor::Failure& failure) {
    std::fprintf(stderr, "%s\n", failure.message().c_str());
    return 1;
  }
}
