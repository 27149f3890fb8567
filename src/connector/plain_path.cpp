#include "connector/plain_path.h"

#include <algorithm>
#include <array>

namespace junctor::connector {
namespace {

// Words that are no names where a name could stand.
constexpr std::array<std::string_view, 6> words = {"and", "or", "in", "true", "false", "null"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The name at the beginning of text, which loses it; nullopt where none stands.
std::optional<std::string> take_name(std::string_view& text) {
  if (text.starts_with('`')) {
    const auto end = text.find('`', 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string name(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    return name;
  }
  std::size_t size = 0;
  while (size < text.size() && (is_letter(text[size]) || (size > 0 && is_digit(text[size])))) ++size;
  const std::string_view name = text.substr(0, size);
  if (name.empty() || std::find(words.begin(), words.end(), name) != words.end()) return std::nullopt;
  text.remove_prefix(size);
  return std::string(name);
}

using Places = std::vector<const Json*>;

void add_member(const Json& value, const std::string& name, Places& found) {
  const auto* object = value.if_object();
  const Json* member = object == nullptr ? nullptr : object->if_contains(name);
  if (member != nullptr) found.push_back(member);
}

// The places with lists replaced by their items; false where an item is a list itself.
bool spread(Places& places) {
  Places out;
  for (const Json* place : places) {
    const auto* list = place->if_array();
    if (list == nullptr) out.push_back(place);
    else for (const Json& item : *list) {
      if (item.is_array()) return false;
      out.push_back(&item);
    }
  }
  places = std::move(out);
  return true;
}

}  // namespace

std::optional<PlainPath> PlainPath::of(std::string_view text) {
  std::vector<std::string> names;
  while (true) {
    auto name = take_name(text);
    if (!name) return std::nullopt;
    names.push_back(*std::move(name));
    if (text.empty()) return PlainPath(std::move(names));
    if (!text.starts_with('.')) return std::nullopt;
    text.remove_prefix(1);
  }
}

std::optional<PlainPath::Answer> PlainPath::read(const Json& root) const {
  if (!root.is_object()) return std::nullopt;
  Places places = {&root};
  for (const std::string& name : names_) {
    if (!spread(places)) return std::nullopt;
    Places found;
    for (const Json* place : places) add_member(*place, name, found);
    places = std::move(found);
  }
  if (places.size() == 1) return Answer{*places.front()};  // a list as it stands, empty or of one too
  if (!spread(places)) return std::nullopt;
  if (places.empty()) return Answer{};
  if (places.size() == 1) return Answer{*places.front()};
  JsonArray list;
  for (const Json* place : places) list.push_back(*place);
  return Answer{std::move(list)};
}

}  // namespace junctor::connector
