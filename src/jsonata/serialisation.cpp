#include <cmath>

#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

constexpr std::uint32_t max_value_depth = 512;

[[noreturn]] void too_deep() {
  fault("U1001", {.value = "The value is nested deeper than 512 levels"});
}

bool is_json_integer(double number) {
  return std::abs(number) <= 9007199254740992.0 && std::trunc(number) == number;
}

// Hands a value that holds no others to `take`, as what JSON makes of it; false for the others.
template <typename Take>
bool take_scalar(Value value, Take&& take) {
  switch (value.tag) {
    case Tag::boolean: take(value.boolean); return true;
    case Tag::number:
      if (is_json_integer(value.number)) {
        take(static_cast<std::int64_t>(value.number));
      } else if (std::isfinite(value.number)) {
        take(value.number);
      } else {
        take(nullptr);
      }
      return true;
    case Tag::string:
      if (has_lone_surrogate(value.text())) {
        take(without_lone_surrogates(value.text()));
      } else {
        take(value.text());
      }
      return true;
    case Tag::json_array:
    case Tag::array:
    case Tag::json_object:
    case Tag::object: return false;
    default: take(nullptr); return true;
  }
}

}  // namespace

void Evaluator::to_json(Value value, bj::value& out, std::uint32_t depth) {
  const auto set = [&out](auto scalar) {
    if constexpr (std::is_class_v<decltype(scalar)>) {
      out.emplace_string().assign(scalar);
    } else {
      out = scalar;
    }
  };
  if (take_scalar(value, set)) return;
  tick();
  if (depth > max_value_depth) too_deep();
  deeper([&] {
    if (value.is_array()) return array_to_json(value, out, depth);
    object_to_json(value, out.emplace_object(), depth);
  });
}

void Evaluator::array_to_json(Value value, bj::value& out, std::uint32_t depth) {
  if (value.tag == Tag::array && value.array->outer_wrapper) {
    return to_json(value.array->data[0], out, depth + 1);
  }
  const std::size_t size = array_size(value);
  bj::array& array = out.emplace_array();
  array.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    tick();
    const Value item = array_at(value, i);
    if (take_scalar(item, [&](auto scalar) { array.emplace_back(scalar); })) continue;
    to_json(item, array.emplace_back(nullptr), depth + 1);
  }
}

void Evaluator::object_to_json(Value value, bj::object& out, std::uint32_t depth) {
  out.reserve(value.tag == Tag::object ? value.object->size : value.json_object->size());
  each_member(value, [&](Value key, Value v) {
    if (v.is_undefined() || v.is_function()) return;
    tick();
    if (has_lone_surrogate(key.text())) {
      return to_json(v, out[without_lone_surrogates(key.text())], depth + 1);
    }
    if (take_scalar(v, [&](auto scalar) { out.emplace(key.text(), scalar); })) return;
    to_json(v, out.emplace(key.text(), nullptr).first->value(), depth + 1);
  });
}

void Evaluator::write_quoted(std::string_view text, std::string& out) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool surrogate = c == 0xED && i + 2 < text.size() &&
                           static_cast<unsigned char>(text[i + 1]) >= 0xA0;
    if (c >= 0x20 && c != '"' && c != '\\' && !surrogate) continue;
    out.append(text, from, i - from);
    from = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: {
        std::uint32_t code = c;
        if (surrogate) {
          code = next_code_point(text, i);
          from = i--;
        }
        out += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4) out += hex[code >> shift & 15];
      }
    }
  }
  out.append(text, from, text.size() - from);
  out += '"';
}

void Evaluator::write_plain_number(double number, std::string& out) {
  char buffer[40];
  out.append(buffer, write_plain_number(number, buffer));
}

std::size_t Evaluator::write_plain_number(double number, char* out) {
  return write_number(std::trunc(number) == number ? number : round_to_15_digits(number), out);
}

void Evaluator::write_json(Value value, std::string& out, int indent, std::uint32_t level) {
  tick();
  if (level > max_value_depth) too_deep();
  if (out.size() > limits().memory_bytes) mem.allocate(out.size());
  const auto new_line = [&](std::uint32_t to) {
    if (indent > 0) (out += '\n').append(static_cast<std::size_t>(indent) * to, ' ');
  };
  const auto below = [&](Value v) {
    deeper([&] { write_json(v, out, indent, level + 1); });
  };
  switch (value.tag) {
    case Tag::boolean: out += value.boolean ? "true" : "false"; return;
    case Tag::number:
      if (is_numeric(value)) {
        write_plain_number(value.number, out);
      } else {
        out += "null";
      }
      return;
    case Tag::string: return write_quoted(value.text(), out);
    case Tag::function: out += "\"\""; return;
    case Tag::json_array:
    case Tag::array: {
      out += '[';
      for (std::size_t i = 0; i < array_size(value); ++i) {
        if (i) out += ',';
        new_line(level + 1);
        below(array_at(value, i));
      }
      if (array_size(value) > 0) new_line(level);
      out += ']';
      return;
    }
    case Tag::json_object:
    case Tag::object: {
      out += '{';
      bool first = true;
      each_member(value, [&](Value key, Value v) {
        if (v.is_undefined()) return;
        if (!first) out += ',';
        first = false;
        new_line(level + 1);
        write_quoted(key.text(), out);
        out += indent > 0 ? ": " : ":";
        below(v);
      });
      if (!first) new_line(level);
      out += '}';
      return;
    }
    default: out += "null";
  }
}

void Evaluator::write_text(Value value, std::string& out, int indent) {
  switch (value.tag) {
    case Tag::undefined:
    case Tag::function: return;
    case Tag::string: out += value.text(); return;
    case Tag::number:
      if (std::isinf(value.number) || std::isnan(value.number)) {
        fault("D3001", {.value = number_text(value.number)});
      }
      return write_plain_number(value.number, out);
    case Tag::array:
      if (value.array->outer_wrapper) return write_text(value.array->data[0], out, indent);
      [[fallthrough]];
    default: write_json(value, out, indent, 0);
  }
}

std::string_view Evaluator::text_of(Value value) {
  if (value.is_string()) return value.text();
  if (value.tag == Tag::boolean) return value.boolean ? "true" : "false";
  if (value.tag == Tag::number && std::isfinite(value.number)) {
    char buffer[40];
    return keep({buffer, write_plain_number(value.number, buffer)});
  }
  std::string text;
  write_text(value, text);
  return keep(text);
}

std::string Evaluator::describe(Value value) {
  if (value.is_undefined()) return "nothing";
  if (value.is_function()) return "a function";
  if (value.is_number()) return number_text(value.number);
  std::string text;
  if (value.is_string()) {
    write_quoted(value.text().substr(0, 100), text);
  } else if (value.is_array()) {
    text = "an array of " + std::to_string(array_size(value)) + " items";
  } else if (value.is_object()) {
    text = "an object";
  } else {
    write_json(value, text, -1, 0);
  }
  return text;
}

}  // namespace junctor::jsonata
