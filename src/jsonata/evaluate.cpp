#include <algorithm>

#include "jsonata/evaluator.h"
#include "jsonata/lineage.h"

namespace junctor::jsonata {

void fault(std::string_view code, Mention mention) {
  throw Fault{std::string(code), std::move(mention), {}};
}

void CallDepth::overflow() {
  --ev_.depth_;
  fault("U1001", {.value = "The expression nests or recurses deeper than the limit of " +
                           std::to_string(ev_.limits().depth) +
                           "; a function that calls itself last needs no depth"});
}

Value Evaluator::normalize_sequence(Value value) {
  const Array& array = *value.array;
  if (array.tuples) return value;
  if (array.size == 0) return {};
  if (array.size == 1 && !array.keep_singleton) return array.data[0];
  return value;
}

Value Evaluator::eval_node(const Node* node, Value input, Frame* frame) {
  Value result;
  switch (node->kind) {
    case Kind::string:
    case Kind::number:
    case Kind::literal: result = node->value; break;
    case Kind::variable: result = eval_variable(node, input, frame); break;
    case Kind::path:
      if (node->plain_names && !lineage_) {
        result = eval_plain_path(node, input);
        break;
      }
      [[fallthrough]];
    default:
      result = eval_guarded(node, input, frame);
      if (result.tag == Tag::tail_call) return result;
  }
  return node->bare && !lineage_ ? normalize(result) : finish(node, result, frame);
}

Value Evaluator::eval_guarded(const Node* node, Value input, Frame* frame) {
  tick();
  if (stack_.is_short()) [[unlikely]] return eval_elsewhere(node, input, frame);
  CallDepth depth(*this);
  return eval_kind(node, input, frame);
}

Value Evaluator::eval_elsewhere(const Node* node, Value input, Frame* frame) {
  return stack_.elsewhere([&] {
    CallDepth depth(*this);
    return eval_kind(node, input, frame);
  });
}

// What stands behind an expression: filters, a grouping, [].
Value Evaluator::finish(const Node* node, Value result, Frame* frame) {
  for (const Node* predicate : node->predicates) {
    result = filter(predicate, result, frame, node->stream_scope);
  }
  if (node->group && node->kind != Kind::path && node->kind != Kind::object) {
    result = eval_group(*node->group, result, frame, node->stream_scope);
  }
  if (lineage_) lineage_->touched(node, result);
  if (node->keep_array && is_sequence(result) && !result.array->tuples) {
    result.array->keep_singleton = true;
  }
  return normalize(result);
}

Value Evaluator::eval_kind(const Node* node, Value input, Frame* frame) {
  switch (node->kind) {
    case Kind::path: return eval_path(node, input, frame);
    case Kind::name: return lookup(input, node);
    case Kind::binary: return eval_binary(node, input, frame);
    case Kind::array: return eval_array(node, input, frame);
    case Kind::object: return eval_object(node, input, frame);
    case Kind::wildcard: return wildcard(input);
    case Kind::descendant: return descendants(input);
    case Kind::parent: return eval_variable(node, input, frame);
    case Kind::block: return eval_block(node, input, frame);
    case Kind::function: return eval_call(node, input, frame, nullptr);
    case Kind::partial: return eval_partial(node, input, frame);
    case Kind::apply: return eval_apply(node, input, frame);
    case Kind::condition: {
      const Value tested = eval(node->lhs, input, frame);
      const bool taken = tested.tag == Tag::boolean ? tested.boolean : truthy(tested);
      const Node* branch = taken ? node->rhs : node->third;
      return branch ? eval(branch, input, frame) : Value{};
    }
    case Kind::coalesce:
    case Kind::elvis: {
      const Value value = eval(node->lhs, input, frame);
      const bool good = node->kind == Kind::coalesce ? value.is_defined() : truthy(value);
      return good ? value : eval(node->third, input, frame);
    }
    case Kind::bind: {
      if (lineage_) lineage_->begin();
      const Value value = eval(node->rhs, input, frame);
      frame->slots[node->hint] = value;
      if (lineage_) lineage_->end_assignment(&frame->slots[node->hint]);
      return value;
    }
    case Kind::negate: return eval_negation(node, input, frame);
    case Kind::regex:
    case Kind::lambda:
    case Kind::transform: return make_function(node, input, frame);
    default: return {};
  }
}

Value Evaluator::eval_negation(const Node* node, Value input, Frame* frame) {
  const Value value = eval(node->lhs, input, frame);
  if (value.is_undefined()) return value;
  if (is_numeric(value)) return Value::of(-value.number);
  fault("D1002", {.position = node->position, .token = "-", .value = describe(value)});
}

Value Evaluator::make_function(const Node* node, Value input, Frame* frame) {
  if (node->kind == Kind::regex) return function({.type = Function::Type::regex, .node = node});
  return function({.type = node->kind == Kind::lambda ? Function::Type::lambda
                                                      : Function::Type::transform,
                   .node = node,
                   .frame = frame,
                   .input = input,
                   .globals = globals_});
}

Value Evaluator::eval_variable(const Node* node, Value input, Frame* frame) {
  if (node->kind == Kind::variable && node->text.empty()) {
    return input.tag == Tag::array && input.array->outer_wrapper ? input.array->data[0] : input;
  }
  for (const Place& place : node->places) {
    const Frame* at = frame;
    for (std::uint32_t i = place.hops; i > 0; --i) at = at->parent;
    const Value& value = at->slots[place.slot];
    if (value.tag == Tag::unbound) continue;
    if (lineage_) lineage_->used(&value);
    return value;
  }
  if (node->kind == Kind::variable && node->text == "$") return root_;
  return globals_[node->global];
}

Value Evaluator::eval_block(const Node* node, Value input, Frame* frame) {
  const Scope* scope = node->scope;
  Value result;
  if (!scope || scope->names.empty()) {
    for (const Node* item : node->list) result = eval(item, input, frame);
    return result;
  }
  const Bump::Mark mark = arena_.frames.mark();
  Frame* inner = push_frame(scope, frame);
  for (const Node* item : node->list) result = eval(item, input, inner);
  if (!scope->captured) arena_.frames.release(mark);
  return result;
}

Frame* Evaluator::push_frame(const Scope* scope, Frame* parent) {
  if (scope->names.empty()) return parent;
  Bump& bump = scope->captured ? mem : arena_.frames;
  auto* frame = bump.make<Frame>();
  frame->parent = parent;
  frame->scope = scope;
  frame->slots = bump.make_array<Value>(scope->names.size());
  std::fill_n(frame->slots, scope->names.size(), Value::unbound());
  return frame;
}

// The tuple's slots are copied: assignments inside a step do not travel with the tuple.
Frame* Evaluator::tuple_frame(const Scope* scope, const Value* slots, Frame* parent) {
  Frame* frame = push_frame(scope, parent);
  if (slots) std::copy_n(slots, scope->names.size(), frame->slots);
  return frame;
}

Value Evaluator::eval_array(const Node* node, Value input, Frame* frame) {
  Array* result = new_array(node->list.size());
  result->cons = node->cons_array;
  for (const Node* item : node->list) {
    const Value value = eval(item, input, frame);
    if (value.is_undefined()) continue;
    if (node->list.size() == 1 && item->kind != Kind::array && value.tag == Tag::array) {
      result->data = value.array->data;  // never changed once made
      result->size = result->capacity = value.array->size;
      continue;
    }
    if (item->kind == Kind::array || !value.is_array()) {
      push(result, value);
      continue;
    }
    const std::size_t size = array_size(value);
    check_length(result->size + size);
    for (std::size_t i = 0; i < size; ++i) {
      tick();
      push(result, array_at(value, i));
    }
  }
  return Value::of(result);
}

Value Evaluator::eval_object(const Node* node, Value input, Frame* frame) {
  const Group& group = *node->group;
  if (!group.plain_keys || input.is_array()) return eval_group(group, input, frame, nullptr);
  Object* object = new_object(group.pairs.size());
  for (const auto& [key, expression] : group.pairs) {
    if (lineage_) lineage_->begin();
    const Value value = eval(expression, input, frame);
    if (lineage_) lineage_->end_member(object, key->value);
    if (value.is_defined()) append(object, key->value, value);
  }
  return Value::of(object);
}

}  // namespace junctor::jsonata
