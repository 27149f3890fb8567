// JavaScript regular expressions on PCRE2.
//
// Threads: a Regex is immutable, any thread; a RegexScratch belongs to one evaluation.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace junctor::jsonata {

// What matching needs beside the pattern; kept with the arena.
struct RegexScratch {
  RegexScratch();
  ~RegexScratch();
  RegexScratch(const RegexScratch&) = delete;
  RegexScratch& operator=(const RegexScratch&) = delete;

  struct Handles;
  std::unique_ptr<Handles> handles;
  // The subject whose encoding has been checked last.
  const char* checked = nullptr;
  std::size_t checked_size = 0;
  std::string repaired;  // a copy of it, where it was not valid UTF-8
  bool use_repaired = false;
};

class Regex {
 public:
  // Throws Error S0303 with the reason when the pattern is none.
  // `flags` consists of i and m. `position` is where it ends in the expression.
  Regex(std::string_view pattern, std::string_view flags, std::size_t position);
  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  const std::string& source() const { return source_; }
  std::size_t group_count() const { return group_count_; }

  static constexpr std::size_t unset = static_cast<std::size_t>(-1);

  // Finds the first match at or behind the byte `from`: pairs of offsets, the whole match first,
  // `unset` for groups that took no part. Empty when there is none. The pairs live until the
  // scratch is used again. `interrupt` is called often during long matches and may throw.
  std::span<const std::size_t> find(std::string_view subject, std::size_t from,
                                    RegexScratch& scratch,
                                    const std::function<void()>& interrupt) const;

 private:
  struct Codes;
  std::span<const std::size_t> result(int count, const RegexScratch::Handles& handles) const;
  int find_slowly(std::string_view subject, std::size_t from, RegexScratch& scratch,
                  const std::function<void()>& interrupt) const;

  std::string source_;
  std::string translated_;
  std::uint32_t options_ = 0;
  std::size_t group_count_ = 0;
  std::unique_ptr<Codes> codes_;
};

// The pattern in PCRE2's syntax. Throws Error S0303.
std::string translate_regex(std::string_view pattern, std::size_t position);

}  // namespace junctor::jsonata
