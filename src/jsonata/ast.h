// The compiled form of an expression: a tree whose names have been resolved.
//
// parser.h makes it from text, analysis.h turns operators into paths and finds parents,
// resolver.h decides where variables live.
//
// Threads: immutable once compiled.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "jsonata/regex.h"
#include "jsonata/signature.h"
#include "jsonata/value.h"

namespace junctor::jsonata {

enum class Kind : std::uint8_t {
  path,
  name,
  variable,
  string,
  number,
  literal,  // true, false, null
  binary,
  negate,
  array,
  object,
  wildcard,
  descendant,
  parent,
  condition,
  coalesce,  // ??
  elvis,     // ?:
  block,
  bind,
  regex,
  function,  // a call
  partial,
  lambda,
  apply,
  transform,
  sort,         // a step of a path
  placeholder,  // ? among arguments
  end,          // where the text ended
  // Only between parser and analysis:
  dot,
  predicate,
  group,
  order_by,
  focus,
  position,
  word,  // and, or, in, where a value is expected
};

// As the reference names node types; stands in tokens of errors.
std::string_view type_name(Kind kind);

enum class Op : std::uint8_t {
  none, add, subtract, multiply, divide, modulo, equal, not_equal, less, less_equal, greater,
  greater_equal, concatenate, conjunction, disjunction, contained, range,
};

struct Node;

// Which step a % refers to, while that is being found out.
struct Slot {
  std::string label;
  int level = 1;
};

// A filter on a step, or the binding of positions.
struct Stage {
  Node* filter = nullptr;  // absent: positions are bound
  std::string name = {};
  std::uint32_t slot = 0;
};

using Pairs = std::vector<std::pair<Node*, Node*>>;

struct Group {
  Pairs pairs;
  std::uint32_t position = 0;
  bool plain_keys = false;  // literal, different, none of them an integer
};

// The variables of a block, a call or a tuple stream.
struct Scope {
  const Scope* parent = nullptr;
  std::vector<std::string> names;
  bool captured = false;  // something inside may outlive it

  std::uint32_t slot(std::string_view name);
  int find(std::string_view name) const;
};

// Where a variable may be found, nearest first; the last resort is a global.
struct Place {
  std::uint32_t hops = 0;
  std::uint32_t slot = 0;
};

struct Node {
  Kind kind = Kind::end;
  Op op = Op::none;
  bool keep_array = false;
  bool keep_singleton_array = false;
  bool cons_array = false;
  bool tuple = false;
  bool tail = false;          // a call in tail position
  bool plain_names = false;   // a path of names and nothing else
  bool plain_name = false;    // a name; its step may have stages
  bool plain_step = false;    // a name and nothing else
  bool constant = false;      // a literal that is not filtered
  bool bare = false;          // nothing is to be done to what it gives
  bool first_variable = false;
  bool is_thunk_path = false;
  std::uint16_t plain_prefix = 0;  // how many of a path's first steps are plain, but the last
  std::uint32_t position = 0;
  Node* lhs = nullptr;    // left, condition, procedure, pattern, body, operand
  Node* rhs = nullptr;    // right, then, update
  Node* third = nullptr;  // else, delete
  Value value;            // literals; the key of a name
  std::uint32_t hint = 0;
  std::uint32_t global = 0;
  std::vector<Place> places;
  std::vector<Node*> list;  // steps, expressions, arguments, terms
  std::vector<Stage> stages;
  std::vector<Node*> predicates;
  std::unique_ptr<Group> group;
  std::shared_ptr<const Regex> regex;
  std::shared_ptr<const Signature> signature;
  const Scope* scope = nullptr;
  const Scope* stream_scope = nullptr;  // around filters of a block that gives tuples
  std::vector<bool> descending;
  std::string_view text;   // the name or word, as in errors
  std::uint32_t depth = 1;

  // Ancestry.
  Slot* slot = nullptr;
  Slot* ancestor = nullptr;
  std::vector<Slot*> seeking;
  std::string_view focus;
  std::string_view index;
  int focus_slot = -1;
  int index_slot = -1;
  int ancestor_slot = -1;
  std::vector<std::uint32_t> merge;  // slots of an inner tuple stream → slots of this one
  Node* callee_name = nullptr;       // the variable that a call without $ may have meant
};

// Everything that belongs to one compiled text.
struct Program {
  std::string source;
  std::deque<Node> nodes;
  std::deque<Slot> slots;
  std::deque<Scope> scopes;
  std::deque<std::string> strings;
  Node* root = nullptr;
  Scope* root_scope = nullptr;
  std::vector<std::string> globals;  // names that no scope of the text defines
  std::vector<Value> global_defaults;
  std::unordered_map<std::string, std::uint32_t> global_index;
  std::uint32_t hints = 0;
  bool uses_eval = false;
  const std::function<void()>* interrupt = nullptr;  // called often while compiling; may throw

  void tick() const {
    if (interrupt) (*interrupt)();
  }

  std::string_view keep(std::string text) { return strings.emplace_back(std::move(text)); }
};

}  // namespace junctor::jsonata
