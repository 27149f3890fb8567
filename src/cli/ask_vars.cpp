#include "cli/ask_vars.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <iostream>

#include "cli/terminal.h"
#include "json/serialize.h"
#include "vault/field_value.h"

namespace junctor::cli {
namespace {

using vault::FieldDeclaration;

bool is_visible(const FieldDeclaration& field, const JsonObject& vars) {
  if (!field.visible_when) return true;
  const Json* other = vars.if_contains(field.visible_when->field);
  return other != nullptr && *other == field.visible_when->equals;
}

std::string question(const FieldDeclaration& field) {
  std::string out = field.label.empty() ? field.key : field.label;
  if (!field.help.empty()) out += " (" + field.help + ")";
  for (std::size_t i = 0; i < field.options.size(); ++i) {
    const auto& [label, value] = field.options[i];
    out += (i == 0 ? " one of " : ", ") + json::to_text(value);
    if (!label.empty() && Json(label) != value) out += " " + label;
  }
  if (!field.placeholder.empty()) out += ", such as " + field.placeholder;
  if (field.default_value) out += " [" + json::to_text(*field.default_value) + "]";
  return out + (field.required ? ": " : ", may stay empty: ");
}

// Choices that an action fetched are an offer: what is not among them is kept as it was typed.
FieldDeclaration for_judging(FieldDeclaration field, const std::string& text) {
  const bool offered = std::any_of(field.options.begin(), field.options.end(), [&](const vault::FieldOption& option) {
    return option.value == Json(JsonString(text)) || json::to_text(option.value) == text;
  });
  if (!field.options_action.empty() && !offered) field.options.clear();
  return field;
}

// false: it does not fit, and was told.
bool take(JsonObject& vars, const FieldDeclaration& field, std::string_view text) {
  if (text.empty()) {
    if (field.default_value && !field.is_secret()) vars[field.key] = *field.default_value;
    return true;
  }
  const std::string typed(text);
  auto judged = vault::judge_value(for_judging(field, typed), Json(JsonString(typed)));
  if (judged) {
    vars[field.key] = std::move(judged).value();
    return true;
  }
  const Problem& fault = judged.problems().front();
  std::cerr << "found " << fault.found << ", expected " << fault.expected << '\n';
  return false;
}

}  // namespace

JsonObject ask_vars(vault::FieldDeclarations fields, vault::FieldPhase phase, JsonObject vars, const OptionsSource& options) {
  std::stable_sort(fields.begin(), fields.end(), [](const auto& a, const auto& b) { return a.order < b.order; });
  for (FieldDeclaration& field : fields) {
    if (field.phase != phase || field.hidden || !is_visible(field, vars)) continue;
    if (!field.options_action.empty() && field.options.empty()) field.options = options(field, vars);
    for (bool done = false; !done;) {
      if (field.is_secret()) {
        const Secret secret = ask_secret(question(field));
        done = take(vars, field, secret.reveal());
      } else {
        done = take(vars, field, ask(question(field)));
      }
    }
  }
  return vars;
}

}  // namespace junctor::cli
