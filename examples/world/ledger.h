// What the world must remember when it is started again: one JSON line per change, in order.
//
// Threads: one loop.
// Invariants: a line is either whole or, when the process died while writing it, the last one; a
//   broken last line is cut off when the file is opened.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "junctor/json.h"

namespace junctor::world {

class Ledger final {
 public:
  // Opens or creates the file; an empty path keeps nothing. Throws Failure{unavailable} when that
  // is not possible.
  explicit Ledger(std::string path);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Calls back with each line, oldest first. Throws Failure{corrupt} for a line that is no object.
  void replay(const std::function<void(const JsonObject&)>& line);
  // The line has left the process when this returns: it outlives a kill, not a power cut.
  void append(const JsonObject& line);
  void clear();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace junctor::world
