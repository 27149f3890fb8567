#include "connector/secret_values.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <functional>

#include "base/crypto.h"
#include "connector/redaction.h"
#include "connector/secret_forms.h"
#include "json/parse.h"
#include "json/serialize.h"

namespace junctor::connector {
namespace {

// What is looked for in a value, and how.
struct Search {
  std::vector<std::string_view> values;
  bool within_numbers;

  bool finds(std::string_view text) const {
    return std::any_of(values.begin(), values.end(), [&](std::string_view one) { return text.find(one) != text.npos; });
  }

  bool finds_number(const Json& number) const {
    const std::string text = json::to_text(number);
    return within_numbers ? finds(text) : std::find(values.begin(), values.end(), text) != values.end();
  }

  std::string without(std::string text) const {
    for (const std::string_view one : values) cut(text, one);
    return text;
  }
};

std::string_view view(const JsonString& text) { return {text.data(), text.size()}; }

// A file within JSON.
bool found_in_base64(const Search& search, std::string_view name, const Json& value) {
  if (name != "base64" || !value.is_string()) return false;
  const auto file = crypto::from_base64(view(value.get_string()));
  return file && search.finds(*file);
}

// In a text of the value, in a name, or in a file.
bool found(const Search& search, const Json& value) {
  if (const auto* text = value.if_string()) return search.finds(view(*text));
  if (value.is_number()) return search.finds_number(value);
  if (const auto* list = value.if_array())
    return std::any_of(list->begin(), list->end(), [&](const Json& one) { return found(search, one); });
  const auto* object = value.if_object();
  return object != nullptr && std::any_of(object->begin(), object->end(), [&](const auto& member) {
           return search.finds(member.key()) || found(search, member.value()) || found_in_base64(search, member.key(), member.value());
         });
}

Json cut_out(const Search& search, Json value) {
  if (const auto* text = value.if_string()) return Json(JsonString(search.without(std::string(view(*text)))));
  if (value.is_number()) return search.finds_number(value) ? Json(redacted) : value;
  if (auto* list = value.if_array())
    for (Json& one : *list) one = cut_out(search, std::move(one));
  if (!value.is_object()) return value;
  JsonObject out;
  for (auto& member : value.get_object()) out[search.without(std::string(member.key()))] = cut_out(search, std::move(member.value()));
  return out;
}

Json without_found(const Search& search, Json value) {
  return !search.values.empty() && found(search, value) ? cut_out(search, std::move(value)) : value;
}

// A secret may begin with another, which would leave the rest of it behind.
std::vector<std::string_view> longest_first(std::vector<std::string_view> values) {
  std::stable_sort(values.begin(), values.end(), [](auto one, auto other) { return one.size() > other.size(); });
  return values;
}

}  // namespace

void SecretValues::add(std::string_view secret, SecretKind kind) {
  if (secret.size() < shortest_secret) return;
  auto& values = kind == SecretKind::credential ? credentials_ : kind == SecretKind::authorization ? authorizations_ : sent_;
  const auto is_secret = [&](const Secret& value) { return value.reveal() == secret; };
  if (std::any_of(values.begin(), values.end(), is_secret)) return;
  values.emplace_back(secret);
  each_other_form(secret, [&](std::string_view form) { values.emplace_back(form); });
  if (values.size() > most) values.erase(values.begin(), values.end() - most);
}

bool SecretValues::are_in(const Json& value) const { return found({of_all(), true}, value); }

std::string SecretValues::without(std::string text) const { return Search{of_all(), true}.without(std::move(text)); }

Json SecretValues::without(Json value) const { return without_found({of_all(), true}, std::move(value)); }

std::string SecretValues::body_without(std::string body) const {
  const auto parsed = json::parse(body);
  if (parsed && are_in(parsed.value())) return json::to_text(without(parsed.value()));
  return without(std::move(body));
}

Json SecretValues::without_credentials(Json value) const { return without_found({credentials(), false}, std::move(value)); }

std::vector<std::string_view> SecretValues::credentials() const& {
  std::vector<std::string_view> out;
  for (const auto* list : {&credentials_, &authorizations_})
    for (const Secret& one : *list)
      if (one.reveal().size() >= shortest_in_data) out.push_back(one.reveal());
  return longest_first(std::move(out));
}

std::vector<std::string_view> SecretValues::of_all() const {
  std::vector<std::string_view> out;
  for (const auto* list : {&credentials_, &authorizations_, &sent_})
    for (const Secret& one : *list) out.push_back(one.reveal());
  return longest_first(std::move(out));
}

}  // namespace junctor::connector
