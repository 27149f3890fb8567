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
  Value run(const Value& input, LineageRecorder* lineage = nullptr);
  // Copies a value out of the arena and the input.
  bj::value to_json(const Value& value, const bj::storage_ptr& storage, std::uint32_t depth = 0);

  // --- evaluate.cpp
  Value eval(const Node* node, Value input, Frame* frame);
  // Sequences of one become their item, empty ones undefined.
  static Value normalize(Value value, bool keep_array = false);

  // --- evaluate_path.cpp
  Value eval_path(const Node* node, const Value& input, Frame* frame);
  Value lookup(const Value& input, const Node* name);
  Value filter(const Node* predicate, const Value& input, Frame* frame, const Scope* scope);
  Value wildcard(Value input);
  Value descendants(const Value& input);

  // --- evaluate_operators.cpp
  Value eval_binary(const Node* node, const Value& input, Frame* frame);
  bool contains(const Value& array, const Value& item);
  bool truthy(const Value& value);
  // Whether it is a finite number; D1001 for an infinite one.
  static bool is_numeric(const Value& value);
  bool equal(const Value& left, const Value& right);

  // --- evaluate_call.cpp
  Value eval_call(const Node* node, const Value& input, Frame* frame, const Value* piped);
  Value eval_apply(const Node* node, const Value& input, Frame* frame);
  Value eval_partial(const Node* node, const Value& input, Frame* frame);
  // Calls `function`, and whatever it leaves as a tail call.
  Value apply(const Value& function, std::span<Value> args, const Value& context, Frame* frame);
  static std::size_t arity(const Function& function);
  Frame* push_frame(const Scope* scope, Frame* parent);
  Frame* tuple_frame(const Scope* scope, const Value* slots, Frame* parent);

  // --- evaluate_group.cpp
  Value eval_group(const Group& group, const Value& input, Frame* frame, const Scope* scope);

  // --- evaluate_sort.cpp
  Value eval_sort(const Node* node, const Value& input, Frame* frame, const Scope* scope);
  // A stable merge sort; `after(a, b)` says whether b belongs before a.
  Value sort(const Value& array, const std::function<bool(std::size_t, std::size_t)>& after);

  // --- evaluate_transform.cpp
  Value run_transform(const Function& function, const Value& object);
  Value clone(const Value& value, std::uint32_t depth = 0);

  // --- regex_functions
  // The match object of the first match at or behind `from`; undefined when there is none.
  Value call_regex(const Regex& regex, const Node* node, const Value& subject, std::size_t from);
  Value next_match(const Function& function);

  // --- native.cpp
  Value call_host(const Function& function, std::span<Value> args);
  std::span<Value> validate_host(const Function& function, std::span<Value> args,
                                 const Value& context);
  static std::size_t host_arity(const Function& function);
  Value eval_text(std::string_view text, const Value& input, Frame* frame);

  // --- making values
  Array* new_array(std::size_t capacity = 0);
  Array* new_sequence(std::size_t capacity = 0);
  Array* new_sequence_of(const Value& only);
  void push(Array* array, const Value& item);
  Object* new_object(std::size_t capacity);
  void set(Object* object, std::string_view key, const Value& value);
  // For keys known to be new and no integers.
  void append(Object* object, const Value& key, const Value& value);
  Value* find(Object& object, std::string_view key);
  // Puts the members into JavaScript's order.
  static void settle(Object& object);
  void remove(Object* object, std::string_view key);
  Value get(const Value& object, std::string_view key);
  std::string_view keep(std::string_view text);
  Value string(std::string_view text) { return Value::of(keep(text)); }
  Value append_values(const Value& left, const Value& right);
  Value function(Function f) { return Value::of(new (mem.make_array<Function>(1)) Function(f)); }

  // Members of an object in JavaScript's order; f(key, value).
  template <typename F>
  void each_member(const Value& object, F&& f);
  std::vector<std::uint32_t> member_order(const bj::object& object);

  // The text of $string(); `out` grows.
  void write_text(const Value& value, std::string& out, int indent = -1);
  std::string_view text_of(const Value& value);
  // At most about 100 characters of JSON for a message.
  std::string describe(const Value& value);

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
  const std::function<void()>& interrupt() { return interrupt_; }
  LineageRecorder* lineage() { return lineage_; }
  const Limits& limits() const { return options_.limits; }
  Frame* root_frame() { return root_frame_; }

  Bump& mem;

 private:
  friend class CallDepth;
  Value eval_kind(const Node* node, const Value& input, Frame* frame);
  Value eval_variable(const Node* node, const Value& input, Frame* frame);
  Value eval_block(const Node* node, const Value& input, Frame* frame);
  Value eval_array(const Node* node, const Value& input, Frame* frame);
  Value eval_object(const Node* node, const Value& input, Frame* frame);
  Value eval_plain_path(const Node* node, const Value& input);
  Value plain_tail(const Node* node, std::size_t first, const Value& items);
  Value path_step(const Node* step, const Value& input, Frame* frame, bool last,
                  const Scope* scope);
  Value tuple_step(const Node* step, const Value& input, const Value& tuples, Frame* frame,
                   const Scope* scope);
  Value run_stages(const Node* step, Value value, Frame* frame, const Scope* scope);
  void lookup_into(const Value& input, const Node* name, Array* out, std::uint32_t depth);
  void push_flat(Array* out, const Value& item);
  void collect_descendants(const Value& input, Array* out, std::uint32_t depth);
  void flatten_into(const Value& value, Array* out, std::uint32_t depth);
  Value eval_concatenation(const Node* node, const Value& input, Frame* frame);
  Value arithmetic(const Node* node, const Value& left, const Value& right);
  Value compare(const Node* node, const Value& left, const Value& right);
  Value range(const Value& left, const Value& right);
  Value apply_once(const Value& function, std::span<Value> args, const Value& context,
                   Frame* frame);
  Value call_lambda(const Function& function, std::span<Value> args);
  Value call_builtin(const Function& function, std::span<Value> args, const Value& context,
                     Frame* frame);
  Value call_partial(const Function& function, std::span<Value> args, Frame* frame);
  Value reduce_tuples(const Value& tuples, const Scope* scope);
  std::span<Value> validate(const Signature& signature, std::span<Value> args,
                            const Value& context);
  [[noreturn]] void fail_validation(const Signature& signature, std::span<Value> args);
  void check_array_argument(const SignatureParam& param, const Value& arg, std::size_t index,
                            std::size_t matched);
  const Value* make_globals(const Program& program);
  void write_quoted(std::string_view text, std::string& out);
  void write_json(const Value& value, std::string& out, int indent, std::uint32_t level);
  void write_plain_number(double number, std::string& out);
  void index_members(Object& object);
  static void fill_index(Object& object);
  Value member(const Value& object, const Node* name);

  const Program& program_;
  ArenaState& arena_;
  const EvaluateOptions& options_;
  StackGuard stack_;
  std::int64_t ticks_left_ = 2'000;
  std::size_t depth_ = 0;
  const Value* globals_ = nullptr;
  Value root_;
  std::function<void()> interrupt_;
  Frame* root_frame_ = nullptr;
  LineageRecorder* lineage_ = nullptr;
  std::chrono::steady_clock::time_point deadline_{};
  bool started_ = false;
  double now_millis_ = -1;
  Value tail_callee_;
  std::vector<Value> tail_args_;
  std::string scratch_;
  struct Evaluated {
    std::shared_ptr<const Program> program;
    const Value* globals;
  };
  std::unordered_map<std::string, Evaluated> evaluated_;  // by scope and text
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
void Evaluator::each_member(const Value& value, F&& f) {
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
