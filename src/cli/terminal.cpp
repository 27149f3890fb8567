#include "cli/terminal.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <optional>

#include "base/crypto.h"
#include "cli/hidden_input.h"
#include "junctor/failure.h"

namespace junctor::cli {
namespace {

// The kernel hands on no longer line, its end included, and drops the rest without a word.
constexpr std::size_t most_line_bytes = 4094;
constexpr std::size_t most_bytes = 64 * 1024;
constexpr std::string_view first_line = "-----BEGIN";
constexpr std::string_view last_line = "-----END";
constexpr int pasted_within_ms = 100;

// Text that is zeroed at its end.
struct Wiped {
  explicit Wiped(std::size_t bytes) { text.reserve(bytes); }
  ~Wiped() { crypto::wipe(text); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  std::string text;
};

// One byte at a time: what comes after the line stays for the next question.
void read_line(std::string& line) {
  line.clear();
  for (char c = 0;;) {
    const ssize_t count = read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw Failure(FailureKind::cancelled, "the input ended");
    if (c == '\n') return;
    if (line.size() < most_bytes) line += c;
  }
}

Problem too_long(std::string found) {
  tcflush(STDIN_FILENO, TCIFLUSH);
  return {"", 0, std::move(found), "the value from a file: @FILE where several lines are asked for, --vars-file otherwise", {}};
}

// Reads one line into `line`; a problem when it may have been cut.
std::optional<Problem> take_line(std::string& line) {
  read_line(line);
  if (line.size() <= most_line_bytes) return std::nullopt;
  return too_long("a line of more than " + std::to_string(most_line_bytes) + " bytes, which the terminal cuts");
}

// Whether more than blank lines came together with what was read.
bool more_was_pasted(std::string& line) {
  pollfd waiting{STDIN_FILENO, POLLIN, 0};
  while (poll(&waiting, 1, pasted_within_ms) == 1) {
    read_line(line);
    if (!line.empty()) return true;
  }
  return false;
}

template <typename Read>
Result<Secret> ask(const std::string& question, Echo echo, Read&& read) {
  std::optional<HiddenInput> hidden;
  if (echo == Echo::off) hidden.emplace(question);
  std::cerr << question << std::flush;
  auto answer = read();
  if (hidden) std::cerr << '\n';
  return answer;
}

Result<Secret> read_one() {
  Wiped line(most_bytes);
  if (auto problem = take_line(line.text)) return std::move(*problem);
  return Secret(line.text);
}

// Up to an empty line. A block of PEM ends with its last line alone: an encrypted key has an empty one within.
Result<Secret> read_several() {
  Wiped all(most_bytes), line(most_bytes);
  for (bool first = true;; first = false) {
    if (auto problem = take_line(line.text)) return std::move(*problem);
    if (line.text.empty() && !all.text.starts_with(first_line)) {
      if (!first && more_was_pasted(line.text)) return too_long("more lines after an empty one; give such a text as @FILE");
      break;
    }
    if (all.text.size() + line.text.size() + 1 > most_bytes)
      return too_long("more than " + std::to_string(most_bytes) + " bytes");
    if (!first) all.text += '\n';
    all.text += line.text;
    if (first && line.text.starts_with('@')) break;
    if (!line.text.starts_with(last_line)) continue;
    if (more_was_pasted(line.text)) return too_long("more lines after the one that begins with -----END");
    break;
  }
  return Secret(all.text);
}

}  // namespace

bool is_interactive() { return isatty(STDIN_FILENO) == 1; }

Result<Secret> ask_line(const std::string& question, Echo echo) { return ask(question, echo, read_one); }

Result<Secret> ask_lines(const std::string& question, Echo echo) { return ask(question, echo, read_several); }

}  // namespace junctor::cli
