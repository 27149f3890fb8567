// Tokens → a tree of operators, by top-down operator precedence.
//
// Threads: one per compilation. Needs a large stack: see compile.cpp.
#pragma once

#include <string_view>

#include "jsonata/ast.h"
#include "jsonata/lexer.h"

namespace junctor::jsonata {

inline constexpr std::uint32_t max_nesting = 5'000;
inline constexpr std::size_t max_nodes = 100'000;
inline constexpr std::size_t max_source_bytes = 1u << 20;

class Parser {
 public:
  explicit Parser(Program& program) : program_(program), lexer_(program.source) {}

  // The tree of the whole text, still with the parser's own kinds. Throws Error S….
  Node* parse();

 private:
  bool at(std::string_view operation) const {
    return token_.kind == TokenKind::operation && token_.text == operation;
  }
  void advance(Expect expect = Expect::value);
  void advance_past(std::string_view operation, Expect expect = Expect::value);
  Node* make(Kind kind, const Token& token);
  // Notes that `child` stands below `parent`.
  Node* adopt(Node* parent, Node* child);

  Node* expression(int binding);
  int binding_power() const;
  Node* prefix(const Token& token);
  Node* prefix_operator(const Token& token);
  Node* infix(const Token& token, Node* left);
  Node* infix_special(const Token& token, Node* left);
  Node* binary(const Token& token, Node* left, Op op, int binding);
  Node* call(const Token& token, Node* left);
  void lambda(Node* node);
  void lambda_signature(Node* node);
  Node* block(const Token& token);
  Node* array(const Token& token);
  void pairs(Node* node);
  Node* predicate(const Token& token, Node* left);
  Node* order_by(const Token& token, Node* left);
  Node* variable_binding(const Token& token, Node* left, Kind kind);
  Node* assignment(const Token& token, Node* left);
  Node* condition(const Token& token, Node* left);
  Node* transform(const Token& token);

  Program& program_;
  Lexer lexer_;
  Token token_;
  std::uint32_t nesting_ = 0;
};

}  // namespace junctor::jsonata
