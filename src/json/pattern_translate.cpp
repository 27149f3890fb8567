#include <array>
#include <cstddef>
#include <utility>

#include "json/pattern.h"

namespace junctor::json {
namespace {

constexpr std::string_view white_space = "\\t\\n\\x0b\\f\\r \\x{a0}\\x{feff}\\x{2028}\\x{2029}\\p{Zs}";

struct Refused {
  const char* why;
};

// General categories by their long names; PCRE2 knows the short ones.
constexpr std::array<std::pair<std::string_view, std::string_view>, 38> categories = {{
    {"Letter", "L"}, {"Cased_Letter", "L&"}, {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"}, {"Titlecase_Letter", "Lt"}, {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"}, {"Mark", "M"}, {"Combining_Mark", "M"}, {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"}, {"Enclosing_Mark", "Me"}, {"Number", "N"}, {"Decimal_Number", "Nd"},
    {"digit", "Nd"}, {"Letter_Number", "Nl"}, {"Other_Number", "No"}, {"Punctuation", "P"},
    {"punct", "P"}, {"Connector_Punctuation", "Pc"}, {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"}, {"Close_Punctuation", "Pe"}, {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"}, {"Other_Punctuation", "Po"}, {"Symbol", "S"},
    {"Math_Symbol", "Sm"}, {"Currency_Symbol", "Sc"}, {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"}, {"Separator", "Z"}, {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"}, {"Paragraph_Separator", "Zp"}, {"Other", "C"}, {"Control", "Cc"},
    {"Format", "Cf"},
}};

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  std::string run() {
    while (more()) {
      const char c = in_[pos_];
      if (c == '\\') {
        ++pos_;
        escape(Inside::pattern);
      } else if (c == '[') {
        bracket();
      } else if (c == '(') {
        group();
      } else if (c == '.') {
        ++pos_;
        out_.append("[^\\n\\r\\x{2028}\\x{2029}]");
        quantifier();
      } else if (c == '*' || c == '+' || c == '?') {
        throw Refused{"nothing to repeat"};
      } else {
        ordinary(c);
      }
    }
    return std::move(out_);
  }

 private:
  enum class Inside { pattern, bracket };

  bool more() const { return pos_ < in_.size(); }
  bool next_is(char c) const { return more() && in_[pos_] == c; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  void ordinary(char c) {
    ++pos_;
    out_.push_back(c);
    // The rest of a character of several bytes belongs to it before a quantifier may follow.
    while (more() && (static_cast<unsigned char>(in_[pos_]) & 0xc0) == 0x80) {
      out_.push_back(in_[pos_++]);
    }
    if (c == '|' || c == '^') {
      if (next_is('*') || next_is('+') || next_is('?')) throw Refused{"nothing to repeat"};
      return;
    }
    quantifier();
  }

  // Copies a quantifier; what PCRE2 would read as possessive is wrong in ECMA-262.
  void quantifier() {
    if (!more()) return;
    const char c = in_[pos_];
    if (c == '{') {
      const std::size_t end = bounds_end(pos_ + 1);
      if (end == 0) return;
      out_.append(in_.substr(pos_, end - pos_));
      pos_ = end;
    } else if (c == '*' || c == '+' || c == '?') {
      out_.push_back(c);
      ++pos_;
    } else {
      return;
    }
    if (next_is('?')) {
      out_.push_back('?');
      ++pos_;
    }
    if (next_is('*') || next_is('+') || next_is('?')) throw Refused{"nothing to repeat"};
  }

  // Behind the '}' of "n}", "n,}" or "n,m}"; 0 when the brace is an ordinary character.
  std::size_t bounds_end(std::size_t at) const {
    const std::size_t from = at;
    while (at < in_.size() && is_digit(in_[at])) ++at;
    if (at == from) return 0;
    if (at < in_.size() && in_[at] == ',') {
      ++at;
      while (at < in_.size() && is_digit(in_[at])) ++at;
    }
    return at < in_.size() && in_[at] == '}' ? at + 1 : 0;
  }

  void group() {
    ++pos_;
    out_.push_back('(');
    if (next_is('*')) throw Refused{"nothing to repeat after '('"};
    if (!next_is('?')) return;
    const std::string_view rest = in_.substr(pos_ + 1);
    for (const std::string_view known : {"<=", "<!", "=", "!", ":"}) {
      if (rest.starts_with(known)) {
        out_.append("?").append(known);
        pos_ += 1 + known.size();
        return;
      }
    }
    if (!rest.starts_with('<')) throw Refused{"a group starts with (?:, (?=, (?!, (?<=, (?<! or (?<name>"};
    const auto end = rest.find('>');
    if (end == std::string_view::npos) throw Refused{"a group's name ends with '>'"};
    out_.append("?").append(rest.substr(0, end + 1));
    pos_ += end + 2;
  }

  void bracket() {
    ++pos_;
    out_.push_back('[');
    if (next_is('^')) {
      out_.push_back('^');
      ++pos_;
    }
    bool after_set = false;
    while (more() && in_[pos_] != ']') {
      if (in_[pos_] == '\\') {
        after_set = is_set_escape(pos_);
        ++pos_;
        escape(Inside::bracket);
        continue;
      }
      // A hyphen beside a set is a hyphen; PCRE2 would complain about a range.
      const bool plain_hyphen = in_[pos_] == '-' && (after_set || is_set_escape(pos_ + 1));
      // And there are no POSIX classes in ECMA-262.
      if (plain_hyphen || in_[pos_] == '[') out_.push_back('\\');
      out_.push_back(in_[pos_++]);
      after_set = false;
    }
    if (!more()) throw Refused{"'[' without ']'"};
    ++pos_;
    out_.push_back(']');
    quantifier();
  }

  bool is_set_escape(std::size_t at) const {
    return at + 1 < in_.size() && in_[at] == '\\' &&
           std::string_view("dDwWsSpP").find(in_[at + 1]) != std::string_view::npos;
  }

  void escape(Inside inside) {
    if (!more()) throw Refused{"a '\\' at the end"};
    const char c = in_[pos_++];
    switch (c) {
      case 's': inside == Inside::bracket ? put(white_space) : put("[", white_space, "]"); break;
      case 'S':
        if (inside == Inside::bracket) {
          not_white_space_in_bracket();
        } else {
          put("[^", white_space, "]");
        }
        break;
      case 'd': case 'D': case 'w': case 'W': case 'n': case 'r': case 't': case 'f':
        put_escape(c);
        break;
      case 'v': put("\\x0b"); break;
      case '0':
        if (more() && is_digit(in_[pos_])) throw Refused{"no octal escapes"};
        put("\\x00");
        break;
      case 'b': inside == Inside::bracket ? put("\\x08") : put("\\b"); break;
      case 'B': one_of_pattern(inside, "\\B"); break;
      case 'c': control(); break;
      case 'x': hex(2); break;
      case 'u': unicode(); break;
      case 'p': case 'P': property(c); break;
      case 'k': back_reference(inside); break;
      default: other_escape(c, inside);
    }
    if (inside == Inside::pattern) quantifier();
  }

  // PCRE2 has no negated set inside a set: the ranges between the white space characters instead.
  void not_white_space_in_bracket() {
    put("\\x00-\\x08\\x0e-\\x1f\\x21-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"
        "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{d7ff}"
        "\\x{e000}-\\x{fefe}\\x{ff00}-\\x{10ffff}");
  }

  void one_of_pattern(Inside inside, std::string_view text) {
    if (inside == Inside::bracket) throw Refused{"no such escape inside [ ]"};
    put(text);
  }

  void other_escape(char c, Inside inside) {
    if (c >= '1' && c <= '9') {
      if (inside == Inside::bracket) throw Refused{"no back references inside [ ]"};
      std::string number(1, c);
      while (more() && is_digit(in_[pos_])) number.push_back(in_[pos_++]);
      put("(?:\\g{", number, "})");
      return;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (letter) throw Refused{"no such escape"};
    if (static_cast<unsigned char>(c) < 0x80) out_.push_back('\\');
    out_.push_back(c);
    while (more() && (static_cast<unsigned char>(in_[pos_]) & 0xc0) == 0x80) {
      out_.push_back(in_[pos_++]);
    }
  }

  void control() {
    const char c = more() ? in_[pos_] : '\0';
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) throw Refused{"\\c wants a letter"};
    ++pos_;
    put_code(static_cast<unsigned>(c) % 32);
  }

  unsigned hex_value(std::size_t digits) {
    if (pos_ + digits > in_.size()) throw Refused{"too few hexadecimal digits"};
    unsigned value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = in_[pos_++];
      const int digit = is_digit(c) ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) throw Refused{"too few hexadecimal digits"};
      value = value * 16 + static_cast<unsigned>(digit);
    }
    return value;
  }

  void hex(std::size_t digits) { put_code(hex_value(digits)); }

  void unicode() {
    if (next_is('{')) {
      const auto end = in_.find('}', pos_);
      if (end == std::string_view::npos || end == pos_ + 1 || end - pos_ > 8) {
        throw Refused{"\\u{ wants one to six hexadecimal digits and }"};
      }
      ++pos_;
      const unsigned value = hex_value(end - pos_);
      ++pos_;
      put_code(value);
      return;
    }
    unsigned value = hex_value(4);
    if (value >= 0xd800 && value < 0xdc00 && in_.substr(pos_).starts_with("\\u")) {
      const std::size_t back = pos_;
      pos_ += 2;
      const unsigned low = hex_value(4);
      if (low >= 0xdc00 && low < 0xe000) {
        value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
      } else {
        pos_ = back;
      }
    }
    put_code(value);
  }

  void property(char p) {
    const auto end = in_.find('}', pos_);
    if (!next_is('{') || end == std::string_view::npos) throw Refused{"\\p wants {a property}"};
    std::string_view name = in_.substr(pos_ + 1, end - pos_ - 1);
    pos_ = end + 1;
    std::string_view kind;
    if (const auto equals = name.find('='); equals != std::string_view::npos) {
      kind = name.substr(0, equals);
      name = name.substr(equals + 1);
    }
    std::string prefix;
    if (kind == "Script" || kind == "sc") {
      prefix = "sc:";
    } else if (kind == "Script_Extensions" || kind == "scx") {
      prefix = "scx:";
    } else if (!kind.empty() && kind != "General_Category" && kind != "gc") {
      throw Refused{"no such property"};
    }
    for (const auto& [long_name, short_name] : categories) {
      if (prefix.empty() && name == long_name) name = short_name;
    }
    const std::string head = std::string("\\") + p + "{";
    put(head, prefix, name, "}");
  }

  void back_reference(Inside inside) {
    const auto end = in_.find('>', pos_);
    if (inside == Inside::bracket || !next_is('<') || end == std::string_view::npos) {
      throw Refused{"\\k wants <a name>"};
    }
    put("\\k", in_.substr(pos_, end + 1 - pos_));
    pos_ = end + 1;
  }

  template <typename... Parts>
  void put(const Parts&... parts) {
    (out_.append(parts), ...);
  }
  void put_escape(char c) {
    out_.push_back('\\');
    out_.push_back(c);
  }
  void put_code(unsigned code) {
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw Refused{"no such character"};
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    do {
      text.insert(text.begin(), digits[code % 16]);
      code /= 16;
    } while (code != 0);
    put("\\x{", text, "}");
  }

  std::string_view in_;
  std::size_t pos_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> translate_pattern(std::string_view pattern) {
  try {
    return Translator(pattern).run();
  } catch (const Refused& refused) {
    Problem problem;
    problem.found = "the pattern '" + std::string(pattern.substr(0, 200)) + "'";
    problem.expected = std::string("a regular expression of ECMA-262: ") + refused.why;
    return problem;
  }
}

}  // namespace junctor::json
