// A file that a command writes: whole under its name, or not at all.
//
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/existing.h"

namespace junctor {

class OutputFile final {
 public:
  // path "-" is standard output. Throws Failure{conflict} for a file that is to be kept and for
  // what is no file (a pipe, a device, a folder), {denied, not_found,
  // unavailable} where none can be made.
  OutputFile(std::string path, Existing existing);
  // Without finish() nothing is left.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Throws Failure{no_space, unavailable}.
  void write(std::string_view bytes);
  // Gives the file its name. Throws as write(), and Failure{conflict} when one has come to stand there.
  void finish();

 private:
  bool to_terminal() const { return path_ == "-"; }
  [[noreturn]] void fail(int error) const;

  void look_at_what_is_there();
  std::string path_;
  const Existing existing_;
  std::optional<unsigned> permissions_;  // of what is replaced
  std::string temporary_;  // beside it; empty once it has its name
  int descriptor_ = -1;
};

}  // namespace junctor
