#include "cli/hidden_input.h"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace junctor::cli {
namespace {

constexpr std::array ending = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

// What the handlers need. Only a HiddenInput writes here, except for `hidden` and `before`, which belong to
// whoever changes the terminal.
struct Terminal {
  std::atomic<bool> asking{false};
  std::atomic<bool> hidden{false};
  termios before{};
  const char* question = nullptr;
  std::size_t question_bytes = 0;
  std::array<struct sigaction, ending.size()> handled_before{};
  struct sigaction stopped_before {};
};
Terminal terminal;

// Only async-signal-safe calls from here to the class.
void hide() {
  if (tcgetattr(STDIN_FILENO, &terminal.before) != 0) return;
  termios quiet = terminal.before;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  terminal.hidden = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
}

// Also from the background, where a change of the terminal would otherwise stop the process.
void show() {
  if (!terminal.hidden.exchange(false)) return;
  sigset_t output, was;
  sigemptyset(&output);
  sigaddset(&output, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &output, &was);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal.before);
  pthread_sigmask(SIG_SETMASK, &was, nullptr);
}

// What the system does by default for a signal.
void take_default(int number) {
  struct sigaction by_default {}, ours {};
  by_default.sa_handler = SIG_DFL;
  sigaction(number, &by_default, &ours);
  sigset_t only, was;
  sigemptyset(&only);
  sigaddset(&only, number);
  pthread_sigmask(SIG_UNBLOCK, &only, &was);
  raise(number);
  pthread_sigmask(SIG_SETMASK, &was, nullptr);
  sigaction(number, &ours, nullptr);
}

void on_end(int number) {
  show();
  take_default(number);
}

void on_stop(int number) {
  const int error = errno;
  show();
  take_default(number);
  if (terminal.asking) {
    hide();
    // Nothing can be done about a question that cannot be written.
    if (write(STDERR_FILENO, terminal.question, terminal.question_bytes) < 0) errno = 0;
  }
  if (!terminal.asking) show();
  errno = error;
}

void handle(int number, void (*handler)(int), struct sigaction& before) {
  struct sigaction ours {};
  ours.sa_handler = handler;
  ours.sa_flags = SA_RESTART;
  sigaction(number, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(number, &ours, nullptr);
}

}  // namespace

HiddenInput::HiddenInput(const std::string& question) {
  terminal.question = question.data();
  terminal.question_bytes = question.size();
  terminal.asking = true;
  for (std::size_t i = 0; i < ending.size(); ++i) handle(ending[i], on_end, terminal.handled_before[i]);
  handle(SIGTSTP, on_stop, terminal.stopped_before);
  hide();
}

HiddenInput::~HiddenInput() {
  terminal.asking = false;
  show();
  for (std::size_t i = 0; i < ending.size(); ++i) sigaction(ending[i], &terminal.handled_before[i], nullptr);
  sigaction(SIGTSTP, &terminal.stopped_before, nullptr);
}

}  // namespace junctor::cli
