#include "json/schema_format.h"

#include <array>
#include <utility>

#include "json/pattern.h"
#include "json/pointer.h"

namespace junctor::schema {
namespace {

constexpr std::array<bool, 256> make_hex_digits() {
  std::array<bool, 256> digits{};
  for (const char c : std::string_view("0123456789abcdefABCDEF")) digits[static_cast<unsigned char>(c)] = true;
  return digits;
}
constexpr std::array<bool, 256> hex_digits = make_hex_digits();

// Takes "0", or digits without a leading 0, off the front.
bool take_natural(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  if (digits == 0 || (digits > 1 && text[0] == '0')) return false;
  text.remove_prefix(digits);
  return true;
}

}  // namespace

FormatCheck format_check(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, FormatCheck>, 19> formats = {{
      {"date-time", is_date_time},
      {"date", is_date},
      {"time", is_time},
      {"duration", is_duration},
      {"email", is_email},
      {"idn-email", is_idn_email},
      {"hostname", is_hostname},
      {"idn-hostname", is_idn_hostname},
      {"ipv4", is_ipv4},
      {"ipv6", is_ipv6},
      {"uri", is_uri},
      {"uri-reference", is_uri_reference},
      {"iri", is_iri},
      {"iri-reference", is_iri_reference},
      {"uri-template", is_uri_template},
      {"uuid", is_uuid},
      {"json-pointer", is_json_pointer},
      {"relative-json-pointer", is_relative_json_pointer},
      {"regex", is_regex},
  }};
  for (const auto& [known, check] : formats) {
    if (known == name) return check;
  }
  return nullptr;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return false;
  bool all = true;
  const auto judge = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) all &= hex_digits[static_cast<unsigned char>(text[i])];
  };
  judge(0, 8);
  judge(9, 13);
  judge(14, 18);
  judge(19, 23);
  judge(24, 36);
  return all;
}

bool is_json_pointer(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') continue;
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  }
  return true;
}

bool is_relative_json_pointer(std::string_view text) {
  if (!take_natural(text)) return false;
  if (text.starts_with('+') || text.starts_with('-')) {
    text.remove_prefix(1);
    if (!take_natural(text)) return false;
  }
  return text == "#" || is_json_pointer(text);
}

bool is_regex(std::string_view text) { return json::Pattern::is_well_formed(text); }

}  // namespace junctor::schema
