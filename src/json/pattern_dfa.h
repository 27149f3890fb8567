// The everyday part of ECMA-262 patterns as a table: one look-up per byte, never backtracks.
//
// Covers literals, classes, '.', groups, '|', quantifiers with small bounds, '^' at the start and
// '$' at the end. Whatever else a pattern holds is left to the general engine (pattern.h).
//
// Threads: immutable, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace junctor::json {

class PatternDfa {
 public:
  // nullopt when the pattern uses something this form does not cover, or needs too large a table.
  // That includes patterns that are wrong: judging them is the general engine's business.
  static std::optional<PatternDfa> compile(std::string_view pattern);

  // Whether the pattern matches somewhere in the text, which must be valid UTF-8. Linear.
  bool matches(std::string_view text) const {
    // A state is named by where its row starts.
    const std::uint32_t* const next = next_.data();
    std::uint32_t row = start_;
    for (const char c : text) {
      if (row <= last_settled_) return row != 0;
      row = next[row + class_of_[static_cast<unsigned char>(c)]];
    }
    return accepts_[row] != 0;
  }

 private:
  friend class DfaBuilder;
  // The first two states never change again.
  static constexpr std::uint32_t dead = 0;
  static constexpr std::uint32_t accept_always = 1;

  std::array<std::uint8_t, 256> class_of_{};
  std::uint32_t start_ = 0;
  std::uint32_t last_settled_ = 0;     // where accept_always starts
  std::vector<std::uint32_t> next_;    // rows
  std::vector<std::uint8_t> accepts_;  // by row
};

}  // namespace junctor::json
