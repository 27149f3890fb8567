#include "auth/expressions.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include "json/serialize.h"
#include "net/http.h"

namespace junctor::auth {
namespace {

using vault::ConnectionError;
using vault::ConnectionFailure;

constexpr std::string_view vars_place = "vars.";

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_')
      return false;
  return text.front() < '0' || text.front() > '9';
}

// "=vars.name" to "name".
std::optional<std::string_view> plain_reference(const ValueSpec& spec) {
  if (!spec.json.is_string()) return std::nullopt;
  std::string_view text = spec.json.as_string();
  if (!text.starts_with("=vars.")) return std::nullopt;
  text.remove_prefix(6);
  return is_name(text) ? std::optional(text) : std::nullopt;
}

std::optional<Secret> text_of(const Json& value) {
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return Secret(std::string_view(value.as_string()));
  if (value.is_number() || value.is_bool()) return Secret(json::to_text(value));
  return std::nullopt;
}

bool is_host_text(std::string_view text) {
  for (const char c : text)
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-' &&
        c != '.' && c != '_')
      return false;
  return !text.empty();
}

Json resolve(const Json& spec, const Json& input, std::string_view purpose) {
  if (spec.is_string()) {
    const std::string_view text = spec.as_string();
    if (text.starts_with("==")) return Json(text.substr(1));
    if (text.starts_with("="))
      return evaluate_expression(std::string(text.substr(1)), input, purpose);
    return spec;
  }
  if (spec.is_array()) {
    JsonArray out;
    for (const Json& item : spec.as_array()) out.push_back(resolve(item, input, purpose));
    return out;
  }
  if (spec.is_object()) {
    JsonObject out;
    for (const auto& [key, value] : spec.as_object()) out[key] = resolve(value, input, purpose);
    return out;
  }
  return spec;
}

[[noreturn]] void missing(std::string_view purpose, const ValueSpec& spec) {
  const auto name = plain_reference(spec);
  throw ConnectionFailure(
      ConnectionError::credentials_invalid,
      name ? fmt::format("the connection has no var \"{}\", which {} needs", *name, purpose)
           : fmt::format("the connection's vars give no value for {}", purpose));
}

}  // namespace

std::optional<Secret> VarsContext::optional_text(const ValueSpec& spec,
                                                 std::string_view purpose) const {
  if (spec.empty()) return std::nullopt;
  std::optional<Secret> out;
  if (const auto name = plain_reference(spec)) {
    if (const auto found = open_.secrets.find(std::string(*name)); found != open_.secrets.end())
      out = found->second.clone();
    else if (const Json* value = open_.connection.vars.if_contains(*name))
      out = text_of(*value);
  } else {
    Json input(JsonObject{{"vars", all_vars()}});
    Json value = resolve(spec.json, input, purpose);
    out = text_of(value);
    wipe(value);
    wipe(input);
  }
  return out && out->empty() ? std::nullopt : std::move(out);
}

Secret VarsContext::text(const ValueSpec& spec, std::string_view purpose) const {
  auto out = optional_text(spec, purpose);
  if (!out) missing(purpose, spec);
  return std::move(*out);
}

JsonObject VarsContext::object(const ValueSpec& spec, std::string_view purpose,
                               const JsonObject& extra) const {
  if (spec.empty()) return {};
  JsonObject input = extra;
  input["vars"] = all_vars();
  Json root(std::move(input));
  Json value = resolve(spec.json, root, purpose);
  wipe(root);
  if (value.is_null()) return {};
  if (!value.is_object())
    throw ConnectionFailure(ConnectionError::credentials_invalid,
                            fmt::format("{} gives no object", purpose));
  return std::move(value.as_object());
}

Json VarsContext::evaluate(const Jsonata& expression, std::string_view purpose,
                           const JsonObject& extra) const {
  JsonObject input = extra;
  input["vars"] = all_vars();
  Json root(std::move(input));
  Json out = evaluate_expression(expression, root, purpose);
  wipe(root);
  return out;
}

std::string VarsContext::url(const Template& pattern, std::string_view purpose) const {
  std::string out;
  std::string_view rest = pattern.text;
  while (!rest.empty()) {
    const char c = rest.front();
    if ((c == '{' || c == '}') && rest.substr(1).starts_with(c)) {
      out.push_back(c);
      rest.remove_prefix(2);
      continue;
    }
    const std::size_t end = c == '{' ? rest.find('}') : std::string_view::npos;
    if (end == std::string_view::npos) {
      out.push_back(c);
      rest.remove_prefix(1);
      continue;
    }
    std::string_view name = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (name.starts_with(vars_place)) name.remove_prefix(vars_place.size());
    const Json* value = open_.connection.vars.if_contains(name);
    const auto found = value != nullptr ? text_of(*value) : std::nullopt;
    if (!found)
      throw ConnectionFailure(
          ConnectionError::credentials_invalid,
          fmt::format("the connection has no var \"{}\", which {} needs", name, purpose));
    const std::string text(found->reveal());
    const std::size_t authority = out.find("://");
    const bool in_path = authority != std::string::npos &&
                         out.find_first_of("/?#", authority + 3) != std::string::npos;
    if (in_path) {
      out += percent_encode(text);
    } else if (out.empty()) {
      out += text.ends_with('/') && rest.starts_with('/') ? text.substr(0, text.size() - 1) : text;
    } else if (is_host_text(text)) {
      out += text;
    } else {
      throw ConnectionFailure(ConnectionError::credentials_invalid,
                              fmt::format("the var \"{}\" stands in a host name and may hold only "
                                          "letters, digits, \"-\", \"_\" and \".\"",
                                          name));
    }
  }
  return out;
}

JsonObject VarsContext::all_vars() const {
  JsonObject out = open_.connection.vars;
  for (const auto& [name, secret] : open_.secrets) out[name] = secret.reveal();
  return out;
}

void wipe(Json& value) {
  if (value.is_string()) {
    JsonString& text = value.as_string();
    OPENSSL_cleanse(text.data(), text.size());
  } else if (value.is_array()) {
    for (Json& item : value.as_array()) wipe(item);
  } else if (value.is_object()) {
    for (auto& member : value.as_object()) wipe(member.value());
  }
  value = nullptr;
}

}  // namespace junctor::auth
