#include "jsonata/lexer.h"

#include <algorithm>
#include <cmath>

#include "jsonata/messages.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

constexpr std::string_view blanks = " \t\n\r\v";
constexpr std::string_view single_operators = ".[]{}(),@#;:?+-*/%|=<>^&!~";

bool is_blank(char c) { return blanks.find(c) != std::string_view::npos; }
bool is_operator(char c) { return single_operators.find(c) != std::string_view::npos; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::uint32_t Lexer::units(std::size_t offset) {
  offset = std::min(offset, source_.size());
  if (offset < counted_to_) return static_cast<std::uint32_t>(count_utf16_units(source_.substr(0, offset)));
  units_ += static_cast<std::uint32_t>(
      count_utf16_units(source_.substr(counted_to_, offset - counted_to_)));
  counted_to_ = offset;
  return units_;
}

void Lexer::fail(const char* code, std::size_t offset, std::string token) {
  throw make_error(code, {.position = units(offset), .token = std::move(token)});
}

Token Lexer::token(TokenKind kind, std::string text) {
  Token out;
  out.kind = kind;
  out.text = std::move(text);
  out.position = units(position_);
  return out;
}

void Lexer::skip_blanks_and_comments() {
  for (;;) {
    while (position_ < source_.size() && is_blank(source_[position_])) ++position_;
    if (at(position_) != '/' || at(position_ + 1) != '*') return;
    const std::size_t end = source_.find("*/", position_ + 2);
    if (end == std::string_view::npos) fail("S0106", position_);
    position_ = end + 2;
  }
}

Token Lexer::next(Expect expect) {
  skip_blanks_and_comments();
  if (position_ >= source_.size()) return token(TokenKind::end, "(end)");
  const char c = source_[position_];
  if (expect == Expect::value && c == '/') {
    ++position_;
    return regex();
  }
  for (const std::string_view two : {"..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"}) {
    if (source_.substr(position_, 2) == two) {
      position_ += 2;
      return token(TokenKind::operation, std::string(two));
    }
  }
  if (is_operator(c)) {
    ++position_;
    return token(TokenKind::operation, std::string(1, c));
  }
  if (c == '"' || c == '\'') return string();
  Token found;
  if (number(found)) return found;
  if (c == '`') return quoted_name();
  return name();
}

Token Lexer::string() {
  const char quote = source_[position_++];
  std::string out;
  while (position_ < source_.size()) {
    const char c = source_[position_];
    if (c == '\\') {
      ++position_;
      escape(out);
    } else if (c == quote) {
      ++position_;
      return token(TokenKind::string, std::move(out));
    } else {
      out += c;
    }
    ++position_;
  }
  fail("S0101", position_);
}

void Lexer::escape(std::string& out) {
  static constexpr std::string_view from = "\"\\/bfnrt";
  static constexpr std::string_view to = "\"\\/\b\f\n\r\t";
  const char c = at(position_);
  if (const std::size_t i = from.find(c); i != std::string_view::npos && position_ < source_.size()) {
    out += to[i];
    return;
  }
  if (c != 'u') {
    std::size_t end = position_;
    if (end < source_.size()) next_code_point(source_, end);
    fail("S0103", position_, std::string(source_.substr(position_, end - position_)));
  }
  const std::string_view digits = source_.substr(position_ + 1, 4);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_hex)) fail("S0104", position_);
  const auto unit = static_cast<std::uint32_t>(std::stoul(std::string(digits), nullptr, 16));
  position_ += 4;
  const std::size_t size = out.size();
  // A low surrogate joins the high one that stands before it.
  if (unit >= 0xDC00 && unit < 0xE000 && size >= 3 && out[size - 3] == '\xED' &&
      static_cast<unsigned char>(out[size - 2]) >= 0xA0 &&
      static_cast<unsigned char>(out[size - 2]) < 0xB0) {
    std::size_t high_at = size - 3;
    const std::uint32_t high = next_code_point(out, high_at);
    out.resize(size - 3);
    append_code_point(out, 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
    return;
  }
  append_code_point(out, unit);
}

bool Lexer::number(Token& out) {
  std::size_t i = position_;
  if (!is_digit(at(i))) return false;
  if (at(i) == '0') {
    ++i;
  } else {
    while (is_digit(at(i))) ++i;
  }
  if (at(i) == '.' && is_digit(at(i + 1))) {
    ++i;
    while (is_digit(at(i))) ++i;
  }
  if (at(i) == 'e' || at(i) == 'E') {
    std::size_t k = i + 1;
    if (at(k) == '+' || at(k) == '-') ++k;
    if (is_digit(at(k))) {
      while (is_digit(at(k))) ++k;
      i = k;
    }
  }
  const std::string_view text = source_.substr(position_, i - position_);
  const double value = parse_decimal(text);
  if (!std::isfinite(value)) fail("S0102", position_, std::string(text));
  position_ = i;
  out = token(TokenKind::number, std::string(text));
  out.number = value;
  return true;
}

Token Lexer::regex() {
  const std::size_t start = position_;
  int depth = 0;
  for (; position_ < source_.size(); ++position_) {
    const char c = source_[position_];
    if (c == '/' && depth == 0) {
      std::size_t backslashes = 0;
      while (backslashes < position_ && source_[position_ - backslashes - 1] == '\\') ++backslashes;
      if (backslashes % 2 == 0) {
        Token out;
        std::string pattern(source_.substr(start, position_ - start));
        if (pattern.empty()) fail("S0301", position_);
        const std::size_t flags = ++position_;
        while (at(position_) == 'i' || at(position_) == 'm') ++position_;
        out = token(TokenKind::regex, std::move(pattern));
        out.flags = source_.substr(flags, position_ - flags);
        return out;
      }
    }
    if (at(position_ - 1) == '\\') continue;
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
  }
  fail("S0302", position_);
}

Token Lexer::quoted_name() {
  const std::size_t start = ++position_;
  const std::size_t end = source_.find('`', start);
  if (end == std::string_view::npos) fail("S0105", source_.size());
  position_ = end + 1;
  return token(TokenKind::name, std::string(source_.substr(start, end - start)));
}

Token Lexer::name() {
  const std::size_t start = position_;
  while (position_ < source_.size() && !is_blank(source_[position_]) &&
         !is_operator(source_[position_])) {
    ++position_;
  }
  const std::string_view text = source_.substr(start, position_ - start);
  if (text.front() == '$') return token(TokenKind::variable, std::string(text.substr(1)));
  if (text == "or" || text == "in" || text == "and") {
    return token(TokenKind::operation, std::string(text));
  }
  if (text == "true" || text == "false" || text == "null") {
    return token(TokenKind::literal, std::string(text));
  }
  return token(TokenKind::name, std::string(text));
}

}  // namespace junctor::jsonata
