// The terminal without echo, for as long as a secret is typed.
//
// Threads: one at a time; its signal handlers run on any thread.
// Lifetime: the question outlives it.
#pragma once

#include <string>

namespace junctor::cli {

class HiddenInput final {
 public:
  // question: what is shown again after the process was stopped and goes on.
  explicit HiddenInput(const std::string& question);
  ~HiddenInput();
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;
};

}  // namespace junctor::cli
