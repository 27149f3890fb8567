// An ECMA-262 pattern as an automaton over bytes that may be in many states at once (Thompson's
// construction): what the table of pattern_dfa.h is made from.
//
// Threads: plain values.
#pragma once

#include <bitset>
#include <string_view>
#include <vector>

namespace junctor::json {

// Thrown for a pattern that this form does not cover, or that needs too large an automaton.
struct PatternUnsupported {};

struct PatternNfa {
  using Bytes = std::bitset<256>;

  // A node either reads a byte of its set, or splits, or accepts.
  struct Node {
    Bytes reads;
    int out = -1;
    int also = -1;  // a second way without reading
    bool splits = false;
    bool accepts = false;
  };

  std::vector<Node> nodes;
  int start = -1;
  bool anchored_start = false;
  bool anchored_end = false;
};

// Throws PatternUnsupported.
PatternNfa parse_pattern(std::string_view pattern);

}  // namespace junctor::json
