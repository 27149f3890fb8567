#include <cstdint>

#include "json/schema_format.h"
#include "json/uri.h"

namespace junctor::schema {
namespace {

enum class Letters { ascii, international };

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }
bool is_unreserved(char c) { return is_letter(c) || is_digit(c) || is_one_of(c, "-._~"); }
bool is_sub_delimiter(char c) { return is_one_of(c, "!$&'()*+,;="); }

// The character that starts at `at`, which is known to be valid UTF-8; `size` is its length.
std::uint32_t character_at(std::string_view text, std::size_t at, std::size_t& size) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) : 0u;
  };
  const std::uint32_t first = byte(at);
  size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (size == 1) return first;
  if (size == 2) return (first & 0x1f) << 6 | (byte(at + 1) & 0x3f);
  const std::uint32_t low = (byte(at + 1) & 0x3f) << 6 | (byte(at + 2) & 0x3f);
  if (size == 3) return (first & 0xf) << 12 | low;
  return (first & 7) << 18 | low << 6 | (byte(at + 3) & 0x3f);
}

// RFC 3987 ucschar, with iprivate where `is_query`.
bool is_international(std::uint32_t c, bool is_query) {
  if (c < 0xa0) return false;
  if ((c >= 0xe000 && c <= 0xf8ff) || c >= 0xf0000) return is_query && (c & 0xffff) <= 0xfffd;
  if (c >= 0xd800 && c < 0xe000) return false;
  if ((c >= 0xfdd0 && c <= 0xfdef) || (c >= 0xfff0 && c <= 0xffff)) return false;
  if (c >= 0xe0000 && c < 0xe1000) return false;
  return (c & 0xfffe) != 0xfffe;
}

bool consists_of(std::string_view text, std::string_view extra, Letters letters, bool is_query) {
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 3;
    } else if (static_cast<unsigned char>(c) < 0x80) {
      if (!is_unreserved(c) && !is_sub_delimiter(c) && !is_one_of(c, extra)) return false;
      ++i;
    } else {
      std::size_t size = 1;
      const std::uint32_t wide = character_at(text, i, size);
      if (letters == Letters::ascii || !is_international(wide, is_query)) return false;
      i += size;
    }
  }
  return true;
}

bool is_ip_literal(std::string_view text) {
  if (!text.starts_with('v') && !text.starts_with('V')) return is_ipv6(text);
  const auto dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
  for (char c : text.substr(1, dot - 1)) {
    if (!is_hex(c)) return false;
  }
  return consists_of(text.substr(dot + 1), ":", Letters::ascii, false) &&
         text.find('%') == std::string_view::npos;
}

bool is_authority(std::string_view text, Letters letters) {
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    if (!consists_of(text.substr(0, at), ":", letters, false)) return false;
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || !is_ip_literal(text.substr(1, end - 1))) return false;
    port = text.substr(end + 1);
    if (!port.empty() && port[0] != ':') return false;
  } else {
    const auto colon = text.find(':');
    if (!consists_of(text.substr(0, colon), "", letters, false)) return false;
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  for (char c : port.substr(port.empty() ? 0 : 1)) {
    if (!is_digit(c)) return false;
  }
  return true;
}

bool is_reference(std::string_view text, Letters letters, bool absolute) {
  const json::UriParts parts = json::split_uri(text);
  if (absolute && !parts.scheme) return false;
  if (parts.authority && !is_authority(*parts.authority, letters)) return false;
  if (!consists_of(parts.path, ":@/", letters, false)) return false;
  if (!parts.authority && parts.path.starts_with("//")) return false;
  if (!parts.scheme && !parts.authority) {
    // A colon in the first segment would read as a scheme.
    if (parts.path.substr(0, parts.path.find('/')).find(':') != std::string_view::npos) return false;
  }
  if (parts.query && !consists_of(*parts.query, ":@/?", letters, true)) return false;
  return !parts.fragment || consists_of(*parts.fragment, ":@/?", letters, false);
}

bool is_variable_name(std::string_view text) {
  bool after_dot = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.') {
      if (after_dot) return false;
      after_dot = true;
      continue;
    }
    after_dot = false;
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (!is_letter(c) && !is_digit(c) && c != '_') {
      return false;
    }
  }
  return !after_dot;
}

bool is_variable(std::string_view text) {
  if (text.ends_with('*')) return is_variable_name(text.substr(0, text.size() - 1));
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return is_variable_name(text);
  const std::string_view length = text.substr(colon + 1);
  if (length.empty() || length.size() > 4 || length[0] == '0') return false;
  for (char c : length) {
    if (!is_digit(c)) return false;
  }
  return is_variable_name(text.substr(0, colon));
}

bool is_expression(std::string_view text) {
  if (!text.empty() && is_one_of(text[0], "+#./;?&=,!@|")) text.remove_prefix(1);
  while (true) {
    const auto comma = text.find(',');
    if (!is_variable(text.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

bool is_uri(std::string_view text) { return is_reference(text, Letters::ascii, true); }
bool is_uri_reference(std::string_view text) { return is_reference(text, Letters::ascii, false); }
bool is_iri(std::string_view text) { return is_reference(text, Letters::international, true); }
bool is_iri_reference(std::string_view text) {
  return is_reference(text, Letters::international, false);
}

bool is_uri_template(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '{') {
      const auto end = text.find('}', i);
      if (end == std::string_view::npos || !is_expression(text.substr(i + 1, end - i - 1))) return false;
      i = end + 1;
    } else if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 3;
    } else if (static_cast<unsigned char>(c) < 0x80) {
      if (c <= ' ' || c == 0x7f || is_one_of(c, "\"<>\\^`|}")) return false;
      ++i;
    } else {
      std::size_t size = 1;
      if (!is_international(character_at(text, i, size), true)) return false;
      i += size;
    }
  }
  return true;
}

}  // namespace junctor::schema
