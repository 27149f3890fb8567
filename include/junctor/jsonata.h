// JSONata 2.2: a query and transformation language for JSON (https://docs.jsonata.org).
//
//   const auto expression = jsonata::Expression::compile("$sum(orders.(price * quantity))");
//   jsonata::Arena arena;                              // one per thread, used again and again
//   std::optional<Json> total = expression.evaluate(input, arena);
//
// Compile once, evaluate millions of times. This header and its library need nothing else of
// Junctor; the value is Boost.JSON's. Semantics and error codes are those of the reference
// implementation (npm `jsonata` 2.2), docs/jsonata.md lists where and why Junctor differs.
//
// Numbers are doubles, as in JavaScript: integers beyond 2^53 lose their last digits. Text is
// UTF-8. Results: an integral number within ±2^53 becomes an int64, every other number a double;
// NaN and infinities become null; functions inside objects are left out.
//
// Threads: Expression and Bindings are immutable while they are evaluated, any number of threads
// may share them. An Arena belongs to one evaluation at a time.
// Lifetime: inputs, bindings and storage must live until the call returns; for View see there.
#pragma once

#include <atomic>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "junctor/json.h"

namespace junctor::jsonata {

struct Program;
struct ArenaState;
struct Value;
class Evaluator;

// Why a text does not compile, or why an evaluation stopped.
//
// S…: the text is no expression. T…: a value has the wrong type. D…: a value cannot be used.
// U1001 time or depth, U1002 memory, U1003 cancelled, D2014 and D2015 sequence length.
class Error : public std::exception {
 public:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  Error(std::string code, std::string message, std::size_t position = nowhere,
        std::string token = {});

  const std::string& code() const { return code_; }        // "S0202", "T2001", …
  const std::string& message() const { return message_; }  // one line, for the author of the text
  // Where in the expression, in UTF-16 units as the reference counts; `nowhere` when unknown.
  std::size_t position() const { return position_; }
  const std::string& token() const { return token_; }  // the word or function it is about
  // "S0202 at 7: expected ")", got "]"".
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string code_;
  std::string message_;
  std::size_t position_;
  std::string token_;
  std::string what_;
};

// What one evaluation may cost. Always on; beyond a bound it stops with the code named here.
struct Limits {
  std::chrono::milliseconds time{5'000};       // U1001; looked at every few microseconds
  std::size_t depth = 10'000;                  // U1001; expressions and calls inside one another
  std::size_t sequence_length = 10'000'000;    // D2014 for ranges, D2015 for all others
  std::size_t memory_bytes = 512u << 20;       // U1002; what the arena hands out
};

// Memory for evaluations. Keeps what it has got, so that the next evaluation asks for none.
//
// Threads: one evaluation at a time. Values of a View point into it until it is used again.
class Arena {
 public:
  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // For EvaluateOptions::storage: results are made in the arena itself, without the heap. Such a
  // result, and what is moved out of it, lives until the arena is used again; a copy is free.
  boost::json::storage_ptr storage();

  // What it holds from the system now, in bytes.
  std::size_t reserved_bytes() const;
  // Gives back everything beyond `keep_bytes`.
  void shrink(std::size_t keep_bytes = 0);

 private:
  friend class Expression;
  friend class View;
  std::unique_ptr<ArenaState> state_;
};

// A function of the host. Arguments: nullptr where the expression gave nothing (undefined).
// Returns nothing for undefined. May throw Error with a code of its own (then position and token
// are filled in), or anything else, which passes through evaluate() unchanged. Functions of the
// expression cannot be passed to it; they arrive as nullptr.
using NativeFunction = std::function<std::optional<Json>(std::span<const Json* const>)>;

// Names that an expression may use: $name for values, $name(…) for functions.
class Bindings {
 public:
  // A copy of `value`, or a function. `signature` is JSONata's notation ("<s-n?:s>"); with it
  // wrong arguments are refused (T0410) before the function is called. Throws Error (S0401,
  // S0402) when the signature is none. Without one, `arity` says how many arguments it takes
  // where JSONata has to know ($map, partial application).
  Bindings& set(std::string name, Json value);
  Bindings& set(std::string name, NativeFunction function, std::string_view signature = {},
                std::size_t arity = 1);

  struct Entry;  // internal
  const std::map<std::string, std::shared_ptr<const Entry>, std::less<>>& entries() const {
    return entries_;
  }

 private:
  std::map<std::string, std::shared_ptr<const Entry>, std::less<>> entries_;
};

struct EvaluateOptions {
  const Bindings* bindings = nullptr;
  Limits limits = {};
  // Set from any thread: the evaluation stops within 10 ms with U1003.
  const std::atomic<bool>* cancel = nullptr;
  // What $now() and $millis() return; the system clock's when empty.
  std::optional<std::chrono::system_clock::time_point> now = std::nullopt;
  // Holds the result; the default is the heap.
  boost::json::storage_ptr storage = {};
};

enum class ViewKind { undefined, null, boolean, number, string, array, object, function };

// A result that has not been copied out of the input and the arena: no allocation at all.
//
// Lifetime: until the arena is used again, or the input or the bindings change.
class View {
 public:
  ViewKind kind() const;
  bool as_boolean() const;             // false unless kind() is boolean
  double as_number() const;            // 0 unless kind() is number
  std::string_view as_string() const;  // empty unless kind() is string
  // A copy, or nothing for undefined. Throws Error U1001 when nested deeper than 512 levels.
  std::optional<Json> to_json(boost::json::storage_ptr storage = {}) const;
  // The text that $string() gives; compact.
  std::string to_text() const;

 private:
  friend class Expression;
  View(const void* value, const Arena* arena);
  alignas(8) unsigned char value_[16];
};

// One place of a result and the places of the input it came from, as JSON Pointers (RFC 6901).
struct LineageEntry {
  std::string output;               // "" is the whole result
  std::vector<std::string> inputs;  // in the order of the input, without repetition

  friend bool operator==(const LineageEntry&, const LineageEntry&) = default;
};

struct Lineage {
  std::optional<Json> result;
  std::vector<LineageEntry> entries;  // in the order of the result
  bool truncated = false;             // more than 100,000 pairs: the rest is left out
};

// A compiled expression: an immutable handle, cheap to copy.
class Expression {
 public:
  // Throws Error S…, whose message says what was expected and whose position says where.
  // Texts are at most 1 MiB and nest at most 1,000 levels (S0501). Linear in the text.
  static Expression compile(std::string_view text);

  // Nothing when the text compiles.
  static std::optional<Error> check(std::string_view text);

  // The result, or nothing when the expression selects nothing (undefined).
  // Throws Error T…, D…, U…. Needs 64 KiB of stack at most; deep recursion goes to a stack of
  // its own, bounded by Limits::depth.
  std::optional<Json> evaluate(const Json& input, Arena& arena,
                               const EvaluateOptions& options = {}) const;
  // The same with an arena of its own.
  std::optional<Json> evaluate(const Json& input, const EvaluateOptions& options = {}) const;
  // The same without any input: `$` is undefined.
  std::optional<Json> evaluate_nothing(Arena& arena, const EvaluateOptions& options = {}) const;

  // The result in place. No heap allocation once the arena has grown to what is needed.
  View view(const Json& input, Arena& arena, const EvaluateOptions& options = {}) const;

  // The result and, for each of its places, the input it came from: what was read, tested or
  // looked up to compute it. Costs several times an ordinary evaluation.
  Lineage trace(const Json& input, Arena& arena, const EvaluateOptions& options = {}) const;

  const std::string& text() const;

 private:
  explicit Expression(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

}  // namespace junctor::jsonata
