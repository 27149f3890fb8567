#include <algorithm>
#include <set>

#include "connector/checks.h"

namespace junctor::connector {
namespace {

bool is_identifier(std::string_view key) {
  if (key.empty() || (key[0] >= '0' && key[0] <= '9')) return false;
  return std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool fits(FieldWidget type, const Json& value) {
  switch (type) {
    case FieldWidget::number: return value.is_number();
    case FieldWidget::boolean: return value.is_bool();
    case FieldWidget::multiselect: return value.is_array();
    case FieldWidget::json:
    case FieldWidget::select: return true;
    default: return value.is_string();
  }
}

void check_value(const Field& field, const std::string& at, Findings& out) {
  if (!field.default_.is_null() && !fits(field.type, field.default_)) {
    out.problem(join(at, "default"), "a value of another type", "a value that fits the field's type");
  }
  const bool options_given = !field.options.empty() && !field.default_.is_null();
  if (options_given && field.type == FieldWidget::select) {
    const bool known = std::any_of(field.options.begin(), field.options.end(),
                                   [&](const Option& option) { return option.value == field.default_; });
    if (!known) out.problem(join(at, "default"), "a value that is no option", "the value of one of the options");
  }
  if (field.is_secret() && !field.default_.is_null()) {
    out.problem(join(at, "default"), "a secret in the definition", "no default: secrets belong to connections");
  }
  if (field.min && field.max && *field.min > *field.max) {
    out.problem(join(at, "min"), "a minimum above the maximum", "min ≤ max");
  }
}

void check_options(const Integration& integration, const Field& field, const std::string& at, Findings& out) {
  const bool choice = field.type == FieldWidget::select || field.type == FieldWidget::multiselect;
  if (choice && field.options.empty() && !field.options_from) {
    out.problem(join(at, "options"), "none", "`options`, or `options_from` an action");
  }
  if (!field.options_from) return;
  const std::string& action = field.options_from->action;
  const Action* found = integration.find_action(action);
  if (found == nullptr) {
    out.problem(join(at, "options_from.action"), "\"" + action + "\"",
                expected_one_of("an action", action, slugs_of(integration.actions)));
    return;
  }
  const bool anonymous = integration.auth.empty() || (found->api && found->api->anonymous);
  if (field.when == FieldPhase::before_auth && !anonymous) {
    out.problem(join(at, "options_from"), "options from an action before authorisation",
                "when: after_auth, or an action whose api is anonymous");
  }
}

void check_visibility(const std::vector<Field>& fields, const Field& field, const std::string& at, Findings& out) {
  if (!field.visible_when) return;
  const std::string& other = field.visible_when->field;
  std::vector<std::string> keys;
  for (const Field& one : fields) keys.push_back(one.key);
  if (other == field.key) {
    out.problem(join(at, "visible_when.field"), "the field itself", "another field");
  } else if (std::find(keys.begin(), keys.end(), other) == keys.end()) {
    out.problem(join(at, "visible_when.field"), "\"" + other + "\"", expected_one_of("a field", other, keys));
  }
}

void check_list(const Integration& integration, const std::vector<Field>& fields, const std::string& list,
                Findings& out) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    const std::string at = field.key.empty() ? at_index(list, i) : join(list, field.key);
    if (!is_identifier(field.key)) {
      out.problem(at, "the key \"" + field.key + "\"", "letters, digits and \"_\", no digit first");
    } else if (!seen.insert(field.key).second) {
      out.problem(at, "a second \"" + field.key + "\"", "each key once");
    }
    check_value(field, at, out);
    check_options(integration, field, at, out);
    check_visibility(fields, field, at, out);
  }
}

}  // namespace

void check_fields(const Integration& integration, Findings& out) {
  check_list(integration, integration.vars, "vars", out);
  for (const WebhookType& webhook : integration.webhooks) {
    check_list(integration, webhook.fields, join(join("webhooks", webhook.slug), "fields"), out);
  }
}

}  // namespace junctor::connector
