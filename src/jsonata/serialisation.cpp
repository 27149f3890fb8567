#include <cmath>

#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

constexpr std::uint32_t max_value_depth = 512;

[[noreturn]] void too_deep() {
  fault("U1001", {.value = "The value is nested deeper than 512 levels"});
}

bj::value number_to_json(double number) {
  if (!std::isfinite(number)) return nullptr;
  if (std::abs(number) <= 9007199254740992.0 && std::trunc(number) == number) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

bj::value string_to_json(std::string_view text, const bj::storage_ptr& storage) {
  if (has_lone_surrogate(text)) return bj::string(without_lone_surrogates(text), storage);
  return bj::string(text, storage);
}

}  // namespace

bj::value Evaluator::to_json(const Value& value, const bj::storage_ptr& storage,
                             std::uint32_t depth) {
  tick();
  if (depth > max_value_depth) too_deep();
  const auto below = [&](const Value& v) {
    return deeper([&] { return to_json(v, storage, depth + 1); });
  };
  switch (value.tag) {
    case Tag::boolean: return value.boolean;
    case Tag::number: return number_to_json(value.number);
    case Tag::string: return string_to_json(value.text(), storage);
    case Tag::json_array:
    case Tag::array: {
      if (value.tag == Tag::array && value.array->outer_wrapper) return below(value.array->data[0]);
      bj::array out(storage);
      out.reserve(array_size(value));
      for (std::size_t i = 0; i < array_size(value); ++i) out.push_back(below(array_at(value, i)));
      return out;
    }
    case Tag::json_object:
    case Tag::object: {
      bj::object out(storage);
      out.reserve(value.tag == Tag::object ? value.object->size : value.json_object->size());
      each_member(value, [&](const Value& key, const Value& v) {
        if (v.is_undefined() || v.is_function()) return;
        if (has_lone_surrogate(key.text())) {
          out.emplace(without_lone_surrogates(key.text()), below(v));
        } else {
          out.emplace(key.text(), below(v));
        }
      });
      return out;
    }
    default: return nullptr;
  }
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
  const double rounded = std::trunc(number) == number ? number : round_to_15_digits(number);
  out.append(buffer, write_number(rounded, buffer));
}

void Evaluator::write_json(const Value& value, std::string& out, int indent, std::uint32_t level) {
  tick();
  if (level > max_value_depth) too_deep();
  if (out.size() > limits().memory_bytes) mem.allocate(out.size());
  const auto new_line = [&](std::uint32_t to) {
    if (indent > 0) (out += '\n').append(static_cast<std::size_t>(indent) * to, ' ');
  };
  const auto below = [&](const Value& v) {
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
      each_member(value, [&](const Value& key, const Value& v) {
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

void Evaluator::write_text(const Value& value, std::string& out, int indent) {
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

std::string_view Evaluator::text_of(const Value& value) {
  if (value.is_string()) return value.text();
  if (value.tag == Tag::boolean) return value.boolean ? "true" : "false";
  std::string text;
  write_text(value, text);
  return keep(text);
}

std::string Evaluator::describe(const Value& value) {
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
