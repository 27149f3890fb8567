#include <idn2.h>

#include <cstring>
#include <memory>
#include <string>

#include "json/schema_format.h"

namespace junctor::schema {
namespace {

constexpr std::size_t max_name_bytes = 253;  // of a host name, RFC 1035 less what wraps it

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_ascii(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

struct Free {
  void operator()(std::uint8_t* text) const { idn2_free(text); }
};
using Text = std::unique_ptr<std::uint8_t, Free>;

const std::uint8_t* bytes_of(const std::string& text) {
  return reinterpret_cast<const std::uint8_t*>(text.c_str());
}

// The length of the A-label of a label in Unicode, judged by IDNA 2008 as strictly as a registry
// would; 0 when it is none.
std::size_t a_label_bytes(std::string_view label) {
  const std::string text(label);
  if (text.find('\0') != std::string::npos) return 0;
  std::uint8_t* out = nullptr;
  const int result = idn2_register_u8(bytes_of(text), nullptr, &out, 0);
  const Text owned(out);
  return result == IDN2_OK ? std::strlen(reinterpret_cast<const char*>(out)) : 0;
}

// "xn--…" whose Unicode form is one that encodes to it.
bool is_a_label(std::string_view label) {
  std::string text(label);
  if (text.find('\0') != std::string::npos) return false;
  for (char& c : text) c = static_cast<char>(is_letter(c) ? c | 0x20 : c);
  std::uint8_t* out = nullptr;
  const int result = idn2_register_u8(nullptr, bytes_of(text), &out, 0);
  const Text owned(out);
  if (result != IDN2_OK) return false;
  char* unicode = nullptr;
  if (idn2_to_unicode_8z8z(text.c_str(), &unicode, 0) != IDN2_OK) return false;
  const Text decoded(reinterpret_cast<std::uint8_t*>(unicode));
  const std::string_view name(unicode);
  return !is_ascii(name) && a_label_bytes(name) != 0;
}

bool is_ldh_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  for (char c : label) {
    if (!is_letter(c) && !is_digit(c) && c != '-') return false;
  }
  return true;
}

bool has_a_prefix(std::string_view label) {
  return label.size() >= 4 && (label[0] | 0x20) == 'x' && (label[1] | 0x20) == 'n' &&
         label[2] == '-' && label[3] == '-';
}

bool is_ascii_label(std::string_view label) {
  if (!is_ldh_label(label)) return false;
  if (has_a_prefix(label)) return is_a_label(label);
  return label.size() < 4 || label[2] != '-' || label[3] != '-';
}

// Splits at dots, also the three others that IDNA knows where `wide`.
template <typename Judge>
bool all_labels(std::string_view text, bool wide, Judge judge) {
  std::size_t from = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    std::size_t dot = i == text.size() || text[i] == '.' ? 1 : 0;
    if (wide && dot == 0) {
      const std::string_view here = text.substr(i, 3);
      if (here == "\xe3\x80\x82" || here == "\xef\xbc\x8e" || here == "\xef\xbd\xa1") dot = 3;
    }
    if (dot == 0) continue;
    if (!judge(text.substr(from, i - from))) return false;
    from = i + dot;
    i = from - 1;
  }
  return true;
}

bool is_atom_text(char c) {
  return is_letter(c) || is_digit(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_local_part(std::string_view text, bool international) {
  if (text.empty()) return false;
  const auto wide = [&](char c) { return international && static_cast<unsigned char>(c) >= 0x80; };
  if (text.front() == '"') {
    if (text.size() < 2 || text.back() != '"') return false;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
      const bool escaped = text[i] == '\\';
      if (escaped && ++i + 1 >= text.size()) return false;
      const bool bare_quote = text[i] == '"' && !escaped;
      const bool printable = text[i] >= ' ' && text[i] <= '~';
      if (bare_quote || (!printable && !wide(text[i]))) return false;
    }
    return true;
  }
  bool after_dot = true;
  for (char c : text) {
    if (c == '.') {
      if (after_dot) return false;
      after_dot = true;
    } else if (!is_atom_text(c) && !wide(c)) {
      return false;
    } else {
      after_dot = false;
    }
  }
  return !after_dot;
}

// RFC 5321 writes the tag as "IPv6:"; quoted text in a grammar ignores case.
bool has_ipv6_tag(std::string_view text) {
  constexpr std::string_view tag = "ipv6:";
  if (text.size() < tag.size()) return false;
  for (std::size_t i = 0; i < tag.size(); ++i) {
    if (text[i] != tag[i] && !(is_letter(text[i]) && (text[i] | 0x20) == tag[i])) return false;
  }
  return true;
}

bool is_mail_domain(std::string_view text, FormatCheck is_host) {
  if (text.starts_with('[') && text.ends_with(']')) {
    const std::string_view inner = text.substr(1, text.size() - 2);
    if (has_ipv6_tag(inner)) return is_ipv6(inner.substr(5));
    return is_ipv4(inner);
  }
  return is_host(text);
}

}  // namespace

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > max_name_bytes) return false;
  return all_labels(text, false, is_ascii_label);
}

bool is_idn_hostname(std::string_view text) {
  if (text.empty()) return false;
  std::size_t length = 0;  // of the name as the DNS carries it, with a dot too many
  return all_labels(text, true, [&](std::string_view label) {
    const bool plain = is_ascii(label);
    const std::size_t bytes = !plain ? a_label_bytes(label) : is_ascii_label(label) ? label.size() : 0;
    length += bytes + 1;
    return bytes != 0 && length <= max_name_bytes + 1;
  });
}

bool is_email(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at > 64 || text.size() > 254) return false;
  return is_local_part(text.substr(0, at), false) && is_mail_domain(text.substr(at + 1), is_hostname);
}

bool is_idn_email(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return false;
  return is_local_part(text.substr(0, at), true) &&
         is_mail_domain(text.substr(at + 1), is_idn_hostname);
}

bool is_ipv4(std::string_view text) {
  int parts = 0;
  return all_labels(text, false, [&](std::string_view part) {
           ++parts;
           if (part.empty() || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return false;
           int value = 0;
           for (char c : part) {
             if (!is_digit(c)) return false;
             value = value * 10 + (c - '0');
           }
           return value <= 255;
         }) &&
         parts == 4;
}

bool is_ipv6(std::string_view text) {
  int groups = 0;
  bool shortened = false;
  if (text.starts_with("::")) {
    shortened = true;
    text.remove_prefix(2);
    if (text.empty()) return true;
  }
  while (true) {
    const auto colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
      if (!is_ipv4(group)) return false;
      groups += 2;
      break;
    }
    if (group.empty() || group.size() > 4) return false;
    for (char c : group) {
      if (!is_hex(c)) return false;
    }
    ++groups;
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
    if (text.starts_with(':')) {
      if (shortened) return false;
      shortened = true;
      text.remove_prefix(1);
      if (text.empty()) break;
    }
  }
  return shortened ? groups < 8 : groups == 8;
}

}  // namespace junctor::schema
