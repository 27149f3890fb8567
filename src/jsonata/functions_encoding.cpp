// Base64 and percent-encoding, as Buffer and encodeURI have them.
#include <array>
#include <string>

#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

constexpr std::string_view base64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view unreserved =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
constexpr std::string_view reserved = ";/?:@&=+$,#";

// One byte per UTF-16 unit, its low half: what Buffer calls binary.
std::string to_binary(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::uint32_t c = next_code_point(text, i);
    if (c >= 0x10000) {
      out += static_cast<char>(((c - 0x10000) >> 10) + 0xD800);
      c = ((c - 0x10000) & 0x3FF) + 0xDC00;
    }
    out += static_cast<char>(c);
  }
  return out;
}

Value base64_encode(Call& c) {
  if (c.args[0].is_undefined()) return {};
  const std::string bytes = to_binary(c.args[0].text());
  c.ev.tick(bytes.size() / 64);
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k > bytes.size() ? '=' : base64[group >> (18 - 6 * k) & 63];
    }
  }
  return c.ev.string(out);
}

Value base64_decode(Call& c) {
  if (c.args[0].is_undefined()) return {};
  std::string out;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char x : c.args[0].text()) {
    if (x == '=') break;
    const char digit = x == '-' ? '+' : x == '_' ? '/' : x;
    const std::size_t value = base64.find(digit);
    if (value == std::string_view::npos) continue;
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    append_code_point(out, group >> bits & 0xFF);
  }
  return c.ev.string(out);
}

Value encode(Call& c, std::string_view name, std::string_view also) {
  static constexpr char hex[] = "0123456789ABCDEF";
  if (c.args[0].is_undefined()) return {};
  const std::string_view text = c.args[0].text();
  if (has_lone_surrogate(text)) {
    fault("D3140", {.token = std::string(name), .value = c.ev.describe(c.args[0])});
  }
  std::string out;
  for (const char x : text) {
    if (unreserved.find(x) != std::string_view::npos || also.find(x) != std::string_view::npos) {
      out += x;
    } else {
      const auto byte = static_cast<unsigned char>(x);
      ((out += '%') += hex[byte >> 4]) += hex[byte & 15];
    }
  }
  return c.ev.string(out);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that %XX at `at` stands for, or -1.
int percent_byte(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size() || text[at] != '%') return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

Value decode(Call& c, std::string_view name, std::string_view keep) {
  if (c.args[0].is_undefined()) return {};
  const std::string_view text = c.args[0].text();
  const auto malformed = [&] {
    fault("D3140", {.token = std::string(name), .value = c.ev.describe(c.args[0])});
  };
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '%') {
      out += text[i++];
      continue;
    }
    const int lead = percent_byte(text, i);
    if (lead < 0) malformed();
    const std::size_t length = code_point_bytes(static_cast<unsigned char>(lead));
    std::string bytes(1, static_cast<char>(lead));
    for (std::size_t k = 1; k < length; ++k) {
      const int byte = percent_byte(text, i + 3 * k);
      if (byte < 0) malformed();
      bytes += static_cast<char>(byte);
    }
    if (!is_valid_utf8(bytes)) malformed();
    if (lead < 0x80 && keep.find(bytes[0]) != std::string_view::npos) {
      out += text.substr(i, 3);
    } else {
      out += bytes;
    }
    i += 3 * length;
  }
  return c.ev.string(out);
}

Value encode_component(Call& c) { return encode(c, "encodeUrlComponent", ""); }
Value encode_url(Call& c) { return encode(c, "encodeUrl", reserved); }
Value decode_component(Call& c) { return decode(c, "decodeUrlComponent", ""); }
Value decode_url(Call& c) { return decode(c, "decodeUrl", reserved); }

}  // namespace

std::vector<Builtin> text_functions() {
  return {
      {"base64encode", base64_encode, "<s-:s>", 1},
      {"base64decode", base64_decode, "<s-:s>", 1},
      {"encodeUrlComponent", encode_component, "<s-:s>", 1},
      {"encodeUrl", encode_url, "<s-:s>", 1},
      {"decodeUrlComponent", decode_component, "<s-:s>", 1},
      {"decodeUrl", decode_url, "<s-:s>", 1},
  };
}

}  // namespace junctor::jsonata
