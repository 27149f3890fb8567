#include "jsonata/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <exception>
#include <mutex>

#include "jsonata/messages.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

// About 5 ms of matching; what takes longer is done again where it can be interrupted.
constexpr std::uint32_t quick_match_limit = 200'000;
// Longer subjects are searched where it can be interrupted from the start.
constexpr std::size_t quick_subject_bytes = 2u << 20;
constexpr std::uint32_t heap_limit_kib = 64 * 1024;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Code = std::unique_ptr<pcre2_code, Freed<pcre2_code_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Freed<pcre2_compile_context_free>>;

Code compile(std::string_view pattern, std::uint32_t options, std::string& reason) {
  CompileContext context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_ANYCRLF);
  pcre2_set_max_pattern_length(context.get(), 64 * 1024);
  int error = 0;
  PCRE2_SIZE offset = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options,
                          &error, &offset, context.get()));
  if (!code) {
    PCRE2_UCHAR text[200];
    pcre2_get_error_message(error, text, sizeof text);
    reason = reinterpret_cast<const char*>(text);
  }
  return code;
}

// Whether it is UTF-8, asked piece by piece.
bool is_valid_text(std::string_view text, const std::function<void()>& interrupt) {
  constexpr std::size_t piece = 64u << 10;
  while (text.size() > piece) {
    std::size_t end = piece;
    while (end > piece - 4 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    const std::string_view part = text.substr(0, end);
    if (!is_ascii(part) && !is_valid_utf8(part)) return false;
    text.remove_prefix(end);
    for (int i = 0; i < 500; ++i) interrupt();
  }
  return is_ascii(text) || is_valid_utf8(text);
}

struct Watch {
  const std::function<void()>& interrupt;
  std::exception_ptr thrown;
};

int on_callout(pcre2_callout_block*, void* data) {
  Watch& watch = *static_cast<Watch*>(data);
  try {
    watch.interrupt();
    return 0;
  } catch (...) {
    watch.thrown = std::current_exception();
    return PCRE2_ERROR_CALLOUT;
  }
}

}  // namespace

struct RegexScratch::Handles {
  std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>> data;
  std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>> context;
  std::unique_ptr<pcre2_jit_stack, Freed<pcre2_jit_stack_free>> stack;
  std::uint32_t pairs = 0;
};

RegexScratch::RegexScratch() : handles(std::make_unique<Handles>()) {
  handles->context.reset(pcre2_match_context_create(nullptr));
  handles->stack.reset(pcre2_jit_stack_create(32 * 1024, 1024 * 1024, nullptr));
  pcre2_jit_stack_assign(handles->context.get(), nullptr, handles->stack.get());
  pcre2_set_heap_limit(handles->context.get(), heap_limit_kib);
}
RegexScratch::~RegexScratch() = default;

struct Regex::Codes {
  Code quick;
  std::once_flag once;
  Code slow;  // with a callout before every item
};

Regex::Regex(std::string_view pattern, std::string_view flags, std::size_t position)
    : source_(pattern),
      translated_(translate_regex(pattern, position)),
      codes_(std::make_unique<Codes>()) {
  options_ = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_UCP;
  if (flags.find('i') != std::string_view::npos) options_ |= PCRE2_CASELESS;
  if (flags.find('m') != std::string_view::npos) options_ |= PCRE2_MULTILINE;
  std::string reason;
  codes_->quick = compile(translated_, options_, reason);
  if (!codes_->quick) throw make_error("S0303", {.position = position, .value = reason});
  pcre2_jit_compile(codes_->quick.get(), PCRE2_JIT_COMPLETE);
  std::uint32_t count = 0;
  pcre2_pattern_info(codes_->quick.get(), PCRE2_INFO_CAPTURECOUNT, &count);
  group_count_ = count;
}

Regex::~Regex() = default;

std::span<const std::size_t> Regex::find(std::string_view subject, std::size_t from,
                                         RegexScratch& scratch,
                                         const std::function<void()>& interrupt) const {
  RegexScratch::Handles& handles = *scratch.handles;
  const auto pairs = static_cast<std::uint32_t>(group_count_ + 1);
  if (handles.pairs < pairs) {
    handles.data.reset(pcre2_match_data_create(std::max(pairs, 16u), nullptr));
    handles.pairs = std::max(pairs, 16u);
  }
  if (scratch.checked != subject.data() || scratch.checked_size != subject.size() || from == 0) {
    scratch.checked = subject.data();
    scratch.checked_size = subject.size();
    scratch.use_repaired = !is_valid_text(subject, interrupt);
    if (scratch.use_repaired) scratch.repaired = repair_utf8(subject);
  }
  if (scratch.use_repaired) subject = scratch.repaired;
  pcre2_set_match_limit(handles.context.get(), quick_match_limit);
  if (subject.size() - from > quick_subject_bytes) return result(find_slowly(subject, from, scratch, interrupt), handles);
  int count = pcre2_match(codes_->quick.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()),
                          subject.size(), from, PCRE2_NO_UTF_CHECK, handles.data.get(),
                          handles.context.get());
  if (count == PCRE2_ERROR_MATCHLIMIT || count == PCRE2_ERROR_JIT_STACKLIMIT) {
    count = find_slowly(subject, from, scratch, interrupt);
  }
  return result(count, handles);
}

std::span<const std::size_t> Regex::result(int count, const RegexScratch::Handles& handles) const {
  if (count <= 0) return {};
  return {pcre2_get_ovector_pointer(handles.data.get()), 2 * (group_count_ + 1)};
}

int Regex::find_slowly(std::string_view subject, std::size_t from, RegexScratch& scratch,
                       const std::function<void()>& interrupt) const {
  std::call_once(codes_->once, [this] {
    std::string reason;
    codes_->slow = compile(translated_, options_ | PCRE2_AUTO_CALLOUT, reason);
  });
  RegexScratch::Handles& handles = *scratch.handles;
  Watch watch{interrupt, nullptr};
  pcre2_set_callout(handles.context.get(), on_callout, &watch);
  pcre2_set_match_limit(handles.context.get(), 4'000'000'000u);
  const int count = codes_->slow
                        ? pcre2_match(codes_->slow.get(),
                                      reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(),
                                      from, PCRE2_NO_UTF_CHECK, handles.data.get(),
                                      handles.context.get())
                        : PCRE2_ERROR_HEAPLIMIT;
  pcre2_set_callout(handles.context.get(), nullptr, nullptr);
  if (watch.thrown) std::rethrow_exception(watch.thrown);
  if (count == PCRE2_ERROR_HEAPLIMIT || count == PCRE2_ERROR_DEPTHLIMIT ||
      count == PCRE2_ERROR_MATCHLIMIT || count == PCRE2_ERROR_NOMEMORY) {
    throw make_error("U1002", {.value = "A regular expression needs too much memory"});
  }
  return count;
}

}  // namespace junctor::jsonata
