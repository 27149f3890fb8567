#include <algorithm>
#include <cmath>

#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

std::string_view op_text(Op op) {
  static constexpr std::string_view texts[] = {"",  "+", "-",  "*", "/",  "%", "=",   "!=", "<",
                                               "<=", ">", ">=", "&", "and", "or", "in", ".."};
  return texts[static_cast<std::size_t>(op)];
}

bool is_comparable(Value v) {
  return v.is_undefined() || v.is_string() || v.is_number();
}

bool holds(Op op, int order) {
  switch (op) {
    case Op::less: return order < 0;
    case Op::less_equal: return order <= 0;
    case Op::greater: return order > 0;
    default: return order >= 0;
  }
}

bool holds(Op op, double left, double right) {
  switch (op) {
    case Op::less: return left < right;
    case Op::less_equal: return left <= right;
    case Op::greater: return left > right;
    default: return left >= right;
  }
}

}  // namespace

bool Evaluator::is_numeric(Value value) {
  if (value.tag != Tag::number) return false;
  if (std::isfinite(value.number)) return true;
  if (std::isinf(value.number)) {
    fault("D1001", {.value = value.number > 0 ? "Infinity" : "-Infinity"});
  }
  return false;
}

bool Evaluator::truthy(Value value) {
  switch (value.tag) {
    case Tag::boolean: return value.boolean;
    case Tag::string: return value.extra > 0;
    case Tag::number: return is_numeric(value) && value.number != 0;
    case Tag::json_object: return !value.json_object->empty();
    case Tag::object: return value.object->size > 0;
    case Tag::json_array:
    case Tag::array: {
      const std::size_t size = array_size(value);
      bool any = false;
      for (std::size_t i = 0; i < size && !any; ++i) {
        tick();
        const Value item = array_at(value, i);
        any = deeper([&] { return truthy(item); });
      }
      return any;
    }
    default: return false;
  }
}

Value Evaluator::eval_binary(const Node* node, Value input, Frame* frame) {
  const Op op = node->op;
  if (op == Op::concatenate) return eval_concatenation(node, input, frame);
  const Value left = eval(node->lhs, input, frame);
  try {
    if (op == Op::conjunction) {
      return Value::of(truthy(left) && truthy(eval(node->rhs, input, frame)));
    }
    if (op == Op::disjunction) {
      return Value::of(truthy(left) || truthy(eval(node->rhs, input, frame)));
    }
  } catch (Fault& f) {
    f.mention.position = node->position;
    f.mention.token = op_text(op);
    throw;
  }
  const Value right = eval(node->rhs, input, frame);
  if (left.tag == Tag::number && right.tag == Tag::number && std::isfinite(left.number) &&
      std::isfinite(right.number)) {
    switch (op) {
      case Op::add: return Value::of(left.number + right.number);
      case Op::subtract: return Value::of(left.number - right.number);
      case Op::multiply: return Value::of(left.number * right.number);
      case Op::divide: return Value::of(left.number / right.number);
      case Op::modulo: return Value::of(std::fmod(left.number, right.number));
      case Op::equal: return Value::of(left.number == right.number);
      case Op::not_equal: return Value::of(left.number != right.number);
      case Op::less:
      case Op::less_equal:
      case Op::greater:
      case Op::greater_equal: return Value::of(holds(op, left.number, right.number));
      default: break;
    }
  }
  if (left.is_string() && right.is_string() && (op == Op::equal || op == Op::not_equal)) {
    const bool same = left.extra == right.extra && same_bytes(left.chars, right.chars, left.extra);
    return Value::of(same == (op == Op::equal));
  }
  try {
    switch (op) {
      case Op::equal:
      case Op::not_equal:
        if (left.is_undefined() || right.is_undefined()) return Value::of(false);
        return Value::of(equal(left, right) == (op == Op::equal));
      case Op::less:
      case Op::less_equal:
      case Op::greater:
      case Op::greater_equal: return compare(node, left, right);
      case Op::contained:
        if (left.is_undefined() || right.is_undefined()) return Value::of(false);
        return Value::of(contains(right, left));
      case Op::range: return range(left, right);
      default: return arithmetic(node, left, right);
    }
  } catch (Fault& f) {
    f.mention.position = node->position;
    f.mention.token = op_text(op);
    throw;
  }
}

Value Evaluator::arithmetic(const Node* node, Value left, Value right) {
  if (left.is_defined() && !is_numeric(left)) fault("T2001", {.token = std::string(op_text(node->op)), .value = describe(left)});
  if (right.is_defined() && !is_numeric(right)) fault("T2002", {.token = std::string(op_text(node->op)), .value = describe(right)});
  return {};
}

Value Evaluator::compare(const Node* node, Value left, Value right) {
  if (!is_comparable(left) || !is_comparable(right)) {
    fault("T2010", {.token = std::string(op_text(node->op)),
                    .value = describe(is_comparable(left) ? right : left)});
  }
  if (left.is_undefined() || right.is_undefined()) return {};
  if (left.tag != right.tag) {
    fault("T2009", {.token = std::string(op_text(node->op)),
                    .value = describe(left),
                    .value2 = describe(right)});
  }
  if (left.is_number()) return Value::of(holds(node->op, left.number, right.number));
  return Value::of(holds(node->op, compare_utf16(left.text(), right.text())));
}

bool Evaluator::contains(Value array, Value item) {
  const auto same = [&](Value v) {
    if (v.tag != item.tag) return false;
    switch (v.tag) {
      case Tag::number: return v.number == item.number;
      case Tag::string: return v.text() == item.text();
      case Tag::boolean: return v.boolean == item.boolean;
      case Tag::null: return true;
      default: return v.bits == item.bits;
    }
  };
  if (!array.is_array()) return same(array);
  const std::size_t size = array_size(array);
  for (std::size_t i = 0; i < size; ++i) {
    tick();
    if (same(array_at(array, i))) return true;
  }
  return false;
}

bool Evaluator::equal(Value left, Value right) {
  tick();
  if (left.is_array() && right.is_array()) {
    const std::size_t size = array_size(left);
    if (size != array_size(right)) return false;
    for (std::size_t i = 0; i < size; ++i) {
      const Value a = array_at(left, i);
      const Value b = array_at(right, i);
      if (!deeper([&] { return equal(a, b); })) return false;
    }
    return true;
  }
  if (left.is_object() && right.is_object()) {
    const auto count = [](Value v) {
      return v.tag == Tag::object ? v.object->size : v.json_object->size();
    };
    if (count(left) != count(right)) return false;
    bool same = true;
    each_member(left, [&](Value key, Value value) {
      if (!same) return;
      const Value other = get(right, key.text());
      same = deeper([&] { return equal(value, other); });
    });
    return same;
  }
  if (left.tag != right.tag) return false;
  switch (left.tag) {
    case Tag::number: return left.number == right.number;
    case Tag::string: return left.text() == right.text();
    case Tag::boolean: return left.boolean == right.boolean;
    case Tag::function: return left.function == right.function;
    default: return true;
  }
}

Value Evaluator::range(Value left, Value right) {
  const auto is_integer = [](Value v) {
    return v.is_number() && std::isfinite(v.number) && std::trunc(v.number) == v.number;
  };
  if (left.is_defined() && !is_integer(left)) fault("T2003", {.value = describe(left)});
  if (right.is_defined() && !is_integer(right)) fault("T2004", {.value = describe(right)});
  if (left.is_undefined() || right.is_undefined() || left.number > right.number) return {};
  const double size = right.number - left.number + 1;
  if (size > 1e7) fault("D2014", {.value = number_text(size)});
  check_length(static_cast<std::size_t>(size));
  Array* out = new_sequence(static_cast<std::size_t>(size));
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(size); ++i) {
    tick();
    out->data[i] = Value::of(left.number + i);
  }
  out->size = static_cast<std::uint32_t>(size);
  return Value::of(out);
}

// a & b & c … in one go: the left operands stand inside one another.
Value Evaluator::eval_concatenation(const Node* node, Value input, Frame* frame) {
  const Node* chain[32];
  std::size_t count = 0;
  const Node* leftmost = node;
  do {
    chain[count++] = leftmost;
    leftmost = leftmost->lhs;
  } while (count < 32 && leftmost->kind == Kind::binary && leftmost->op == Op::concatenate &&
           leftmost->predicates.empty() && !leftmost->group && !lineage_);
  std::string_view parts[33];
  std::size_t total = 0;
  const auto add = [&](std::size_t i, const Node* at, Value value) {
    try {
      parts[i] = value.is_undefined() ? std::string_view() : text_of(value);
    } catch (Fault& f) {
      f.mention.position = at->position;
      f.mention.token = "&";
      throw;
    }
    total += parts[i].size();
  };
  // Both sides of an operator are evaluated before either becomes text.
  const Value first = eval(leftmost, input, frame);
  for (std::size_t i = 1; i <= count; ++i) {
    const Node* at = chain[count - i];
    const Value value = eval(at->rhs, input, frame);
    if (i == 1) add(0, at, first);
    add(i, at, value);
  }
  char* out = mem.make_array<char>(total);
  char* end = out;
  for (std::size_t i = 0; i <= count; ++i) {
    std::string_view part = parts[i];
    // Two halves of a surrogate pair that meet become one character.
    if (part.size() >= 3 && part[0] == '\xED' && static_cast<unsigned char>(part[1]) >= 0xB0 &&
        end - out >= 3 && end[-3] == '\xED' && static_cast<unsigned char>(end[-2]) >= 0xA0 &&
        static_cast<unsigned char>(end[-2]) < 0xB0) {
      std::size_t a = 0;
      std::size_t b = 0;
      const std::uint32_t high = next_code_point(std::string_view(end - 3, 3), a);
      const std::uint32_t low = next_code_point(part, b);
      std::string joined;
      append_code_point(joined, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
      end = std::copy(joined.begin(), joined.end(), end - 3);
      part.remove_prefix(3);
    }
    end = copy(end, part);
  }
  return Value::of(std::string_view(out, static_cast<std::size_t>(end - out)));
}

}  // namespace junctor::jsonata
