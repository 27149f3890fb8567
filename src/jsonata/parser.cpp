#include "jsonata/parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "jsonata/messages.h"

namespace junctor::jsonata {
namespace {

struct Infix {
  std::string_view text;
  int binding;
  Op op;
};

constexpr std::array infixes = {
    Infix{".", 75, Op::none},          Infix{"[", 80, Op::none},
    Infix{"{", 70, Op::none},          Infix{"(", 80, Op::none},
    Infix{"@", 80, Op::none},          Infix{"#", 80, Op::none},
    Infix{"?", 20, Op::none},          Infix{"+", 50, Op::add},
    Infix{"-", 50, Op::subtract},      Infix{"*", 60, Op::multiply},
    Infix{"/", 60, Op::divide},        Infix{"%", 60, Op::modulo},
    Infix{"=", 40, Op::equal},         Infix{"<", 40, Op::less},
    Infix{">", 40, Op::greater},       Infix{"^", 40, Op::none},
    Infix{":=", 10, Op::none},         Infix{"!=", 40, Op::not_equal},
    Infix{"<=", 40, Op::less_equal},   Infix{">=", 40, Op::greater_equal},
    Infix{"~>", 40, Op::none},         Infix{"?:", 40, Op::none},
    Infix{"??", 40, Op::none},         Infix{"and", 30, Op::conjunction},
    Infix{"or", 25, Op::disjunction},  Infix{"in", 40, Op::contained},
    Infix{"&", 50, Op::concatenate},
};

const Infix* find_infix(std::string_view text) {
  for (const Infix& infix : infixes) {
    if (infix.text == text) return &infix;
  }
  return nullptr;
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

}  // namespace

Node* Parser::parse() {
  advance();
  Node* root = expression(0);
  if (token_.kind != TokenKind::end) {
    throw make_error("S0201", {.position = token_.position, .token = token_.text});
  }
  return root;
}

void Parser::advance(Expect expect) {
  token_ = lexer_.next(expect);
  if (token_.kind != TokenKind::operation) return;
  if (token_.text == "!" || token_.text == "~") {
    throw make_error("S0204", {.position = token_.position, .token = token_.text});
  }
}

void Parser::advance_past(std::string_view operation, Expect expect) {
  if (!at(operation)) {
    const bool end = token_.kind == TokenKind::end;
    throw make_error(end ? "S0203" : "S0202", {.position = token_.position,
                                               .token = token_.text,
                                               .value = quoted(operation)});
  }
  advance(expect);
}

Node* Parser::make(Kind kind, const Token& token) {
  if (program_.nodes.size() >= max_nodes) {
    throw make_error("S0501", {.position = token.position, .value = "more than 100,000 parts"});
  }
  program_.tick();
  Node& node = program_.nodes.emplace_back();
  node.kind = kind;
  node.position = token.position;
  node.text = program_.keep(token.text);
  return &node;
}

Node* Parser::adopt(Node* parent, Node* child) {
  parent->depth = std::max(parent->depth, child->depth + 1);
  if (parent->depth > max_nesting) {
    throw make_error("S0501", {.position = parent->position, .value = "more than 5,000 levels"});
  }
  return child;
}

Node* Parser::expression(int binding) {
  if (++nesting_ > max_nesting) {
    throw make_error("S0501", {.position = token_.position, .value = "more than 5,000 levels"});
  }
  Token token = token_;
  if (token.kind != TokenKind::end) advance(Expect::operator_);
  Node* left = prefix(token);
  while (binding < binding_power()) {
    token = token_;
    advance();
    left = infix(token, left);
  }
  --nesting_;
  return left;
}

int Parser::binding_power() const {
  if (token_.kind != TokenKind::operation) return 0;
  const Infix* infix = find_infix(token_.text);
  return infix ? infix->binding : 0;
}

Node* Parser::prefix(const Token& token) {
  Node* node = nullptr;
  switch (token.kind) {
    case TokenKind::end: return make(Kind::end, token);
    case TokenKind::name: return make(Kind::name, token);
    case TokenKind::variable: return make(Kind::variable, token);
    case TokenKind::operation: return prefix_operator(token);
    case TokenKind::string:
      node = make(Kind::string, token);
      node->value = Value::of(node->text);
      return node;
    case TokenKind::number:
      node = make(Kind::number, token);
      node->value = Value::of(token.number);
      return node;
    case TokenKind::literal:
      node = make(Kind::literal, token);
      node->value = token.text == "null" ? Value::null() : Value::of(token.text == "true");
      return node;
    case TokenKind::regex:
      node = make(Kind::regex, token);
      node->regex = std::make_shared<Regex>(token.text, token.flags, token.position);
      return node;
  }
  return node;
}

Node* Parser::prefix_operator(const Token& token) {
  const std::string& op = token.text;
  if (op == "and" || op == "or" || op == "in") return make(Kind::word, token);
  if (op == "*") return make(Kind::wildcard, token);
  if (op == "**") return make(Kind::descendant, token);
  if (op == "%") return make(Kind::parent, token);
  if (op == "(") return block(token);
  if (op == "[") return array(token);
  if (op == "|") return transform(token);
  if (op == "-") {
    Node* node = make(Kind::negate, token);
    node->lhs = adopt(node, expression(70));
    return node;
  }
  if (op == "{") {
    Node* node = make(Kind::object, token);
    pairs(node);
    return node;
  }
  throw make_error("S0211", {.position = token.position, .token = op});
}

Node* Parser::infix(const Token& token, Node* left) {
  const Infix* infix = find_infix(token.text);
  if (infix->op == Op::none) return infix_special(token, left);
  return binary(token, left, infix->op, infix->binding);
}

Node* Parser::binary(const Token& token, Node* left, Op op, int binding) {
  Node* node = make(Kind::binary, token);
  node->op = op;
  node->lhs = adopt(node, left);
  node->rhs = adopt(node, expression(binding));
  return node;
}

Node* Parser::infix_special(const Token& token, Node* left) {
  const std::string& op = token.text;
  if (op == "(") return call(token, left);
  if (op == "[") return predicate(token, left);
  if (op == "^") return order_by(token, left);
  if (op == "@") return variable_binding(token, left, Kind::focus);
  if (op == "#") return variable_binding(token, left, Kind::position);
  if (op == ":=") return assignment(token, left);
  if (op == "?") return condition(token, left);
  if (op == "{") {
    Node* node = make(Kind::group, token);
    node->lhs = adopt(node, left);
    pairs(node);
    return node;
  }
  if (op == "??" || op == "?:") {
    Node* node = make(op == "??" ? Kind::coalesce : Kind::elvis, token);
    node->lhs = adopt(node, left);
    node->third = adopt(node, expression(0));
    return node;
  }
  Node* node = make(op == "." ? Kind::dot : Kind::apply, token);
  node->lhs = adopt(node, left);
  node->rhs = adopt(node, expression(find_infix(op)->binding));
  return node;
}

Node* Parser::call(const Token& token, Node* left) {
  Node* node = make(Kind::function, token);
  node->lhs = adopt(node, left);
  if (!at(")")) {
    for (;;) {
      if (at("?")) {
        node->kind = Kind::partial;
        node->list.push_back(make(Kind::placeholder, token_));
        advance();
      } else {
        node->list.push_back(adopt(node, expression(0)));
      }
      if (!at(",")) break;
      advance();
    }
  }
  advance_past(")", Expect::operator_);
  if (left->kind == Kind::name && (left->text == "function" || left->text == "\xCE\xBB")) {
    lambda(node);
  }
  return node;
}

void Parser::lambda(Node* node) {
  for (std::size_t i = 0; i < node->list.size(); ++i) {
    const Node* argument = node->list[i];
    if (argument->kind == Kind::variable) continue;
    throw make_error("S0208", {.position = argument->position,
                               .token = std::string(argument->text),
                               .value = std::to_string(i + 1)});
  }
  node->kind = Kind::lambda;
  if (at("<")) lambda_signature(node);
  advance_past("{");
  node->lhs = adopt(node, expression(0));
  advance_past("}");
}

void Parser::lambda_signature(Node* node) {
  const std::uint32_t position = token_.position;
  int depth = 1;
  std::string text = "<";
  while (depth > 0 && !at("{") && token_.kind != TokenKind::end) {
    advance();
    if (at(">")) --depth;
    if (at("<")) ++depth;
    text += token_.text;
  }
  advance_past(">");
  node->signature = Signature::parse(text, position);
}

Node* Parser::block(const Token& token) {
  Node* node = make(Kind::block, token);
  while (!at(")")) {
    node->list.push_back(adopt(node, expression(0)));
    if (!at(";")) break;
    advance();
  }
  advance_past(")", Expect::operator_);
  return node;
}

Node* Parser::array(const Token& token) {
  Node* node = make(Kind::array, token);
  if (!at("]")) {
    for (;;) {
      Node* item = expression(0);
      if (at("..")) {
        const Token range = token_;
        advance();
        item = binary(range, item, Op::range, 0);
      }
      node->list.push_back(adopt(node, item));
      if (!at(",")) break;
      advance();
    }
  }
  advance_past("]", Expect::operator_);
  return node;
}

void Parser::pairs(Node* node) {
  node->group = std::make_unique<Group>();
  node->group->position = node->position;
  if (!at("}")) {
    for (;;) {
      Node* key = adopt(node, expression(0));
      advance_past(":");
      node->group->pairs.emplace_back(key, adopt(node, expression(0)));
      if (!at(",")) break;
      advance();
    }
  }
  advance_past("}", Expect::operator_);
}

Node* Parser::predicate(const Token& token, Node* left) {
  if (at("]")) {
    Node* step = left;
    while (step->kind == Kind::predicate) step = step->lhs;
    step->keep_array = true;
    advance();
    return left;
  }
  Node* node = make(Kind::predicate, token);
  node->lhs = adopt(node, left);
  node->rhs = adopt(node, expression(0));
  advance_past("]", Expect::operator_);
  return node;
}

Node* Parser::order_by(const Token& token, Node* left) {
  Node* node = make(Kind::order_by, token);
  node->lhs = adopt(node, left);
  advance_past("(");
  for (;;) {
    const bool descending = at(">");
    if (descending || at("<")) advance();
    node->list.push_back(adopt(node, expression(0)));
    node->descending.push_back(descending);
    if (!at(",")) break;
    advance();
  }
  advance_past(")");
  return node;
}

Node* Parser::variable_binding(const Token& token, Node* left, Kind kind) {
  Node* node = make(kind, token);
  node->lhs = adopt(node, left);
  node->rhs = adopt(node, expression(80));
  if (node->rhs->kind != Kind::variable) {
    throw make_error("S0214", {.position = node->rhs->position, .token = token.text});
  }
  return node;
}

Node* Parser::assignment(const Token& token, Node* left) {
  if (left->kind != Kind::variable) {
    throw make_error("S0212", {.position = left->position, .token = std::string(left->text)});
  }
  Node* node = make(Kind::bind, token);
  node->lhs = left;
  node->rhs = adopt(node, expression(9));
  return node;
}

Node* Parser::condition(const Token& token, Node* left) {
  Node* node = make(Kind::condition, token);
  node->lhs = adopt(node, left);
  node->rhs = adopt(node, expression(0));
  if (at(":")) {
    advance();
    node->third = adopt(node, expression(0));
  }
  return node;
}

Node* Parser::transform(const Token& token) {
  Node* node = make(Kind::transform, token);
  node->lhs = adopt(node, expression(0));
  advance_past("|");
  node->rhs = adopt(node, expression(0));
  if (at(",")) {
    advance();
    node->third = adopt(node, expression(0));
  }
  advance_past("|");
  return node;
}

}  // namespace junctor::jsonata
