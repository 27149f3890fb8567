// Text → tokens.
//
// Threads: one per compilation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace junctor::jsonata {

enum class TokenKind { end, name, variable, operation, string, number, literal, regex };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;             // the name, operator, string, number, or pattern
  std::string flags;            // of a regular expression
  double number = 0;
  std::uint32_t position = 0;   // behind the token, in UTF-16 units
};

enum class Expect {
  value,    // a slash begins a regular expression
  operator_  // a slash divides
};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  // The next token; of kind end when there is none. Throws Error S01…, S03….
  Token next(Expect expect);

 private:
  char at(std::size_t index) const { return index < source_.size() ? source_[index] : '\0'; }
  void skip_blanks_and_comments();
  std::uint32_t units(std::size_t offset);
  [[noreturn]] void fail(const char* code, std::size_t offset, std::string token = {});
  Token token(TokenKind kind, std::string text);
  Token string();
  void escape(std::string& out);
  bool number(Token& out);
  Token regex();
  Token quoted_name();
  Token name();

  std::string_view source_;
  std::size_t position_ = 0;
  std::size_t counted_to_ = 0;  // units_ are those before here
  std::uint32_t units_ = 0;
};

}  // namespace junctor::jsonata
