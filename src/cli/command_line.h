// What the person typed, as a call. The only file that knows the argument parser is its source.
//
// Threads: one.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/config.h"

namespace junctor {

// Values given as flags, by setting key: "port" → "9000".
using GivenSettings = std::map<std::string, std::string>;

// One command: what it is called, what it takes, what it does.
struct CommandOption {
  std::string name;   // "--compact", "--schema", or "FILE" for an argument by place
  std::string help;
  enum class Kind { flag, value, values, place, optional_place, places } kind = Kind::flag;
};

// What was given for a command's options; names as declared, without the dashes.
class Given final {
 public:
  bool has(const std::string& name) const { return values_.contains(name); }
  // The value, or `otherwise` when it was not given.
  std::string value(const std::string& name, const std::string& otherwise = {}) const;
  std::vector<std::string> values(const std::string& name) const;
  const GivenSettings& settings() const { return settings_; }

  std::map<std::string, std::vector<std::string>> values_;
  GivenSettings settings_;
};

enum class Settings { taken, not_taken };

struct Command {
  std::string name;  // "serve", or "keys rotate" for a command of a group
  std::string help;
  std::vector<CommandOption> options;
  Settings settings = Settings::not_taken;  // whether --port, --data-dir, … belong to it
  std::function<int(const Given&)> run;     // returns the exit code: 0 done, 1 failed, 2 misuse
};

// Finds the command in the arguments and runs it. Help and mistakes are printed here; a mistake is 2.
// A Failure that leaves a command is printed as one line and is 1, so is output that cannot be written.
int run_command_line(int argc, const char* const* argv, const std::vector<Command>& commands);

}  // namespace junctor
