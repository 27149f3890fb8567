#include <algorithm>
#include <array>

#include "jsonata/evaluator.h"
#include "jsonata/lineage.h"

namespace junctor::jsonata {
namespace {

// The name under which an error mentions a called function.
std::string_view called_name(const Node* node) {
  const Node* procedure = node->lhs;
  return procedure->kind == Kind::path ? procedure->list.front()->text : procedure->text;
}

constexpr std::size_t inline_args = 8;
constexpr std::size_t builtin_args = 4;  // see Call

// Room for a few values; nothing is in them yet.
class FewValues {
 public:
  Value* data() { return reinterpret_cast<Value*>(bytes_); }

 private:
  alignas(Value) unsigned char bytes_[inline_args * sizeof(Value)];
};

}  // namespace

Value Evaluator::eval_call(const Node* node, Value input, Frame* frame,
                           const Value* piped) {
  const Node* procedure = node->lhs;
  const Value callee = procedure->kind == Kind::variable && procedure->bare
                           ? eval_variable(procedure, input, frame)
                           : eval(procedure, input, frame);
  if (callee.is_undefined() && node->callee_name && !node->callee_name->text.empty()) {
    const Value meant = eval_variable(node->callee_name, input, frame);
    if (meant.is_defined() && meant.tag != Tag::unbound) {
      fault("T1005", {.position = node->position, .token = std::string(called_name(node))});
    }
  }
  const std::size_t count = node->list.size() + (piped ? 1 : 0);
  FewValues few;
  Value* args = count <= inline_args ? few.data() : mem.make_array<Value>(count);
  std::size_t n = 0;
  if (piped) args[n++] = *piped;
  for (const Node* argument : node->list) args[n++] = eval(argument, input, frame);
  if (node->tail && !piped) {
    tail_callee_ = callee;
    tail_args_.assign(args, args + n);
    return {Tag::tail_call};
  }
  try {
    if (callee.is_function() && callee.function->type == Function::Type::builtin && args == few.data()) {
      return call_padded(*callee.function->builtin, args, n, input, frame);
    }
    return apply(callee, {args, n}, input, frame);
  } catch (Fault& f) {
    f.mention.position = node->position;
    if (f.mention.token.empty()) f.mention.token = called_name(node);
    throw;
  }
}

Value Evaluator::apply(Value callee, std::span<Value> args, Value context,
                       Frame* frame) {
  Value result = apply_once(callee, args, context, frame);
  while (result.tag == Tag::tail_call) {
    tick();
    const Value next = tail_callee_;
    const std::size_t count = tail_args_.size();
    FewValues few;
    Value* copy = count <= inline_args ? few.data() : mem.make_array<Value>(count);
    std::copy(tail_args_.begin(), tail_args_.end(), copy);
    result = apply_once(next, {copy, count}, context, frame);
  }
  return result;
}

Value Evaluator::apply_once(Value callee, std::span<Value> args, Value context,
                            Frame* frame) {
  tick();
  if (!callee.is_function()) fault("T1006");
  const Function& f = *callee.function;
  switch (f.type) {
    case Function::Type::lambda:
      if (f.node->signature) return call_lambda(f, validate(*f.node->signature, args, context));
      return call_lambda(f, args);
    case Function::Type::builtin: return call_builtin(f, args, context, frame);
    case Function::Type::partial: return call_partial(f, args, frame);
    case Function::Type::host: return call_host(f, validate_host(f, args, context));
    case Function::Type::transform: {
      const Value object = args.empty() ? Value{} : args[0];
      if (object.is_defined() && !object.is_object() && !object.is_array()) {
        fault("T0410", {.index = 1});
      }
      return deeper([&] { return run_transform(f, object); });
    }
    case Function::Type::chain: {
      const Value argument = args.empty() ? Value{} : args[0];
      std::array<Value, 1> one{argument};
      const Value first = Value::of(const_cast<Function*>(f.target));
      one[0] = normalize(deeper([&] { return apply(first, one, Value::null(), frame); }));
      const Value second = Value::of(const_cast<Function*>(f.second));
      return deeper([&] { return apply(second, one, Value::null(), frame); });
    }
    case Function::Type::regex: {
      const Value subject = args.empty() ? Value{} : args[0];
      if (!subject.is_string()) return {};
      return call_regex(*f.node->regex, f.node, subject,
                        args.size() > 1 ? regex_start(subject.text(), args[1]) : 0);
    }
    case Function::Type::next_match: return next_match(f);
  }
  return {};
}

Value Evaluator::call_lambda(const Function& function, std::span<Value> args) {
  const Node* node = function.node;
  const Bump::Mark mark = arena_.frames.mark();
  Frame* frame = push_frame(node->scope, function.frame);
  for (std::size_t i = 0; i < node->list.size(); ++i) {
    Value& slot = frame->slots[node->merge[i]];
    slot = i < args.size() ? args[i] : Value{};
    if (lineage_) lineage_->parameter(&slot);
  }
  const Value* const globals = globals_;
  globals_ = function.globals;
  const Value result = eval(node->lhs, function.input, frame);
  globals_ = globals;
  if (!node->scope->captured) arena_.frames.release(mark);
  return result;
}

Value Evaluator::call_builtin(const Function& function, std::span<Value> args,
                              Value context, Frame* frame) {
  if (args.size() <= inline_args) {
    FewValues few;
    std::copy(args.begin(), args.end(), few.data());
    return call_padded(*function.builtin, few.data(), args.size(), context, frame);
  }
  const std::span<Value> valid = validate(*function.builtin->signature, args, context);
  Call call{*this, valid.data(), valid.size(), context, frame};
  return function.builtin->run(call);
}

// `args` has room for builtin_args values.
Value Evaluator::call_padded(const Builtin& builtin, Value* args, std::size_t count,
                             Value context, Frame* frame) {
  const Signature& signature = *builtin.signature;
  if (fits_in_order(signature, {args, count})) {
    wrap_arrays(signature, {args, count});
  } else {
    const std::span<Value> valid = validate(signature, {args, count}, context);
    count = valid.size();
    if (count >= builtin_args) {
      args = valid.data();
    } else {
      std::copy(valid.begin(), valid.end(), args);
    }
  }
  for (std::size_t i = count; i < builtin_args; ++i) args[i] = Value{};
  Call call{*this, args, count, context, frame};
  return builtin.run(call);
}

Value Evaluator::call_partial(const Function& function, std::span<Value> args, Frame* frame) {
  Value* all = mem.make_array<Value>(function.bound_count);
  std::size_t next = 0;
  for (std::size_t i = 0; i < function.bound_count; ++i) {
    all[i] = function.bound[i];
    if (all[i].tag == Tag::unbound) all[i] = next < args.size() ? args[next++] : Value{};
  }
  std::size_t count = function.bound_count;
  const Function& target = *function.target;
  if (target.type == Function::Type::lambda) return call_lambda(target, {all, count});
  // What is missing at the end is left out where the signature does not take it as undefined.
  const auto takes_undefined = [&](std::size_t i) {
    if (target.type != Function::Type::builtin) return false;
    const auto& params = target.builtin->signature->params;
    return i < params.size() && (params[i].accepts & symbol_bit('m'));
  };
  while (count > 0 && all[count - 1].is_undefined() && !takes_undefined(count - 1)) --count;
  const Value callee = Value::of(const_cast<Function*>(&target));
  return deeper([&] { return apply_once(callee, {all, count}, Value{}, frame); });
}

std::size_t Evaluator::arity(const Function& function) {
  switch (function.type) {
    case Function::Type::lambda: return function.node->list.size();
    case Function::Type::builtin: return function.builtin->arity;
    case Function::Type::partial:
      return static_cast<std::size_t>(
          std::count_if(function.bound, function.bound + function.bound_count,
                        [](Value v) { return v.tag == Tag::unbound; }));
    case Function::Type::regex: return 2;
    case Function::Type::host: return host_arity(function);
    case Function::Type::next_match: return 0;
    default: return 1;
  }
}

Value Evaluator::eval_apply(const Node* node, Value input, Frame* frame) {
  const Value left = eval(node->lhs, input, frame);
  if (node->rhs->kind == Kind::function) return eval_call(node->rhs, input, frame, &left);
  const Value right = eval(node->rhs, input, frame);
  if (!right.is_function()) {
    fault("T2006", {.position = node->position, .token = "~>", .value = describe(right)});
  }
  if (left.is_function()) {
    return function({.type = Function::Type::chain,
                     .target = left.function,
                     .second = right.function});
  }
  std::array<Value, 1> args{left};
  return apply(right, args, Value::null(), frame);
}

Value Evaluator::eval_partial(const Node* node, Value input, Frame* frame) {
  std::vector<Value> given;
  for (const Node* argument : node->list) {
    const bool open = argument->kind == Kind::placeholder;
    given.push_back(open ? Value::unbound() : eval(argument, input, frame));
  }
  const Value callee = eval(node->lhs, input, frame);
  if (!callee.is_function()) {
    std::string_view code = "T1008";
    if (callee.is_undefined() && node->callee_name && !node->callee_name->text.empty()) {
      const Value meant = eval_variable(node->callee_name, input, frame);
      if (meant.is_defined() && meant.tag != Tag::unbound) code = "T1007";
    }
    fault(code, {.position = node->position, .token = std::string(called_name(node))});
  }
  const Function& target = *callee.function;
  std::size_t count = arity(target);
  if (target.type == Function::Type::builtin && target.builtin->name == "string") count = 2;
  if (count == 0 && target.type != Function::Type::lambda) count = given.size();
  auto* bound = mem.make_array<Value>(count);
  for (std::size_t i = 0; i < count; ++i) bound[i] = i < given.size() ? given[i] : Value{};
  return function({.type = Function::Type::partial,
                   .target = &target,
                   .bound = bound,
                   .bound_count = count});
}

}  // namespace junctor::jsonata
