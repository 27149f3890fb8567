#include "cli/terminal.h"

#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "base/crypto.h"
#include "junctor/failure.h"

namespace junctor::cli {
namespace {

class NoEcho {
 public:
  NoEcho() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~NoEcho() {
    if (changed_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

}  // namespace

bool is_interactive() { return isatty(STDIN_FILENO) == 1; }

std::string ask(const std::string& question) {
  std::cerr << question << std::flush;
  std::string line;
  if (!std::getline(std::cin, line)) throw Failure(FailureKind::cancelled, "the input ended");
  return line;
}

Secret ask_secret(const std::string& question) {
  const NoEcho quiet;
  std::string line = ask(question);
  std::cerr << '\n';
  Secret out(line);
  crypto::wipe(line);
  return out;
}

}  // namespace junctor::cli
