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
    std::uint16_t state = start_;
    for (const char c : text) {
      if (state <= accept_always) return state == accept_always;
      state = next_[state * classes_ + class_of_[static_cast<unsigned char>(c)]];
    }
    return accepts_[state] != 0;
  }

 private:
  friend class DfaBuilder;
  static constexpr std::uint16_t dead = 0;
  static constexpr std::uint16_t accept_always = 1;

  std::array<std::uint8_t, 256> class_of_{};
  std::size_t classes_ = 1;
  std::uint16_t start_ = dead;
  std::vector<std::uint16_t> next_;
  std::vector<std::uint8_t> accepts_;
};

}  // namespace junctor::json
