#include "json/pointer.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <charconv>

namespace junctor::json {
namespace {

std::optional<std::size_t> array_index(std::string_view token) {
  if (token.empty() || (token.size() > 1 && token[0] == '0')) return std::nullopt;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return index;
}

const Json* step(const Json& value, const std::string& token) {
  if (value.is_object()) return value.get_object().if_contains(token);
  if (!value.is_array()) return nullptr;
  const auto index = array_index(token);
  return index ? value.get_array().if_contains(*index) : nullptr;
}

// The place a token names inside a container, made when missing; nullptr when it cannot be.
Json* place(Json& value, const std::string& token) {
  if (value.is_object()) return &value.get_object()[token];
  if (!value.is_array()) return nullptr;
  JsonArray& items = value.get_array();
  const auto index = token == "-" ? std::optional(items.size()) : array_index(token);
  if (!index || *index > items.size()) return nullptr;
  if (*index == items.size()) items.emplace_back(nullptr);
  return &items[*index];
}

Problem not_settable(std::string_view pointer, std::string found, std::string expected) {
  Problem problem;
  problem.path = std::string(pointer);
  problem.found = std::move(found);
  problem.expected = std::move(expected);
  return problem;
}

bool is_plain_name(std::string_view name) {
  if (name.empty()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
    if (!letter && (i == 0 || ((c < '0' || c > '9') && c != '-'))) return false;
  }
  return true;
}

}  // namespace

void append_pointer_token(std::string& pointer, std::string_view token) {
  pointer.push_back('/');
  for (char c : token) {
    if (c == '~') {
      pointer.append("~0");
    } else if (c == '/') {
      pointer.append("~1");
    } else {
      pointer.push_back(c);
    }
  }
}

std::optional<std::vector<std::string>> parse_pointer(std::string_view pointer) {
  std::vector<std::string> tokens;
  if (pointer.empty()) return tokens;
  if (pointer[0] != '/') return std::nullopt;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    const char c = pointer[i];
    if (c == '/') {
      tokens.emplace_back();
    } else if (c != '~') {
      tokens.back().push_back(c);
    } else {
      if (++i == pointer.size() || (pointer[i] != '0' && pointer[i] != '1')) return std::nullopt;
      tokens.back().push_back(pointer[i] == '0' ? '~' : '/');
    }
  }
  return tokens;
}

const Json* find_pointer(const Json& document, std::string_view pointer) {
  const auto tokens = parse_pointer(pointer);
  if (!tokens) return nullptr;
  const Json* at = &document;
  for (const auto& token : *tokens) {
    at = step(*at, token);
    if (at == nullptr) return nullptr;
  }
  return at;
}

Json* find_pointer(Json& document, std::string_view pointer) {
  return const_cast<Json*>(find_pointer(static_cast<const Json&>(document), pointer));
}

Result<Json*> set_pointer(Json& document, std::string_view pointer, Json value) {
  const auto tokens = parse_pointer(pointer);
  if (!tokens) {
    return not_settable(pointer, "a text that is no JSON Pointer", "\"\" or a text starting with '/'");
  }
  Json* at = &document;
  for (const auto& token : *tokens) {
    if (at->is_null()) at->emplace_object();
    at = place(*at, token);
    if (at == nullptr) {
      return not_settable(pointer, "nowhere to put '" + token + "'",
                          "an object, or an array with that index or the next");
    }
  }
  *at = std::move(value);
  return at;
}

bool remove_pointer(Json& document, std::string_view pointer) {
  auto tokens = parse_pointer(pointer);
  if (!tokens || tokens->empty()) return false;
  const std::string last = std::move(tokens->back());
  tokens->pop_back();
  const Json* at = &document;
  for (const auto& token : *tokens) {
    at = step(*at, token);
    if (at == nullptr) return false;
  }
  Json* parent = const_cast<Json*>(at);
  if (parent->is_object()) {
    JsonObject& members = parent->get_object();
    return members.stable_erase(last) != 0;
  }
  if (!parent->is_array()) return false;
  JsonArray& items = parent->get_array();
  const auto index = array_index(last);
  if (!index || *index >= items.size()) return false;
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(*index));
  return true;
}

std::string path_of_pointer(std::string_view pointer) {
  const auto tokens = parse_pointer(pointer);
  if (!tokens) return std::string(pointer);
  if (tokens->empty()) return "$";
  std::string path;
  for (const auto& token : *tokens) {
    if (array_index(token)) {
      path.append("[").append(token).append("]");
    } else if (is_plain_name(token)) {
      if (!path.empty()) path.push_back('.');
      path.append(token);
    } else {
      path.append("['").append(token).append("']");
    }
  }
  return path;
}

}  // namespace junctor::json
