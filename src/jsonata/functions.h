// The function library and what functions are made of.
//
// Threads: the tables are immutable, any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "jsonata/signature.h"
#include "jsonata/value.h"

namespace junctor::jsonata {

class Evaluator;
class Regex;
struct Builtin;
struct Frame;
struct Node;

// One call of a built-in function. Missing arguments are undefined; there are always four.
struct Call {
  Evaluator& ev;
  Value* args;
  std::size_t count;
  Value context;
  Frame* frame;
};

struct Builtin {
  std::string_view name;
  Value (*run)(Call&);
  std::string_view signature_text;
  std::size_t arity;  // how many arguments $map and its like give it
  std::shared_ptr<const Signature> signature = {};
};

// A function as a value.
struct Function {
  enum class Type { builtin, lambda, partial, regex, host, transform, chain, next_match };
  Type type = Type::builtin;
  const Builtin* builtin = nullptr;
  const Node* node = nullptr;      // lambda, transform, regex
  Frame* frame = nullptr;          // its surroundings
  Value input = {};                     // their context
  const Value* globals = nullptr;
  const void* host = nullptr;      // Bindings::Entry
  const Function* target = nullptr;  // partial; first of a chain
  const Function* second = nullptr;  // of a chain
  const Value* bound = nullptr;    // partial: Tag::unbound where an argument is still to come
  std::size_t bound_count = 0;
  Value subject = {};                   // next_match: the text…
  std::size_t from = 0;            // …and where to go on
  bool is_lambda() const {
    return type == Type::lambda || type == Type::partial || type == Type::chain;
  }
};

// The built-in function of that name as a value; undefined when there is none.
Value builtin_value(std::string_view name);

// One table per subject; together the function library.
std::vector<Builtin> string_functions();
std::vector<Builtin> text_functions();
std::vector<Builtin> pattern_functions();
std::vector<Builtin> numeric_functions();
std::vector<Builtin> array_functions();
std::vector<Builtin> higher_order_functions();
std::vector<Builtin> object_functions();
std::vector<Builtin> date_functions();

}  // namespace junctor::jsonata
