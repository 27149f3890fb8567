#include <algorithm>
#include <array>
#include <cmath>

#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

Value string(Call& c) {
  if (c.args[0].is_undefined() || c.args[0].is_string()) return c.args[0];
  if (c.args[1].tag == Tag::boolean && c.args[1].boolean) {
    std::string out;
    c.ev.write_text(c.args[0], out, 2);
    return c.ev.string(out);
  }
  return Value::of(c.ev.text_of(c.args[0]));
}

// Array.prototype.slice over code points.
std::string_view slice(Evaluator& ev, std::string_view text, double start, double end) {
  const bool ascii = ev.all_ascii(text);
  const auto length = static_cast<double>(ascii ? text.size() : ev.code_points(text));
  const auto clamp = [&](double at) {
    at = std::isnan(at) ? 0 : std::trunc(at);
    return at < 0 ? std::max(0.0, length + at) : std::min(at, length);
  };
  const double from = clamp(start);
  const double to = clamp(end);
  if (from >= to) return {};
  const auto a = static_cast<std::size_t>(from);
  const auto b = static_cast<std::size_t>(to);
  if (ascii) return text.substr(a, b - a);
  const std::size_t first = offset_of_code_point(text, a);
  return text.substr(first, offset_of_code_point(text.substr(first), b - a));
}

Value substring(Call& c) {
  if (c.args[0].is_undefined()) return {};
  const std::string_view text = c.args[0].text();
  const auto length = static_cast<double>(c.ev.code_points(text));
  double start = c.args[1].is_number() ? c.args[1].number : 0;
  if (length + start < 0) start = 0;
  if (!c.args[2].is_number()) return Value::of(slice(c.ev, text, start, length));
  // Without a start its end is no number, which slices nothing.
  if (c.args[2].number <= 0 || !c.args[1].is_number()) return Value::of(std::string_view());
  const double end = start >= 0 ? start + c.args[2].number : length + start + c.args[2].number;
  return Value::of(slice(c.ev, text, start, end));
}

// A missing separator is the word that JavaScript makes of it.
std::string_view separator(Value value) {
  return value.is_string() ? value.text() : std::string_view("undefined");
}

Value substring_before(Call& c) {
  if (c.args[0].is_undefined()) return {};
  const std::string_view text = c.args[0].text();
  return Value::of(text.substr(0, c.ev.find_text(text, separator(c.args[1]))));
}

Value substring_after(Call& c) {
  if (c.args[0].is_undefined()) return {};
  const std::string_view text = c.args[0].text();
  const std::size_t at = c.ev.find_text(text, separator(c.args[1]));
  if (at == std::string_view::npos) return c.args[0];
  return Value::of(text.substr(at + separator(c.args[1]).size()));
}

template <char From, char To>
Value change_case(Call& c, std::string (*in_full)(std::string_view)) {
  if (c.args[0].is_undefined()) return {};
  const std::string_view text = c.args[0].text();
  if (!c.ev.all_ascii(text)) {
    std::string changed;
    c.ev.in_pieces(text, [&](std::string_view piece) { changed += in_full(piece); });
    return c.ev.string(changed);
  }
  char* const begin = c.ev.mem.make_array<char>(text.size());
  char* out = begin;
  c.ev.in_pieces(text, [&](std::string_view piece) {
    out = std::transform(piece.begin(), piece.end(), out, [](char x) {
      return static_cast<char>(x >= From && x <= From + 25 ? x - From + To : x);
    });
  });
  return Value::of(std::string_view(begin, text.size()));
}

Value lowercase(Call& c) { return change_case<'A', 'a'>(c, to_lower); }
Value uppercase(Call& c) { return change_case<'a', 'A'>(c, to_upper); }

Value length(Call& c) {
  if (c.args[0].is_undefined()) return {};
  return Value::of(static_cast<double>(c.ev.code_points(c.args[0].text())));
}

Value trim(Call& c) {
  if (c.args[0].is_undefined()) return {};
  const std::string_view text = c.args[0].text();
  char* const begin = c.ev.mem.make_array<char>(text.size());
  char* out = begin;
  bool blank = true;  // whether the last character was; leading ones vanish
  c.ev.in_pieces(text, [&](std::string_view piece) {
    for (const char x : piece) {
      const bool is_blank = x == ' ' || x == '\t' || x == '\n' || x == '\r';
      if (!is_blank) {
        *out++ = x;
      } else if (!blank) {
        *out++ = ' ';
      }
      blank = is_blank;
    }
  });
  if (out != begin && out[-1] == ' ') --out;
  return Value::of(std::string_view(begin, static_cast<std::size_t>(out - begin)));
}

Value pad(Call& c) {
  if (c.args[0].is_undefined()) return {};
  const std::string_view text = c.args[0].text();
  const double width = c.args[1].is_number() ? std::trunc(c.args[1].number) : 0;
  const double missing = std::abs(width) - static_cast<double>(c.ev.code_points(text));
  if (!(missing > 0)) return c.args[0];
  const std::string_view fill =
      c.args[2].is_string() && c.args[2].extra > 0 ? c.args[2].text() : std::string_view(" ");
  if (missing * static_cast<double>(fill.size()) > static_cast<double>(c.ev.limits().memory_bytes)) {
    fault("U1002", {.value = "$pad would make a text longer than the memory limit"});
  }
  std::string padding;
  const std::size_t unit = c.ev.code_points(fill);
  auto left = static_cast<std::size_t>(missing);
  for (; left >= unit; left -= unit) {
    c.ev.tick();
    padding += fill;
  }
  padding += fill.substr(0, offset_of_code_point(fill, left));
  return c.ev.string(width > 0 ? std::string(text) + padding : padding + std::string(text));
}

Value join(Call& c) {
  if (c.args[0].is_undefined()) return {};
  const std::string_view between = c.args[1].is_string() ? c.args[1].text() : std::string_view();
  std::size_t total = 0;
  const std::size_t size = array_size(c.args[0]);
  for (std::size_t i = 0; i < size; ++i) {
    c.ev.tick();
    const Value item = array_at(c.args[0], i);
    total += (i ? between.size() : 0) + (item.is_string() ? item.extra : 0);
  }
  char* const begin = c.ev.mem.make_array<char>(total);
  char* out = begin;
  for (std::size_t i = 0; i < size; ++i) {
    c.ev.tick();
    if (i) out = c.ev.copy(out, between);
    const Value item = array_at(c.args[0], i);
    if (item.is_string()) out = c.ev.copy(out, item.text());
  }
  return Value::of(std::string_view(begin, total));
}

}  // namespace

std::vector<Builtin> string_functions() {
  return {
      {"string", string, "<x-b?:s>", 1},
      {"substring", substring, "<s-nn?:s>", 3},
      {"substringBefore", substring_before, "<s-s:s>", 2},
      {"substringAfter", substring_after, "<s-s:s>", 2},
      {"lowercase", lowercase, "<s-:s>", 1},
      {"uppercase", uppercase, "<s-:s>", 1},
      {"length", length, "<s-:n>", 1},
      {"trim", trim, "<s-:s>", 1},
      {"pad", pad, "<s-ns?:s>", 3},
      {"join", join, "<a<s>s?:s>", 2},
  };
}

}  // namespace junctor::jsonata
