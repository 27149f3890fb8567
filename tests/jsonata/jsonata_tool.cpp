// The command `junctor jsonata --batch` on its own, for tests that need nothing else.
#include <iostream>

#include "cli/jsonata_command.h"

int main() {
  std::ios::sync_with_stdio(false);
  junctor::cli::JsonataCommandOptions options;
  options.batch = true;
  return junctor::cli::run_jsonata_command(options, std::cin, std::cout, std::cerr);
}
