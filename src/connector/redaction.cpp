#include "connector/redaction.h"

#include <algorithm>
#include <array>
#include <boost/json/value.hpp>

#include "base/text.h"
#include "json/parse.h"
#include "json/serialize.h"

namespace junctor::connector {
namespace {

constexpr std::array<std::string_view, 9> secret_headers = {
    "authorization", "proxy-authorization", "cookie",      "set-cookie",  "x-api-key",
    "api-key",       "x-auth-token",        "x-csrf-token", "x-access-token"};

constexpr std::array<std::string_view, 14> secret_names = {
    "password", "passwd",        "secret",       "client_secret", "access_token", "refresh_token", "id_token",
    "api_key",  "apikey",        "private_key",  "assertion",     "client_assertion", "authorization", "code_verifier"};

std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '-') out += '_';
    else out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

bool means_secret(std::string_view name) {
  const std::string word = plain(name);
  if (std::find(secret_names.begin(), secret_names.end(), word) != secret_names.end()) return true;
  return word == "token" || word.ends_with("_token") || word.ends_with("_secret") || word.ends_with("password");
}

bool in_list(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [name](const std::string& one) { return equal_ignoring_case(one, name); });
}

std::vector<std::string> split_pointer(std::string_view pointer) {
  std::vector<std::string> out;
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    out.emplace_back(pointer.substr(0, pointer.find('/')));
    pointer.remove_prefix(out.back().size());
  }
  return out;
}

void redact_place(Json& json, const std::vector<std::string>& place, std::size_t depth) {
  if (depth == place.size()) {
    json = redacted;
    return;
  }
  const std::string& step = place[depth];
  if (auto* object = json.if_object()) {
    for (auto& member : *object) {
      if (step == "*" || member.key() == step) redact_place(member.value(), place, depth + 1);
    }
  } else if (auto* list = json.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (step == "*" || step == std::to_string(i)) redact_place((*list)[i], place, depth + 1);
    }
  }
}

void redact_names(Json& json, int depth) {
  if (depth == 0) return;
  if (auto* object = json.if_object()) {
    for (auto& member : *object) {
      if (means_secret(member.key()) && !member.value().is_null()) member.value() = redacted;
      else redact_names(member.value(), depth - 1);
    }
  } else if (auto* list = json.if_array()) {
    for (Json& item : *list) redact_names(item, depth - 1);
  }
}

// The steps of a form's name: card[number] is /card/number, as a form is written from nested members.
std::vector<std::string> form_place(std::string_view name) {
  std::vector<std::string> out;
  auto open = name.find('[');
  out.emplace_back(name.substr(0, open));
  while (open != std::string_view::npos) {
    const auto close = name.find(']', open);
    if (close == std::string_view::npos) return {std::string(name)};
    out.emplace_back(name.substr(open + 1, close - open - 1));
    open = close + 1 < name.size() && name[close + 1] == '[' ? close + 1 : std::string_view::npos;
  }
  return out;
}

// Whether the place stands at or below the declared one. "[]" is any item of a list.
bool is_under(const std::vector<std::string>& place, const std::vector<std::string>& declared) {
  if (place.size() < declared.size()) return false;
  for (std::size_t i = 0; i < declared.size(); ++i)
    if (declared[i] != "*" && declared[i] != place[i] && !place[i].empty()) return false;
  return true;
}

std::string left_out(std::size_t size) { return "[" + std::to_string(size) + " bytes]"; }

}  // namespace

Redaction::Redaction(const std::vector<RedactSpec>& declared) {
  for (const RedactSpec& spec : declared) {
    headers_.insert(headers_.end(), spec.headers.begin(), spec.headers.end());
    query_.insert(query_.end(), spec.query.begin(), spec.query.end());
    for (const std::string& pointer : spec.body) places_.push_back(split_pointer(pointer));
  }
}

Redaction Redaction::with(const std::vector<std::string>& headers, const std::vector<std::string>& query) const {
  Redaction out = *this;
  out.headers_.insert(out.headers_.end(), headers.begin(), headers.end());
  out.query_.insert(out.query_.end(), query.begin(), query.end());
  return out;
}

bool Redaction::hides_header(std::string_view name) const {
  return in_list(headers_, name) || means_secret(name) ||
         std::any_of(secret_headers.begin(), secret_headers.end(),
                     [name](std::string_view one) { return equal_ignoring_case(one, name); });
}

bool Redaction::hides_query(std::string_view name) const { return in_list(query_, name) || means_secret(name); }

std::string Redaction::url(std::string_view url) const {
  const auto question = url.find('?');
  if (question == std::string_view::npos) return as_utf8(std::string(url));
  auto parameters = parse_query(url.substr(question + 1));
  bool changed = false;
  for (Parameter& parameter : parameters) {
    if (!hides_query(parameter.name)) continue;
    parameter.value = redacted;
    changed = true;
  }
  if (!changed) return as_utf8(std::string(url));
  return as_utf8(std::string(url.substr(0, question + 1))) + to_query(parameters);
}

std::vector<std::pair<std::string, std::string>> Redaction::headers(const std::vector<ClientHeader>& headers) const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const ClientHeader& header : headers) {
    const auto* text = std::get_if<std::string>(&header.value);
    const bool hidden = text == nullptr || hides_header(header.name);
    out.emplace_back(as_utf8(header.name), hidden ? std::string(redacted) : as_utf8(*text));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> Redaction::headers(const Headers& headers) const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Header& header : headers) out.emplace_back(as_utf8(header.name), as_utf8(header_value(header)));
  return out;
}

std::string Redaction::header_value(const Header& header) const {
  if (hides_header(header.name)) return std::string(redacted);
  if (equal_ignoring_case(header.name, "Location") || equal_ignoring_case(header.name, "Content-Location"))
    return url(header.value);
  if (equal_ignoring_case(header.name, "Link")) return links(header.value);
  return header.value;
}

std::string Redaction::links(std::string_view value) const {
  std::string out;
  while (true) {
    const auto open = value.find('<');
    const auto close = value.find('>', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    out.append(value.substr(0, open + 1)).append(url(value.substr(open + 1, close - open - 1)));
    value.remove_prefix(close);
  }
  return out.append(value);
}

void Redaction::redact(Json& json) const {
  constexpr int deepest = 64;
  for (const auto& place : places_) redact_place(json, place, 0);
  redact_names(json, deepest);
}

std::string Redaction::form(std::string_view body) const {
  auto parameters = parse_query(body);
  bool changed = false;
  for (Parameter& parameter : parameters) {
    const auto place = form_place(parameter.name);
    const bool declared = std::any_of(places_.begin(), places_.end(),
                                      [&](const auto& one) { return is_under(place, one); });
    const bool named = std::any_of(place.begin(), place.end(), means_secret);
    if (!declared && !named && !hides_query(parameter.name)) continue;
    parameter.value = redacted;
    changed = true;
  }
  return changed ? to_query(parameters) : std::string(body);
}

std::string Redaction::body(std::string_view body, std::string_view content_type, std::size_t most) const {
  if (body.empty()) return {};
  if (body.size() > searchable_bytes) return left_out(body.size());
  if (auto parsed = json::parse(body)) {
    redact(parsed.value());
    return shortened(json::to_text(parsed.value()), most);
  }
  if (content_type.find("form-urlencoded") != std::string_view::npos) {
    return shortened(as_utf8(form(body)), most);
  }
  const bool text = content_type.starts_with("text/") || content_type.find("xml") != std::string_view::npos;
  return text ? shortened(as_utf8(std::string(body)), most) : left_out(body.size());
}

}  // namespace junctor::connector
