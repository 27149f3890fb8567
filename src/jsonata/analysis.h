// Turns the parser's operators into paths with steps, and finds what each % refers to.
//
// Threads: one per compilation. Needs a large stack: see compile.cpp.
#pragma once

#include "jsonata/ast.h"

namespace junctor::jsonata {

class Analysis {
 public:
  explicit Analysis(Program& program) : program_(program) {}

  // The tree without the parser's own kinds. Throws Error S….
  Node* run(Node* root);

 private:
  Node* process(Node* node);
  Node* process_kind(Node* node);
  Node* dot(Node* node);
  Node* predicate(Node* node);
  Node* group(Node* node);
  Node* order_by(Node* node);
  Node* focus(Node* node);
  Node* position(Node* node);
  Node* apply(Node* node);
  Node* negate(Node* node);
  Node* block(Node* node);
  Node* call(Node* node);
  Node* name(Node* node);
  Node* children(Node* node);
  Node* make_path(Node* first);
  Node* tail_calls(Node* node);

  void seek_parent(Node* node, Slot* slot);
  static void push_ancestry(Node* result, const Node* value);
  void resolve_ancestry(Node* path);

  Program& program_;
  int labels_ = 0;
};

}  // namespace junctor::jsonata
