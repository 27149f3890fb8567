// Decides where variables live: frames and slots instead of names at run time.
//
// A block gets a frame only when it assigns something; a path gets one for the tuples of @, # and
// %; a function for its parameters. Names that nothing in the text defines become globals:
// bindings of the caller, or built-in functions.
//
// Threads: one per compilation. Needs a large stack: see compile.cpp.
#pragma once

#include <unordered_map>

#include "jsonata/ast.h"

namespace junctor::jsonata {

class Resolver {
 public:
  // `outer` is the scope around a text given to $eval, or null.
  Resolver(Program& program, const Scope* outer) : program_(program), outer_(outer) {}

  void run();

 private:
  enum class Pass { declare, resolve };

  void walk(Node* node, Scope* scope);
  void walk_path(Node* node, Scope* scope);
  void walk_lambda(Node* node, Scope* scope);
  void walk_block(Node* node, Scope* scope);
  void walk_call(Node* node, Scope* scope);
  void walk_pairs(Group& group, Scope* scope);
  void declare_tuple_names(Node* step, Scope* scope);
  void resolve(Node* node, std::string_view name, const Scope* scope);
  Scope* open(Node* node, Scope* parent);
  Scope* stream_scope(Node* node, Scope* scope);
  static void capture(Scope* scope);
  // Steps over parentheses that change nothing; only where nobody asks what kind a child is.
  void see_through(Node*& child) const;
  void see_through_operands(Node* node) const;

  Program& program_;
  const Scope* outer_;
  Pass pass_ = Pass::declare;
  std::unordered_map<const Scope*, Scope*> mutable_scopes_;
};

}  // namespace junctor::jsonata
