#include "json/serialize.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace junctor::json {
namespace {

class Writer {
 public:
  Writer(std::string& out, Layout layout) : out_(out), pretty_(layout == Layout::pretty) {}

  void write(const Json& value) {
    switch (value.kind()) {
      case boost::json::kind::null: out_ += "null"; break;
      case boost::json::kind::bool_: out_ += value.get_bool() ? "true" : "false"; break;
      case boost::json::kind::int64: write_integer(value.get_int64()); break;
      case boost::json::kind::uint64: write_integer(value.get_uint64()); break;
      case boost::json::kind::double_: write_double(value.get_double()); break;
      case boost::json::kind::string: write_string(value.get_string()); break;
      case boost::json::kind::array: write_array(value.get_array()); break;
      case boost::json::kind::object: write_object(value.get_object()); break;
    }
  }

 private:
  template <typename Integer>
  void write_integer(Integer i) {
    char buffer[24];
    out_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, i).ptr);
  }

  void write_double(double d) { out_ += std::isfinite(d) ? number_text(d) : "null"; }

  void write_string(std::string_view s) {
    static constexpr char hex[] = "0123456789abcdef";
    out_ += '"';
    std::size_t from = 0;
    for (std::size_t i = 0; i < s.size(); ++i) {
      const auto c = static_cast<unsigned char>(s[i]);
      if (c >= 0x20 && c != '"' && c != '\\') continue;
      out_.append(s, from, i - from);
      from = i + 1;
      switch (c) {
        case '"': out_ += "\\\""; break;
        case '\\': out_ += "\\\\"; break;
        case '\b': out_ += "\\b"; break;
        case '\f': out_ += "\\f"; break;
        case '\n': out_ += "\\n"; break;
        case '\r': out_ += "\\r"; break;
        case '\t': out_ += "\\t"; break;
        default: (out_ += "\\u00") += {hex[c >> 4], hex[c & 15]};
      }
    }
    out_.append(s, from, s.size() - from);
    out_ += '"';
  }

  void write_array(const JsonArray& array) {
    out_ += '[';
    ++level_;
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (i) out_ += ',';
      new_line();
      write(array[i]);
    }
    --level_;
    if (!array.empty()) new_line();
    out_ += ']';
  }

  void write_object(const JsonObject& object) {
    out_ += '{';
    ++level_;
    bool first = true;
    for (const auto& member : object) {
      if (!first) out_ += ',';
      first = false;
      new_line();
      write_string(member.key());
      out_ += pretty_ ? ": " : ":";
      write(member.value());
    }
    --level_;
    if (!first) new_line();
    out_ += '}';
  }

  void new_line() {
    if (pretty_) (out_ += '\n').append(2 * level_, ' ');
  }

  std::string& out_;
  const bool pretty_;
  std::size_t level_ = 0;
};

}  // namespace

std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  if (number == 0) return "0";
  char buffer[32];
  const char* end = std::to_chars(buffer, buffer + sizeof buffer, number,
                                  std::chars_format::scientific).ptr;
  // "-d.ddde-xx": the digits, and where the point would stand among them.
  std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  std::string out;
  if (text.front() == '-') {
    out = "-";
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);
  std::string digits(1, text.front());
  if (e > 2) digits.append(text.substr(2, e - 2));
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;
  if (count <= point && point <= 21) {
    return (out += digits).append(static_cast<std::size_t>(point - count), '0');
  }
  if (0 < point && point <= 21) {
    return out += digits.insert(static_cast<std::size_t>(point), 1, '.');
  }
  if (-6 < point && point <= 0) {
    return out.append("0.").append(static_cast<std::size_t>(-point), '0') += digits;
  }
  if (count > 1) digits.insert(1, 1, '.');
  out += digits;
  out += exponent < 0 ? "e-" : "e+";
  return out += std::to_string(std::abs(exponent));
}

void append_text(const Json& value, std::string& out, Layout layout) {
  Writer(out, layout).write(value);
}

std::string to_text(const Json& value, Layout layout) {
  std::string out;
  append_text(value, out, layout);
  return out;
}

}  // namespace junctor::json
