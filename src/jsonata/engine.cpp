#include <algorithm>
#include <chrono>

#include "jsonata/bindings.h"
#include "jsonata/compile.h"
#include "jsonata/evaluator.h"
#include "jsonata/lineage.h"

namespace junctor::jsonata {
namespace {

// Of the caller's stack; beyond that, and for what does not look, a segment of its own.
constexpr std::size_t stack_budget = 32u << 10;
constexpr std::int64_t ticks_between_checks = 2'000;

Error to_error(const Fault& f) {
  std::string message = f.message.empty() ? message_for(f.code, f.mention) : f.message;
  return Error(f.code, std::move(message), f.mention.position, f.mention.token);
}

bool is_limit(std::string_view code) { return code.starts_with('U'); }

}  // namespace

Evaluator::Evaluator(const Program& program, ArenaState& arena, const EvaluateOptions& options)
    : mem(arena.values),
      program_(program),
      arena_(arena),
      options_(options),
      stack_(stack_budget) {
  mem.reset();
  arena.frames.reset();
  if (!arena.keep.empty()) arena.keep.clear();
  mem.limit(options.limits.memory_bytes);
  arena.frames.limit(options.limits.memory_bytes);
  if (arena.hints.size() < program.hints) arena.hints.resize(program.hints);
  globals_ = make_globals(program);
}

const Value* Evaluator::bind_globals(const Program& program) {
  auto* globals = mem.make_array<Value>(program.globals.size());
  std::copy(program.global_defaults.begin(), program.global_defaults.end(), globals);
  for (const auto& [name, entry] : options_.bindings->entries()) {
    const auto at = program.global_index.find(name);
    if (at == program.global_index.end()) continue;
    globals[at->second] = entry->function
                              ? function({.type = Function::Type::host, .host = entry.get()})
                              : from_json(entry->value);
  }
  return globals;
}

Value Evaluator::run(Value input, LineageRecorder* lineage) {
  lineage_ = lineage;
  root_ = input;
  Value context = input;
  try {
    if (input.is_array()) {
      Array* wrapper = new_sequence_of(input);
      wrapper->outer_wrapper = true;
      context = Value::of(wrapper);
    }
    root_frame_ = push_frame(program_.root_scope, nullptr);
    Value result = eval(program_.root, context, root_frame_);
    if (result.tag == Tag::array && result.array->outer_wrapper) result = result.array->data[0];
    return result;
  } catch (const Fault& f) {
    throw to_error(f);
  } catch (const std::bad_alloc&) {
    throw make_error("U1002", {.value = "The system has no memory left"});
  }
}

void Evaluator::check() {
  ticks_left_ = ticks_between_checks;
  if (options_.cancel && options_.cancel->load(std::memory_order_relaxed)) fault("U1003");
  const auto now = std::chrono::steady_clock::now();
  if (!started_) {
    started_ = true;
    deadline_ = now + options_.limits.time;
  } else if (now > deadline_) {
    fault("U1001", {.value = "The expression ran longer than the limit of " +
                             std::to_string(options_.limits.time.count()) + " ms"});
  }
}

double Evaluator::now_millis() {
  if (now_millis_ < 0) {
    const auto now = options_.now.value_or(std::chrono::system_clock::now());
    now_millis_ = static_cast<double>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  }
  return now_millis_;
}

RegexScratch& Evaluator::regex_scratch() {
  if (!arena_.regex) arena_.regex = std::make_shared<RegexScratch>();
  return *arena_.regex;
}

std::span<Value> Evaluator::validate_host(const Function& function, std::span<Value> args,
                                          Value context) {
  const auto* entry = static_cast<const Bindings::Entry*>(function.host);
  return entry->signature ? validate(*entry->signature, args, context) : args;
}

std::size_t Evaluator::host_arity(const Function& function) {
  const auto* entry = static_cast<const Bindings::Entry*>(function.host);
  return entry->signature ? entry->signature->params.size() : entry->arity;
}

Value Evaluator::call_host(const Function& function, std::span<Value> args) {
  const auto* entry = static_cast<const Bindings::Entry*>(function.host);
  std::vector<Json> values;
  std::vector<const Json*> pointers;
  values.reserve(args.size());
  for (const Value& arg : args) {
    const bool given = arg.is_defined() && !arg.is_function();
    values.emplace_back();
    if (given) to_json(arg, values.back());
    pointers.push_back(given ? &values.back() : nullptr);
  }
  try {
    std::optional<Json> result = entry->function(pointers);
    if (!result) return {};
    auto kept = std::make_shared<const Json>(std::move(*result));
    arena_.keep.push_back(kept);
    return from_json(*kept);
  } catch (const Error& e) {
    throw Fault{e.code(), {.position = e.position(), .token = e.token()}, e.message()};
  }
}

Value Evaluator::eval_text(std::string_view text, Value input, Frame* frame) {
  const Scope* scope = frame ? frame->scope : nullptr;
  std::string key(text);
  key.append(reinterpret_cast<const char*>(&scope), sizeof scope);
  const std::function<void()> interrupted = [this] { tick(10); };
  if (!evaluated_) evaluated_ = std::make_unique<std::unordered_map<std::string, Evaluated>>();
  auto at = evaluated_->find(key);
  if (at == evaluated_->end()) {
    mem.allocate(text.size() * 64);  // a share of the limit for what compiling takes
    try {
      auto program = compile_program(text, scope, &interrupted);
      arena_.keep.push_back(program);
      if (arena_.hints.size() < program->hints) arena_.hints.resize(program->hints);
      const Value* globals = make_globals(*program);
      at = evaluated_->emplace(std::move(key), Evaluated{std::move(program), globals}).first;
    } catch (const Error& e) {
      fault("D3120", {.value = e.message()});
    }
  }
  const Evaluated& evaluated = at->second;
  const Value* const globals = globals_;
  try {
    globals_ = evaluated.globals;
    Frame* inner = push_frame(evaluated.program->root_scope, frame);
    const Value result = deeper([&] { return eval(evaluated.program->root, input, inner); });
    globals_ = globals;
    return result;
  } catch (const Fault& f) {
    globals_ = globals;
    if (is_limit(f.code)) throw;
    fault("D3121", {.value = f.message.empty() ? message_for(f.code, f.mention) : f.message});
  }
}

}  // namespace junctor::jsonata
