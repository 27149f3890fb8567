// `junctor jsonata`: evaluates an expression over JSON from a file or standard input.
//
// Threads: one call, one thread.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace junctor::cli {

struct JsonataCommandOptions {
  enum class Layout { pretty, compact };

  std::string expression;  // not used with batch
  std::string file;        // empty or "-": standard input
  Layout layout = Layout::pretty;
  bool check = false;  // only compile
  bool batch = false;  // one JSON object per line, one answer per line
};

// Writes the result to `out`, or one line about what is wrong to `error`.
//
// Batch lines are {"expr", "input"?, "bindings"?, "timeLimitMs"?, "maxDepth"?}; each answer is
// {"result": …}, {"undefined": true} or {"error": {"code", "message", "position", "token"}}, in
// order. A line that is no such object is answered with the code C0001.
//
// Returns the exit code: 0 done, 1 failed (does not compile, does not evaluate, file missing).
// An undefined result prints nothing.
int run_jsonata_command(const JsonataCommandOptions& options, std::istream& in, std::ostream& out,
                        std::ostream& error);

// JSON text whose strings hold halves of surrogate pairs, which JavaScript allows and JSON values
// cannot hold, with these escaped once more: inside an expression they mean the same.
std::string escape_lone_surrogates(std::string_view json);

}  // namespace junctor::cli
