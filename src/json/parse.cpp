#include "json/parse.h"

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <string>

namespace junctor::json {
namespace {

namespace bj = boost::json;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Receives what the tokenizer finds and stacks it up into a value.
class Builder {
 public:
  static constexpr std::size_t max_object_size = bj::object::max_size();
  static constexpr std::size_t max_array_size = bj::array::max_size();
  static constexpr std::size_t max_key_size = bj::string::max_size();
  static constexpr std::size_t max_string_size = bj::string::max_size();

  explicit Builder(bj::storage_ptr storage) : stack_({}, unfinished_.data(), unfinished_.size()) {
    stack_.reset(std::move(storage));
  }

  bj::value release() { return stack_.release(); }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_array_begin(bj::error_code&) { return true; }
  bool on_array_end(std::size_t n, bj::error_code&) { return stack_.push_array(n), true; }
  bool on_object_begin(bj::error_code&) { return true; }
  bool on_object_end(std::size_t n, bj::error_code&) { return stack_.push_object(n), true; }
  bool on_string_part(bj::string_view s, std::size_t, bj::error_code&) { return push_part(s); }
  bool on_string(bj::string_view s, std::size_t, bj::error_code&) {
    return stack_.push_string(s), true;
  }
  bool on_key_part(bj::string_view s, std::size_t, bj::error_code&) { return push_part(s); }
  bool on_key(bj::string_view s, std::size_t, bj::error_code&) { return stack_.push_key(s), true; }
  bool on_number_part(bj::string_view s, bj::error_code&) { return number_.append(s), true; }
  bool on_int64(std::int64_t i, bj::string_view, bj::error_code&) {
    number_.clear();
    return stack_.push_int64(i), true;
  }
  bool on_uint64(std::uint64_t u, bj::string_view, bj::error_code&) {
    number_.clear();
    return stack_.push_uint64(u), true;
  }
  bool on_double(double rough, bj::string_view s, bj::error_code& error);
  bool on_bool(bool b, bj::error_code&) { return stack_.push_bool(b), true; }
  bool on_null(bj::error_code&) { return stack_.push_null(), true; }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }

 private:
  bool push_part(bj::string_view s) { return stack_.push_chars(s), true; }

  // Members and items of what is still open. A block from the heap that grows with every text would
  // make malloc tidy up each time, which costs more than reading does.
  alignas(bj::value) std::array<unsigned char, 170 * sizeof(bj::value)> unfinished_;
  bj::value_stack stack_;
  std::string number_;  // the parts of a number that have arrived so far
};

// `rough` is Boost's own conversion, a few units off in the last place.
bool Builder::on_double(double rough, bj::string_view s, bj::error_code& error) {
  number_.append(s);
  double exact = 0;
  const auto [end, failed] =
      std::from_chars(number_.data(), number_.data() + number_.size(), exact);
  if (failed == std::errc::result_out_of_range) {
    if (std::abs(rough) > 1) {
      error = bj::error::exponent_overflow;
      return false;
    }
    exact = 0;
  }
  number_.clear();
  stack_.push_double(exact);
  return true;
}

// Whether the fault at `at` is half of a surrogate pair, written as an escape.
bool is_lone_surrogate(const bj::error_code& error, std::string_view text, std::size_t at) {
  if (error == bj::error::illegal_leading_surrogate || error == bj::error::illegal_trailing_surrogate ||
      error == bj::error::expected_utf16_escape) {
    return true;
  }
  // A leading half that no escape follows is a fault of syntax to the parser, at what follows it.
  constexpr std::size_t escape_bytes = 6;
  const auto is_half = [&](std::size_t end) {
    if (end < escape_bytes || end > text.size()) return false;
    const std::string_view escape = text.substr(end - escape_bytes, escape_bytes);
    return escape.starts_with("\\ud") || escape.starts_with("\\uD")
               ? std::string_view("89abAB").find(escape[3]) != std::string_view::npos
               : false;
  };
  return error == bj::error::syntax && (is_half(at) || (at > 0 && is_half(at - 1)));
}

Problem explain(const bj::error_code& error, std::string_view text, std::size_t at,
                const ParseLimits& limits) {
  Problem problem;
  at = std::min(at, text.size());
  const std::string_view before = text.substr(0, at);
  problem.line = static_cast<int>(1 + std::count(before.begin(), before.end(), '\n'));
  if (error == bj::error::too_deep) {
    problem.found = "arrays and objects nested too deep";
    problem.expected = "at most " + std::to_string(limits.max_depth) + " levels";
  } else if (error == bj::error::exponent_overflow) {
    problem.found = "a number out of range";
    problem.expected = "a number between -1.8e308 and 1.8e308";
  } else if (error == bj::error::incomplete) {
    problem.found = "the end of the text";
    problem.expected = "the rest of a JSON value";
  } else if (error == bj::error::extra_data) {
    problem.found = "more text after the JSON value";
    problem.expected = "exactly one JSON value";
  } else if (at < 3 && text.starts_with("\xef\xbb\xbf")) {
    problem.found = "a byte order mark";
    problem.expected = "JSON from the first byte on; save the file as UTF-8 without one";
  } else if (is_lone_surrogate(error, text, at)) {
    problem.found = "half of a surrogate pair at offset " + std::to_string(at);
    problem.expected = R"(a character as both halves of its pair, such as \ud83d\ude00)";
  } else if (at < text.size() && static_cast<unsigned char>(text[at]) >= 0x80) {
    problem.found = "bytes that are not UTF-8 at offset " + std::to_string(at);
    problem.expected = "JSON in UTF-8";
  } else {
    problem.found = error.message() + " at offset " + std::to_string(at);
    problem.expected = "JSON (RFC 8259)";
  }
  return problem;
}

// Boost's parser refuses exponents of more than 31 bits, also where the number is just too small or
// zero. Within max_bytes no mantissa makes up for an exponent of nine nines: those say the same.
// The length stays, for the sake of offsets.
std::string with_bounded_exponents(std::string_view text) {
  constexpr std::size_t max_digits = 9;
  std::string bounded(text);
  bool in_string = false;
  for (std::size_t at = 0; at < bounded.size(); ++at) {
    const char c = bounded[at];
    if (c == '"') in_string = !in_string;
    if (in_string) {
      if (c == '\\') ++at;
      continue;
    }
    if ((c != 'e' && c != 'E') || at == 0 || !is_digit(bounded[at - 1])) continue;
    std::size_t begin = at + 1;
    if (begin < bounded.size() && (bounded[begin] == '-' || bounded[begin] == '+')) ++begin;
    while (begin < bounded.size() && bounded[begin] == '0') ++begin;
    std::size_t end = begin;
    while (end < bounded.size() && is_digit(bounded[end])) ++end;
    for (std::size_t i = begin; end - begin > max_digits && i < end; ++i) {
      bounded[i] = end - i > max_digits ? '0' : '9';
    }
    at = end - 1;
  }
  return bounded;
}

Result<Json> parse_once(std::string_view text, const ParseLimits& limits, bj::storage_ptr storage,
                        bj::error_code& error) {
  bj::parse_options options;
  options.max_depth = limits.max_depth;
  bj::basic_parser<Builder> parser(options, std::move(storage));
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = bj::error::extra_data;
  if (!error && !parser.done()) error = bj::error::incomplete;
  if (error) return explain(error, text, used, limits);
  return parser.handler().release();
}

}  // namespace

Result<Json> parse(std::string_view text, ParseLimits limits, bj::storage_ptr storage) {
  if (text.size() > limits.max_bytes) {
    Problem problem;
    problem.found = std::to_string(text.size()) + " bytes of JSON";
    problem.expected = "at most " + std::to_string(limits.max_bytes) + " bytes";
    return problem;
  }
  bj::error_code error;
  auto result = parse_once(text, limits, storage, error);
  if (error != bj::error::exponent_overflow) return result;
  error = {};
  return parse_once(with_bounded_exponents(text), limits, std::move(storage), error);
}

}  // namespace junctor::json
