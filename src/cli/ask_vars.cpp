#include "cli/ask_vars.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <iostream>

#include "cli/terminal.h"
#include "cli/text_file.h"
#include "json/serialize.h"

namespace junctor::cli {
namespace {

using vault::FieldDeclaration;
using vault::FieldDeclarations;
using vault::FieldKind;

constexpr std::size_t most_file_bytes = 64 * 1024;

bool has_lines(const FieldDeclaration& field) { return field.kind == FieldKind::textarea || field.kind == FieldKind::json; }

std::string question(const FieldDeclaration& field) {
  std::string out = field.label.empty() ? field.key : field.label;
  if (!field.help.empty()) out += " (" + field.help + ")";
  for (std::size_t i = 0; i < field.options.size(); ++i) {
    const auto& [label, value] = field.options[i];
    out += (i == 0 ? " one of " : ", ") + json::to_text(value);
    if (!label.empty() && Json(label) != value) out += " " + label;
  }
  if (!field.placeholder.empty()) out += ", such as " + field.placeholder;
  if (has_lines(field)) out += ", ended by an empty line or one that begins with -----END, or @FILE";
  if (field.default_value && !field.is_secret()) out += " [" + json::to_text(*field.default_value) + "]";
  return out + (field.required ? ": " : ", may stay empty: ");
}

// Choices that an action fetched are an offer: what is not among them is kept as it was typed. What shows the
// field was judged before it was asked for.
FieldDeclaration for_judging(FieldDeclaration field, const std::string& text) {
  const bool offered = std::any_of(field.options.begin(), field.options.end(), [&](const vault::FieldOption& option) {
    return option.value == Json(JsonString(text)) || json::to_text(option.value) == text;
  });
  if (!field.options_action.empty() && !offered) field.options.clear();
  field.visible_when.reset();
  return field;
}

void tell(const Problem& fault) { std::cerr << "found " << fault.found << ", expected " << fault.expected << '\n'; }

// false: a value is needed, and that was told.
bool take_nothing(JsonObject& vars, const FieldDeclaration& field) {
  if (field.default_value && !field.is_secret()) vars[field.key] = *field.default_value;
  else if (field.required) tell({"", 0, "nothing", "a value; this var is required", {}});
  return !field.required || vars.contains(field.key);
}

// false: it does not fit, and was told.
bool take(JsonObject& vars, const FieldDeclaration& field, std::string_view text) {
  if (text.empty()) return take_nothing(vars, field);
  const std::string typed(text);
  const auto judged = vault::check_vars({for_judging(field, typed)}, {{field.key, JsonString(typed)}}, {}, {},
                                        vault::Completeness::as_far_as_given);
  if (!judged) {
    tell(judged.problems().front());
    return false;
  }
  const Json* open = judged.value().open.if_contains(field.key);
  vars[field.key] = open != nullptr ? *open : Json(JsonString(typed));
  return true;
}

// What an editor puts at the end of a file is not part of the value.
std::string_view without_last_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

bool take_file(JsonObject& vars, const FieldDeclaration& field, const std::string& name) {
  try {
    const Secret text = read_text(name, most_file_bytes);
    return take(vars, field, without_last_newline(text.reveal()));
  } catch (const Failure& failure) {
    std::cerr << failure.message() << '\n';
    return false;
  }
}

bool ask_for(JsonObject& vars, const FieldDeclaration& field) {
  const Echo echo = field.is_secret() ? Echo::off : Echo::on;
  const auto answer = has_lines(field) ? ask_lines(question(field), echo) : ask_line(question(field), echo);
  if (!answer) {
    tell(answer.problems().front());
    return false;
  }
  const std::string_view text = answer.value().reveal();
  if (has_lines(field) && text.starts_with('@')) return take_file(vars, field, std::string(text.substr(1)));
  return take(vars, field, text);
}

// By their order, but none before the field that shows it.
FieldDeclarations in_order(FieldDeclarations fields) {
  std::stable_sort(fields.begin(), fields.end(), [](const auto& a, const auto& b) { return a.order < b.order; });
  FieldDeclarations out;
  while (!fields.empty()) {
    const auto waits = [&](const FieldDeclaration& field) {
      return field.visible_when && std::any_of(fields.begin(), fields.end(), [&](const FieldDeclaration& other) {
               return other.key == field.visible_when->field;
             });
    };
    auto next = std::find_if_not(fields.begin(), fields.end(), waits);
    // Fields that show each other are never visible.
    if (next == fields.end()) next = fields.begin();
    out.push_back(std::move(*next));
    fields.erase(next);
  }
  return out;
}

// What a condition may hang on.
JsonObject open_vars(const FieldDeclarations& fields, JsonObject vars) {
  for (const FieldDeclaration& field : fields)
    if (field.is_secret()) vars.erase(field.key);
  return vars;
}

}  // namespace

JsonObject ask_vars(const FieldDeclarations& fields, vault::FieldPhase phase, JsonObject vars, const OptionsSource& options) {
  for (FieldDeclaration& field : in_order(fields)) {
    if (field.phase != phase || field.hidden || !vault::is_visible(fields, field, open_vars(fields, vars))) continue;
    if (!field.options_action.empty() && field.options.empty()) field.options = options(field, vars);
    while (!ask_for(vars, field)) {
    }
  }
  return vars;
}

}  // namespace junctor::cli
