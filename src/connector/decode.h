// A YAML tree into a described struct, by its shape: every wrong type, word and key in one pass.
//
// Threads: values, no shared state.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "connector/document.h"
#include "connector/shape.h"

namespace junctor::connector {

// Path in the definition ("actions.send.api.path", "triggers[0].cron") → line of its value.
using LineMap = std::map<std::string, int>;

// The line of a path, or of the nearest thing around it; 0 when nothing is known.
int line_of(const LineMap& lines, std::string path);

// A file that a definition names, relative to its folder.
using FileReader = std::function<Result<std::string>(const std::string& relative_path)>;

struct DecodeContext {
  std::string file;
  FileReader read_file;  // empty: files cannot be named
  std::vector<Problem> problems;
  LineMap lines;
};

// Fills `object` of that shape. What is wrong is noted and left at its default, so that the rest can
// still be judged.
void decode(const Node& node, const Shape& shape, void* object, const std::string& path,
            DecodeContext& context);

// The word nearest to this one, or empty when none is near: "basURL" → "base_url".
std::string nearest(std::string_view word, const std::vector<std::string>& words);

// "30s" → 30,000 ms; nullopt for anything else. Units ms, s, m, h, d; sums as in "1h30m".
std::optional<Duration> parse_duration(std::string_view text);
// The shortest such text.
std::string to_text(Duration duration);
// "10MiB" → 10,485,760. Units none, B, KB, MB, GB, KiB, MiB, GiB.
std::optional<ByteCount> parse_bytes(std::string_view text);

}  // namespace junctor::connector
