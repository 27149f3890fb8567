#include <algorithm>
#include <cstdio>

#include "jsonata/messages.h"
#include "jsonata/regex.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

// What \s means in JavaScript beyond PCRE2's own.
constexpr std::string_view more_space =
    "\\x{a0}\\x{feff}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Translator {
 public:
  Translator(std::string_view pattern, std::size_t position)
      : in_(pattern), position_(position), groups_(count_groups()) {}

  std::string run() {
    while (i_ < in_.size()) step();
    return std::move(out_);
  }

 private:
  char at(std::size_t i) const { return i < in_.size() ? in_[i] : '\0'; }

  [[noreturn]] void fail(const char* reason) {
    throw make_error("S0303", {.position = position_, .value = reason});
  }

  int count_groups() const {
    int count = 0;
    bool in_class = false;
    for (std::size_t i = 0; i < in_.size(); ++i) {
      if (in_[i] == '\\') {
        ++i;
      } else if (in_[i] == '[') {
        in_class = true;
      } else if (in_[i] == ']') {
        in_class = false;
      } else if (in_[i] == '(' && !in_class) {
        const bool special = at(i + 1) == '?';
        count += !special || (at(i + 2) == '<' && at(i + 3) != '=' && at(i + 3) != '!');
      }
    }
    return count;
  }

  void step() {
    const char c = in_[i_];
    switch (c) {
      case '\\': return escape();
      case '[': return character_class();
      case '(': return group();
      case '.':
        out_ += "[^\\n\\r\\x{2028}\\x{2029}]";
        break;
      case '*':
      case '+':
      case '?': return quantifier(1);
      case '{': return brace();
      case '#':
      case ' ':
      default: out_ += c;
    }
    ++i_;
  }

  void group() {
    if (at(i_ + 1) == '*') fail("nothing to repeat");
    if (at(i_ + 1) == '?') {
      const char kind = at(i_ + 2);
      if (kind != ':' && kind != '=' && kind != '!' && kind != '<') fail("invalid group");
      out_ += "(?";
      i_ += 2;
      return;
    }
    out_ += '(';
    ++i_;
  }

  // What follows a quantifier may only be ?: possessive ones do not exist in JavaScript.
  void quantifier(std::size_t length) {
    out_.append(in_, i_, length);
    i_ += length;
    if (at(i_) == '?') {
      out_ += '?';
      ++i_;
    }
    if (at(i_) == '+' || at(i_) == '*' || at(i_) == '?') fail("nothing to repeat");
  }

  void brace() {
    std::size_t k = i_ + 1;
    while (is_digit(at(k))) ++k;
    const bool digits = k > i_ + 1;
    if (digits && at(k) == ',') {
      ++k;
      while (is_digit(at(k))) ++k;
    }
    if (digits && at(k) == '}') return quantifier(k + 1 - i_);
    out_ += "\\{";
    ++i_;
  }

  void append_code(std::uint32_t code_point) {
    char text[16];
    std::snprintf(text, sizeof text, "\\x{%x}", code_point);
    out_ += text;
  }

  bool hex(std::size_t from, std::size_t count, std::uint32_t& value) const {
    value = 0;
    for (std::size_t k = 0; k < count; ++k) {
      if (!is_hex(at(from + k))) return false;
      value = value * 16 + static_cast<std::uint32_t>(std::stoul(std::string(1, at(from + k)), nullptr, 16));
    }
    return true;
  }

  // \d \w \b … that mean the same, inside and outside of classes; true when done.
  bool common_escape(char c) {
    std::uint32_t code = 0;
    switch (c) {
      case 'd': case 'D': case 'w': case 'W': case 't': case 'n': case 'r': case 'f':
        (out_ += '\\') += c;
        i_ += 2;
        return true;
      case 'v':
        append_code(0x0b);
        i_ += 2;
        return true;
      case 'x':
        if (!hex(i_ + 2, 2, code)) return false;
        append_code(code);
        i_ += 4;
        return true;
      case 'u': return unicode_escape();
      case 'c': {
        const char letter = at(i_ + 2);
        if (!((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'))) {
          out_ += "\\\\";
          ++i_;
          return true;
        }
        append_code(static_cast<std::uint32_t>(letter & 31));
        i_ += 3;
        return true;
      }
      case '0':
        if (is_digit(at(i_ + 2))) return octal();
        append_code(0);
        i_ += 2;
        return true;
      default: return false;
    }
  }

  bool octal() {
    std::uint32_t code = 0;
    std::size_t k = i_ + 1;
    while (k < i_ + 4 && at(k) >= '0' && at(k) <= '7' && code * 8 < 256) {
      code = code * 8 + static_cast<std::uint32_t>(at(k++) - '0');
    }
    if (k == i_ + 1) return false;
    append_code(code);
    i_ = k;
    return true;
  }

  bool unicode_escape() {
    std::uint32_t code = 0;
    if (!hex(i_ + 2, 4, code)) return false;
    i_ += 6;
    std::uint32_t low = 0;
    if (code >= 0xD800 && code < 0xDC00 && at(i_) == '\\' && at(i_ + 1) == 'u' &&
        hex(i_ + 2, 4, low) && low >= 0xDC00 && low < 0xE000) {
      i_ += 6;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_code(code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
    return true;
  }

  void literal(std::size_t from) {
    std::size_t end = from;
    const std::uint32_t code = next_code_point(in_, end);
    if (code < 0x80 && !std::isalnum(static_cast<int>(code))) out_ += '\\';
    out_.append(in_, from, end - from);
    i_ = end;
  }

  void escape() {
    const char c = at(i_ + 1);
    if (i_ + 1 >= in_.size()) fail("a \\ at the end of the pattern");
    if (common_escape(c)) return;
    if (c == 'b' || c == 'B') {
      (out_ += '\\') += c;
      i_ += 2;
    } else if (c == 's' || c == 'S') {
      ((out_ += c == 's' ? "[\\s" : "[^\\s") += more_space) += ']';
      i_ += 2;
    } else if (c >= '1' && c <= '9') {
      back_reference();
    } else if (c == 'k' && at(i_ + 2) == '<' && in_.find("(?<") != std::string_view::npos) {
      out_ += "\\k";
      i_ += 2;
    } else {
      literal(i_ + 1);
    }
  }

  void back_reference() {
    std::size_t k = i_ + 1;
    int number = 0;
    while (is_digit(at(k)) && number < 1000) number = number * 10 + (at(k++) - '0');
    if (number <= groups_) {
      out_ += "\\g{" + std::to_string(number) + "}";
      i_ = k;
    } else if (!octal()) {
      literal(i_ + 1);
    }
  }

  void character_class() {
    ++i_;
    const bool negated = at(i_) == '^';
    if (negated) ++i_;
    if (at(i_) == ']') {
      out_ += negated ? "[\\s\\S]" : "(?!)";
      ++i_;
      return;
    }
    out_ += negated ? "[^" : "[";
    while (i_ < in_.size() && in_[i_] != ']') class_item();
    if (i_ >= in_.size()) fail("a [ without its ]");
    out_ += ']';
    ++i_;
  }

  void class_item() {
    const char c = in_[i_];
    if (c == '[') {
      out_ += "\\[";
      ++i_;
    } else if (c != '\\') {
      out_ += c;
      ++i_;
    } else if (common_escape(at(i_ + 1))) {
    } else if (at(i_ + 1) == 's') {
      (out_ += "\\s") += more_space;
      i_ += 2;
    } else if (at(i_ + 1) == 'S') {
      out_ += "\\S";
      i_ += 2;
    } else if (at(i_ + 1) == 'b') {
      append_code(8);
      i_ += 2;
    } else if (i_ + 1 >= in_.size()) {
      fail("a \\ at the end of the pattern");
    } else if (!octal()) {
      literal(i_ + 1);
    }
  }

  std::string_view in_;
  std::size_t i_ = 0;
  std::string out_;
  std::size_t position_;
  int groups_;
};

}  // namespace

std::string translate_regex(std::string_view pattern, std::size_t position) {
  return Translator(pattern, position).run();
}

}  // namespace junctor::jsonata
