#include "json/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

namespace junctor::json {
namespace {

constexpr std::size_t max_pattern_bytes = 32 * 1024;
constexpr std::uint32_t max_parentheses = 100;

struct CodeFree {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct CompileContextFree {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};
struct MatchContextFree {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct MatchDataFree {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

using CodePtr = std::unique_ptr<pcre2_code, CodeFree>;

Problem wrong(std::string_view pattern, std::string why) {
  Problem problem;
  problem.found = "the pattern '" + std::string(pattern.substr(0, 200)) + "'";
  problem.expected = "a regular expression of ECMA-262: " + std::move(why);
  return problem;
}

PCRE2_SPTR bytes_of(std::string_view text) {
  // PCRE2 wants unsigned bytes and refuses a null pointer even for an empty text.
  return reinterpret_cast<PCRE2_SPTR>(text.data() == nullptr ? "" : text.data());
}

CodePtr compiled(const std::string& translated, int& error) {
  const std::unique_ptr<pcre2_compile_context, CompileContextFree> context(
      pcre2_compile_context_create(nullptr));
  pcre2_set_parens_nest_limit(context.get(), max_parentheses);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  PCRE2_SIZE offset = 0;
  const std::uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
                                PCRE2_ALLOW_EMPTY_CLASS | PCRE2_NEVER_BACKSLASH_C;
  return CodePtr(pcre2_compile(bytes_of(translated), translated.size(), options, &error, &offset,
                               context.get()));
}

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

struct PatternScratch::State {
  std::unique_ptr<pcre2_match_context, MatchContextFree> context;
  std::unique_ptr<pcre2_match_data, MatchDataFree> data;
};

PatternScratch::PatternScratch(std::uint32_t match_limit) : match_limit_(match_limit) {}
PatternScratch::~PatternScratch() = default;

struct Pattern::Code {
  CodePtr compiled;
};

Pattern::Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(std::string_view pattern) {
  if (pattern.size() > max_pattern_bytes) return wrong(pattern, "at most 32 KiB long");
  Pattern result;
  result.table_ = PatternDfa::compile(pattern);
  if (result.table_) return result;
  auto translated = translate_pattern(pattern);
  if (!translated) return translated.problems();
  result.code_ = std::make_unique<Code>();
  int error = 0;
  result.code_->compiled = compiled(translated.value(), error);
  if (!result.code_->compiled) return wrong(pattern, message_of(error));
  return result;
}

bool Pattern::is_well_formed(std::string_view pattern) {
  if (pattern.size() > max_pattern_bytes) return false;
  if (PatternDfa::compile(pattern)) return true;
  const auto translated = translate_pattern(pattern);
  if (!translated) return false;
  int error = 0;
  return compiled(translated.value(), error) != nullptr ||
         error == PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH;
}

Pattern::Outcome Pattern::match_general(std::string_view text, PatternScratch& scratch) const {
  if (!scratch.state_) {
    scratch.state_ = std::make_unique<PatternScratch::State>();
    scratch.state_->context.reset(pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(scratch.state_->context.get(), scratch.match_limit_);
    pcre2_set_heap_limit(scratch.state_->context.get(), 8 * 1024);
    scratch.state_->data.reset(pcre2_match_data_create(1, nullptr));
  }
  const int found = pcre2_match(code_->compiled.get(), bytes_of(text), text.size(), 0,
                                PCRE2_NO_UTF_CHECK, scratch.state_->data.get(),
                                scratch.state_->context.get());
  if (found >= 0) return Outcome::matches;
  return found == PCRE2_ERROR_NOMATCH ? Outcome::differs : Outcome::too_much_work;
}

}  // namespace junctor::json
