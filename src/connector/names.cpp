#include "connector/names.h"

#include <algorithm>
#include <array>

namespace junctor::connector {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
char upper(char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

constexpr std::array<std::string_view, 20> abbreviations = {
    "api", "http", "https", "id", "url", "uri", "html", "json", "xml", "csv",
    "pdf", "sms",  "sso",   "crm", "hr",  "ip",  "sql",  "ui",   "uuid", "oauth2"};

// A word begins before an upper-case letter that follows a lower-case one or a digit ("get|HTTP"),
// and before the last letter of a run of upper-case ones ("HTTP|Data").
bool starts_word(std::string_view text, std::size_t i) {
  if (i == 0 || !is_upper(text[i])) return false;
  if (is_lower(text[i - 1]) || is_digit(text[i - 1])) return true;
  return is_upper(text[i - 1]) && i + 1 < text.size() && is_lower(text[i + 1]);
}

std::string word_in_name(std::string word) {
  const bool known = std::find(abbreviations.begin(), abbreviations.end(), word) != abbreviations.end();
  for (std::size_t i = 0; i < (known ? word.size() : std::min<std::size_t>(1, word.size())); ++i) {
    word[i] = upper(word[i]);
  }
  return word == "OAUTH2" ? "OAuth2" : word;
}

}  // namespace

std::string to_snake(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] == '-' || text[i] == ' ' ? '_' : text[i];
    const bool at_border = out.empty() || out.back() == '_' || out.back() == '.';
    if (starts_word(text, i) && !at_border) out += '_';
    if (c == '_' && at_border) continue;
    out += lower(c);
  }
  while (out.ends_with('_')) out.pop_back();
  return out;
}

std::string name_from_slug(std::string_view slug) {
  std::string out;
  std::string word;
  const auto flush = [&] {
    if (word.empty()) return;
    if (!out.empty()) out += ' ';
    out += word_in_name(std::move(word));
    word.clear();
  };
  for (const char c : slug) {
    if (c == '_' || c == '-' || c == '.' || c == ' ') flush();
    else word += c;
  }
  flush();
  return out;
}

bool is_slug(std::string_view text, SlugKind kind) {
  constexpr std::size_t longest = 64;
  if (text.empty() || text.size() > longest || !is_lower(text.front())) return false;
  const auto joins = [kind](char c) {
    return c == '_' || (kind == SlugKind::integration && c == '-') || (kind == SlugKind::event && c == '.');
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_lower(text[i]) || is_digit(text[i])) continue;
    if (!joins(text[i]) || i + 1 == text.size() || joins(text[i - 1])) return false;
  }
  return true;
}

std::string_view slug_rule(SlugKind kind) {
  switch (kind) {
    case SlugKind::integration: return "lower-case letters and digits, joined by \"_\" or \"-\", a letter first";
    case SlugKind::event: return "lower-case letters and digits, joined by \"_\" or \".\", a letter first";
    case SlugKind::plain: return "lower-case letters and digits, joined by \"_\", a letter first";
  }
  return "";
}

}  // namespace junctor::connector
