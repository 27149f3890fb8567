// One evaluation: walks the tree of a program over an input.
//
// Threads: one evaluation, one thread.
// Lifetime: program, input, arena and options outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "jsonata/arena.h"
#include "jsonata/ast.h"
#include "jsonata/functions.h"
#include "jsonata/messages.h"
#include "jsonata/stack.h"
#include "jsonata/value.h"
#include "junctor/jsonata.h"

namespace junctor::jsonata {

class LineageRecorder;

// The variables of one block, call or tuple at run time.
struct Frame {
  Frame* parent = nullptr;
  Value* slots = nullptr;
  const Scope* scope = nullptr;
};

// An error on its way out; callers add where and in which function.
struct Fault {
  std::string code;
  Mention mention;
  std::string message;  // when the code is not one of ours
};

[[noreturn]] void fault(std::string_view code, Mention mention = {});

class Evaluator {
 public:
  Evaluator(const Program& program, ArenaState& arena, const EvaluateOptions& options);

  // The result; throws Error.
  Value run(Value input, LineageRecorder* lineage = nullptr);
  // Copies a value out of the arena and the input.
  void to_json(Value value, bj::value& out, std::uint32_t depth = 0);

  // --- evaluate.cpp
  Value eval(const Node* node, Value input, Frame* frame) {
    return node->constant ? node->value : eval_node(node, input, frame);
  }
  Value eval_node(const Node* node, Value input, Frame* frame);
  // Sequences of one become their item, empty ones undefined.
  static Value normalize(Value value) {
    if (value.tag != Tag::array || !value.array->sequence) return value;
    return normalize_sequence(value);
  }

  // --- evaluate_path.cpp
  Value eval_path(const Node* node, Value input, Frame* frame);
  Value lookup(Value input, const Node* name);

  // --- evaluate_select.cpp
  Value filter(const Node* predicate, Value input, Frame* frame, const Scope* scope);
  Value wildcard(Value input);
  Value descendants(Value input);

  // --- evaluate_operators.cpp
  Value eval_binary(const Node* node, Value input, Frame* frame);
  bool contains(Value array, Value item);
  bool truthy(Value value);
  // Whether it is a finite number; D1001 for an infinite one.
  static bool is_numeric(Value value);
  bool equal(Value left, Value right);

  // --- evaluate_call.cpp
  Value eval_call(const Node* node, Value input, Frame* frame, const Value* piped);
  Value eval_apply(const Node* node, Value input, Frame* frame);
  Value eval_partial(const Node* node, Value input, Frame* frame);
  // Calls `function`, and whatever it leaves as a tail call.
  Value apply(Value function, std::span<Value> args, Value context, Frame* frame);
  static std::size_t arity(const Function& function);
  Frame* push_frame(const Scope* scope, Frame* parent);
  Frame* tuple_frame(const Scope* scope, const Value* slots, Frame* parent);

  // --- evaluate_group.cpp
  Value eval_group(const Group& group, Value input, Frame* frame, const Scope* scope);

  // --- evaluate_sort.cpp
  Value eval_sort(const Node* node, Value input, Frame* frame, const Scope* scope);
  // A stable merge sort; `after(a, b)` says whether b belongs before a.
  Value sort(Value array, const std::function<bool(std::size_t, std::size_t)>& after);

  // --- evaluate_transform.cpp
  Value run_transform(const Function& function, Value object);
  Value clone(Value value, std::uint32_t depth = 0);

  // --- regex_functions
  // The match object of the first match at or behind `from`; undefined when there is none.
  Value call_regex(const Regex& regex, const Node* node, Value subject, std::size_t from);
  Value next_match(const Function& function);
  // Where a second argument, in UTF-16 units, tells a regular expression to begin.
  std::size_t regex_start(std::string_view text, Value from);

  // --- native.cpp
  Value call_host(const Function& function, std::span<Value> args);
  std::span<Value> validate_host(const Function& function, std::span<Value> args,
                                 Value context);
  static std::size_t host_arity(const Function& function);
  Value eval_text(std::string_view text, Value input, Frame* frame);

  // --- making values
  Array* new_array(std::size_t capacity = 0);
  Array* new_sequence(std::size_t capacity = 0);
  Array* new_sequence_of(Value only);
  void push(Array* array, Value item);
  Object* new_object(std::size_t capacity);
  void set(Object* object, std::string_view key, Value value);
  // For keys known to be new and no integers.
  void append(Object* object, Value key, Value value);
  Value* find(Object& object, std::string_view key);
  // Puts the members into JavaScript's order.
  static void settle(Object& object);
  void remove(Object* object, std::string_view key);
  Value get(Value object, std::string_view key);
  std::string_view keep(std::string_view text);
  Value string(std::string_view text) { return Value::of(keep(text)); }
  Value append_values(Value left, Value right);
  Value function(Function f) { return Value::of(new (mem.make_array<Function>(1)) Function(f)); }

  // Members of an object in JavaScript's order; f(key, value).
  template <typename F>
  void each_member(Value object, F&& f);
  std::vector<std::uint32_t> member_order(const bj::object& object);

  // The text of $string(); `out` grows.
  void write_text(Value value, std::string& out, int indent = -1);
  std::string_view text_of(Value value);
  // At most about 100 characters of JSON for a message.
  std::string describe(Value value);

  // --- long_text.cpp: what texts need, interruptible however long they are
  char* copy(char* out, std::string_view text);  // returns the end of what it wrote
  std::size_t find_text(std::string_view text, std::string_view wanted, std::size_t from = 0);
  std::size_t code_points(std::string_view text);
  bool all_ascii(std::string_view text);
  // UTF-16 units before `offset`; going on from the last answer about the same text.
  double units_before(std::string_view text, std::size_t offset);
  // f(piece) for pieces that end where a code point does.
  template <typename F>
  void in_pieces(std::string_view text, F&& f);

  // Counts work; looks at the clock and the cancel flag now and then.
  void tick() {
    if (--ticks_left_ <= 0) check();
  }
  void tick(std::size_t work) {
    ticks_left_ -= static_cast<std::int64_t>(work);
    if (ticks_left_ <= 0) check();
  }
  void check();
  void check_length(std::size_t items);
  template <typename Work>
  auto deeper(Work&& work);

  double now_millis();
  RegexScratch& regex_scratch();
  std::function<void()> interrupt() {
    return [this] { tick(); };
  }
  LineageRecorder* lineage() { return lineage_; }
  const Limits& limits() const { return options_.limits; }
  Frame* root_frame() { return root_frame_; }

  Bump& mem;

 private:
  friend class CallDepth;
  static Value normalize_sequence(Value value);
  Value eval_guarded(const Node* node, Value input, Frame* frame);
  [[gnu::noinline]] Value eval_elsewhere(const Node* node, Value input, Frame* frame);
  Value eval_negation(const Node* node, Value input, Frame* frame);
  Value make_function(const Node* node, Value input, Frame* frame);
  Value eval_kind(const Node* node, Value input, Frame* frame);
  Value eval_variable(const Node* node, Value input, Frame* frame);
  Value eval_block(const Node* node, Value input, Frame* frame);
  Value eval_array(const Node* node, Value input, Frame* frame);
  Value eval_object(const Node* node, Value input, Frame* frame);
  Value finish(const Node* node, Value result, Frame* frame);
  Value eval_plain_path(const Node* node, Value input);
  Value plain_tail(const Node* node, std::size_t first, Value items);
  Value path_step(const Node* step, Value input, Frame* frame, bool last,
                  const Scope* scope);
  Value tuple_step(const Node* step, Value input, Value tuples, Frame* frame,
                   const Scope* scope);
  Value run_stages(const Node* step, Value value, Frame* frame, const Scope* scope);
  void lookup_into(Value input, const Node* name, Array* out, std::uint32_t depth);
  void push_flat(Array* out, Value item);
  void collect_descendants(Value input, Array* out, std::uint32_t depth);
  void flatten_into(Value value, Array* out, std::uint32_t depth);
  Value eval_concatenation(const Node* node, Value input, Frame* frame);
  Value arithmetic(const Node* node, Value left, Value right);
  Value compare(const Node* node, Value left, Value right);
  Value range(Value left, Value right);
  Value apply_once(Value function, std::span<Value> args, Value context,
                   Frame* frame);
  Value call_lambda(const Function& function, std::span<Value> args);
  Value call_builtin(const Function& function, std::span<Value> args, Value context,
                     Frame* frame);
  Value call_padded(const Builtin& builtin, Value* args, std::size_t count, Value context,
                    Frame* frame);
  Value call_partial(const Function& function, std::span<Value> args, Frame* frame);
  Value reduce_tuples(Value tuples, const Scope* scope);
  std::span<Value> validate(const Signature& signature, std::span<Value> args,
                            Value context);
  static bool fits_in_order(const Signature& signature, std::span<const Value> args);
  void wrap_arrays(const Signature& signature, std::span<Value> args);
  [[noreturn]] void fail_validation(const Signature& signature, std::span<Value> args);
  void check_array_argument(const SignatureParam& param, Value arg, std::size_t index,
                            std::size_t matched);
  const Value* make_globals(const Program& program) {
    return options_.bindings ? bind_globals(program) : program.global_defaults.data();
  }
  const Value* bind_globals(const Program& program);
  void write_quoted(std::string_view text, std::string& out);
  void write_json(Value value, std::string& out, int indent, std::uint32_t level);
  static void write_plain_number(double number, std::string& out);
  static std::size_t write_plain_number(double number, char* out);
  void array_to_json(Value value, bj::value& out, std::uint32_t depth);
  void object_to_json(Value value, bj::object& out, std::uint32_t depth);
  void index_members(Object& object);
  static void fill_index(Object& object);
  Value member(Value object, const Node* name);

  static constexpr std::size_t piece_bytes = 64u << 10;
  static constexpr std::size_t piece_ticks = 1'000;
  static std::size_t piece_of(std::string_view text);

  const Program& program_;
  ArenaState& arena_;
  const EvaluateOptions& options_;
  StackGuard stack_;
  std::int64_t ticks_left_ = 2'000;
  std::size_t depth_ = 0;
  const Value* globals_ = nullptr;
  Value root_;
  Frame* root_frame_ = nullptr;
  LineageRecorder* lineage_ = nullptr;
  std::chrono::steady_clock::time_point deadline_{};
  bool started_ = false;
  double now_millis_ = -1;
  struct {
    const char* text = nullptr;
    std::size_t offset = 0;
    std::size_t units = 0;
  } counted_;
  Value tail_callee_;
  std::vector<Value> tail_args_;
  struct Evaluated {
    std::shared_ptr<const Program> program;
    const Value* globals;
  };
  // Texts given to $eval, by scope and text.
  std::unique_ptr<std::unordered_map<std::string, Evaluated>> evaluated_;
};

// Counts how deep expressions stand inside one another.
class CallDepth {
 public:
  explicit CallDepth(Evaluator& ev) : ev_(ev) {
    if (++ev_.depth_ > ev_.options_.limits.depth) overflow();
  }
  ~CallDepth() { --ev_.depth_; }
  CallDepth(const CallDepth&) = delete;
  CallDepth& operator=(const CallDepth&) = delete;

 private:
  [[noreturn]] void overflow();
  Evaluator& ev_;
};

template <typename Work>
auto Evaluator::deeper(Work&& work) {
  if (stack_.is_short()) [[unlikely]] return stack_.elsewhere(work);
  return work();
}

template <typename F>
void Evaluator::in_pieces(std::string_view text, F&& f) {
  while (text.size() > piece_bytes) {
    const std::size_t size = piece_of(text);
    f(text.substr(0, size));
    text.remove_prefix(size);
    tick(piece_ticks);
  }
  f(text);
}

template <typename F>
void Evaluator::each_member(Value value, F&& f) {
  if (value.tag == Tag::object) {
    Object& object = *value.object;
    if (object.unordered) settle(object);
    for (std::uint32_t i = 0; i < object.size; ++i) f(object.members[i].key, object.members[i].value);
  } else if (value.tag == Tag::json_object) {
    const bj::object& object = *value.json_object;
    const auto visit = [&](const bj::key_value_pair& member) {
      f(Value::of(std::string_view(member.key())), from_json(member.value()));
    };
    const std::vector<std::uint32_t> order = member_order(object);
    if (order.empty()) {
      for (const auto& member : object) visit(member);
    } else {
      for (const std::uint32_t i : order) visit(object.begin()[i]);
    }
  }
}

// Whether a key is an array index in JavaScript, which comes first and in order; and which.
bool integer_key(std::string_view key, std::uint32_t& index);

}  // namespace junctor::jsonata
