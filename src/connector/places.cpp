#include "connector/places.h"

namespace junctor::connector {
namespace {

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !digit && c != '_' && c != '.' && c != '-' && c != '[' && c != ']') return false;
  }
  return true;
}

Problem wrong(std::string_view text, std::string expected) {
  return {"", 0, "\"" + std::string(text) + "\"", std::move(expected), {}};
}

}  // namespace

Result<std::vector<Piece>> parse_places(std::string_view text) {
  std::vector<Piece> out;
  std::string literal;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '{' || c == '}') && i + 1 < text.size() && text[i + 1] == c) {
      literal += c;
      ++i;
    } else if (c == '{') {
      const auto end = text.find('}', i);
      const std::string_view name = end == std::string_view::npos ? "" : text.substr(i + 1, end - i - 1);
      if (!is_name(name)) return wrong(text, "places such as {id} or {vars.region}; \"{{\" for a brace");
      if (!literal.empty()) out.push_back({false, std::exchange(literal, {})});
      out.push_back({true, std::string(name)});
      i = end;
    } else if (c == '}') {
      return wrong(text, "every \"}\" to close a \"{\"; \"}}\" for a brace");
    } else {
      literal += c;
    }
  }
  if (!literal.empty()) out.push_back({false, std::move(literal)});
  return out;
}

std::vector<std::string> places_of(std::string_view text) {
  std::vector<std::string> out;
  const auto pieces = parse_places(text);
  if (!pieces) return out;
  for (const Piece& piece : pieces.value()) {
    if (piece.is_place) out.push_back(piece.text);
  }
  return out;
}

}  // namespace junctor::connector
