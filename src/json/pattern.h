// Regular expressions of JSON Schema: ECMA-262 with unicode semantics.
//
// Everyday patterns run as a table (pattern_dfa.h); the rest is translated for PCRE2, whose work per
// match is bounded. Differences from ECMA-262 are listed in docs/schema.md.
//
// Threads: a Pattern is immutable and used from any thread; a PatternScratch belongs to one caller.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "json/pattern_dfa.h"
#include "junctor/result.h"

namespace junctor::json {

// Memory and bounds of the general engine, made when first needed.
class PatternScratch {
 public:
  // match_limit bounds the steps of one match.
  explicit PatternScratch(std::uint32_t match_limit = 200000);
  ~PatternScratch();
  PatternScratch(const PatternScratch&) = delete;
  PatternScratch& operator=(const PatternScratch&) = delete;

 private:
  friend class Pattern;
  struct State;
  std::uint32_t match_limit_;
  std::unique_ptr<State> state_;
};

class Pattern {
 public:
  enum class Outcome : std::uint8_t { matches, differs, too_much_work };

  // A Problem says what is wrong with the pattern.
  static Result<Pattern> compile(std::string_view pattern);

  // Whether ECMA-262 would take the pattern: compile refuses a few that are well formed, those that
  // look behind over a varying length.
  static bool is_well_formed(std::string_view pattern);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Whether the pattern matches somewhere in the text, which must be valid UTF-8.
  Outcome match(std::string_view text, PatternScratch& scratch) const {
    if (table_) return table_->matches(text) ? Outcome::matches : Outcome::differs;
    return match_general(text, scratch);
  }

  // Whether every match costs one step per byte.
  bool is_linear() const { return table_.has_value(); }

 private:
  struct Code;
  Pattern();
  Outcome match_general(std::string_view text, PatternScratch& scratch) const;

  std::optional<PatternDfa> table_;
  std::unique_ptr<Code> code_;
};

// An ECMA-262 pattern in PCRE2's words; a Problem for what ECMA-262 does not have. Exposed for tests.
Result<std::string> translate_pattern(std::string_view pattern);

}  // namespace junctor::json
