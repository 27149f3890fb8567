#include "vault/field_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/url/parse.hpp>
#include <cmath>

#include "json/parse.h"
#include "json/pattern.h"
#include "json/schema_format.h"
#include "json/serialize.h"

namespace junctor::vault {
namespace {

constexpr std::size_t most_var_bytes = 64 * 1024;

std::string_view view(const JsonString& text) { return {text.data(), text.size()}; }

bool is_text(FieldKind kind) {
  switch (kind) {
    case FieldKind::text:
    case FieldKind::password:
    case FieldKind::textarea:
    case FieldKind::url:
    case FieldKind::email:
    case FieldKind::date:
      return true;
    default:
      return false;
  }
}

// What stands there, without telling a secret.
std::string shown(const FieldDeclaration& field, const Json& value) {
  if (field.is_secret()) return "a value that does not fit";
  const std::string text = json::to_text(value);
  return text.size() <= 80 ? text : json::to_text(value).substr(0, 80) + "…";
}

std::optional<Json> as_number(const Json& value) {
  if (value.is_string()) {
    const auto parsed = json::parse(view(value.as_string()));
    return parsed && parsed.value().is_number() ? as_number(parsed.value()) : std::nullopt;
  }
  if (!value.is_number() || !std::isfinite(value.to_number<double>())) return std::nullopt;
  return value;
}

std::optional<Json> as_boolean(const Json& value) {
  if (value.is_bool()) return value;
  if (value.is_string() && view(value.as_string()) == "true") return Json(true);
  if (value.is_string() && view(value.as_string()) == "false") return Json(false);
  return std::nullopt;
}

std::optional<Json> as_json(const Json& value) {
  if (!value.is_string()) return value;
  auto parsed =
      json::parse(view(value.as_string()), {.max_depth = 64, .max_bytes = most_var_bytes});
  return parsed ? std::optional(std::move(parsed).value()) : std::nullopt;
}

bool is_url(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  return url && (url->scheme() == "https" || url->scheme() == "http") && !url->host().empty() &&
         !url->has_userinfo();
}

std::optional<Json> as_option(const FieldDeclaration& field, const Json& value) {
  if (!field.options_action.empty() && field.options.empty())
    return value.is_primitive() && !value.is_null() ? std::optional(value) : std::nullopt;
  for (const FieldOption& option : field.options) {
    if (option.value == value) return value;
    if (value.is_string() && !option.value.is_string() &&
        json::to_text(option.value) == view(value.as_string()))
      return option.value;
  }
  return std::nullopt;
}

// A list, or its JSON as a terminal gives it.
std::optional<Json> as_options(const FieldDeclaration& field, const Json& value) {
  const auto given = as_json(value);
  if (!given || !given->is_array()) return std::nullopt;
  JsonArray out;
  for (const Json& one : given->get_array()) {
    auto fit = as_option(field, one);
    if (!fit) return std::nullopt;
    out.push_back(std::move(*fit));
  }
  return out;
}

std::optional<Json> as_text(FieldKind kind, const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = view(value.as_string());
  // An empty text is what a form sends for a field left alone.
  if (text.empty()) return value;
  if (kind == FieldKind::url && !is_url(text)) return std::nullopt;
  if (kind == FieldKind::email && !schema::is_email(text)) return std::nullopt;
  if (kind == FieldKind::date && !schema::is_date(text)) return std::nullopt;
  return value;
}

std::optional<Json> fitted(const FieldDeclaration& field, const Json& value) {
  switch (field.kind) {
    case FieldKind::number:
      return as_number(value);
    case FieldKind::boolean:
      return as_boolean(value);
    case FieldKind::json:
      return as_json(value);
    case FieldKind::select:
      return as_option(field, value);
    case FieldKind::multiselect:
      return as_options(field, value);
    default:
      return as_text(field.kind, value);
  }
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool within(const FieldDeclaration& field, double size) {
  return (!field.min || size >= *field.min) && (!field.max || size <= *field.max);
}

bool matches(const FieldDeclaration& field, std::string_view text) {
  if (field.pattern.empty()) return true;
  const auto pattern = json::Pattern::compile(field.pattern);
  json::PatternScratch scratch;
  return pattern && pattern.value().match(text, scratch) == json::Pattern::Outcome::matches;
}

bool is_bounded(const FieldDeclaration& field, const Json& value) {
  if (field.kind == FieldKind::number) return within(field, value.to_number<double>());
  if (!value.is_string() || value.as_string().empty()) return true;
  const std::string_view text = view(value.as_string());
  if (!is_text(field.kind)) return true;
  return within(field, static_cast<double>(characters(text))) && matches(field, text);
}

std::string choices(const FieldDeclaration& field) {
  std::string out;
  for (const FieldOption& option : field.options) out += " " + json::to_text(option.value);
  return out.empty() ? " the values that its action gives" : out;
}

std::string noun(const FieldDeclaration& field) {
  switch (field.kind) {
    case FieldKind::number: return "a number";
    case FieldKind::boolean: return "true or false";
    case FieldKind::json: return "JSON";
    case FieldKind::url: return "a URL with https:// or http:// and no user name in it";
    case FieldKind::email: return "an email address";
    case FieldKind::date: return "a date such as 2026-01-31";
    case FieldKind::select: return "one of" + choices(field);
    case FieldKind::multiselect: return "a list of" + choices(field);
    default: return "text";
  }
}

std::string bounds(const FieldDeclaration& field) {
  const char* unit = field.kind == FieldKind::number ? "" : " characters";
  if (field.min && field.max)
    return fmt::format(" of {} to {}{}", *field.min, *field.max, unit);
  if (field.min) return fmt::format(" of at least {}{}", *field.min, unit);
  if (field.max) return fmt::format(" of at most {}{}", *field.max, unit);
  return {};
}

}  // namespace

std::string expectation(const FieldDeclaration& field) {
  std::string out = noun(field);
  if (field.kind == FieldKind::number || is_text(field.kind)) out += bounds(field);
  if (!field.pattern.empty() && is_text(field.kind)) out += " that matches " + field.pattern;
  return out;
}

Result<Json> judge_value(const FieldDeclaration& field, const Json& value) {
  auto fit = fitted(field, value);
  if (!fit || !is_bounded(field, *fit)) return Problem{"", 0, shown(field, value), expectation(field), {}};
  if (json::to_text(*fit).size() > most_var_bytes)
    return Problem{"", 0, "a value that is too long", fmt::format("at most {} bytes", most_var_bytes), {}};
  if (!field.schema) return std::move(*fit);
  const auto errors = field.schema->validate(*fit, {.max_errors = 1});
  if (errors.empty()) return std::move(*fit);
  const Problem first = to_problem(errors.front());
  return Problem{"", 0, shown(field, value),
                 "what its schema asks for" + (first.path.empty() ? "" : " at " + first.path) + ": " +
                     (field.is_secret() ? errors.front().keyword : errors.front().message), {}};
}

}  // namespace junctor::vault
