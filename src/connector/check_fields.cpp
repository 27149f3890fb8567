#include <algorithm>
#include <cmath>
#include <set>

#include "auth/ports.h"
#include "connector/checks.h"
#include "json/pattern.h"
#include "vault/field_value.h"

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
}

bool is_text(FieldWidget type) {
  switch (type) {
    case FieldWidget::text:
    case FieldWidget::textarea:
    case FieldWidget::password:
    case FieldWidget::url:
    case FieldWidget::email: return true;
    default: return false;
  }
}

void check_bound(const Field& field, const std::optional<double>& bound, const std::string& at, Findings& out) {
  if (!bound) return;
  if (field.type != FieldWidget::number && !is_text(field.type)) {
    out.problem(at, "a bound of a value that has no size", "it on a number, or on a text for its length");
  } else if (is_text(field.type) && (*bound < 0 || *bound != std::floor(*bound))) {
    out.problem(at, "no length", "a whole number of characters, 0 or more");
  }
}

void check_bounds(const Field& field, const std::string& at, Findings& out) {
  check_bound(field, field.min, join(at, "min"), out);
  check_bound(field, field.max, join(at, "max"), out);
  if (field.min && field.max && *field.min > *field.max) {
    out.problem(join(at, "min"), "a minimum above the maximum", "min ≤ max");
  }
  if (field.pattern.empty()) return;
  if (!is_text(field.type)) {
    out.problem(join(at, "pattern"), "a pattern of a value that is no text", "it on a text");
  } else if (const auto pattern = json::Pattern::compile(field.pattern); !pattern) {
    const Problem& fault = pattern.problems().front();
    out.problem(join(at, "pattern"), fault.found, fault.expected);
  }
}

// What the definition itself fills in has to pass where a person's value would. A schema is judged when the
// definition is loaded, with the documents it refers to.
void check_default(const Field& field, const std::string& at, Findings& out) {
  if (!out.problems.empty() || field.default_.is_null() || field.is_secret()) return;
  const auto judged = vault::judge_value(auth::field_declaration(field), field.default_);
  if (judged) return;
  out.problem(join(at, "default"), judged.problems().front().found, judged.problems().front().expected);
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

const Field* find(const std::vector<Field>& fields, std::string_view key) {
  for (const Field& field : fields) {
    if (field.key == key) return &field;
  }
  return nullptr;
}

// Whether what shows a field depends on the field itself; whoever follows takes at most one step per field.
bool is_circle(const std::vector<Field>& fields, const Field& first) {
  const Field* at = &first;
  for (std::size_t steps = 0; steps < fields.size(); ++steps) {
    if (!at->visible_when) return false;
    at = find(fields, at->visible_when->field);
    if (at == nullptr) return false;
    if (at == &first) return true;
  }
  return false;
}

void check_visibility(const std::vector<Field>& fields, const Field& field, const std::string& at, Findings& out) {
  if (!field.visible_when) return;
  const VisibleWhen& condition = *field.visible_when;
  const Field* other = find(fields, condition.field);
  const std::string place = join(at, "visible_when.field");
  std::vector<std::string> keys;
  for (const Field& one : fields) keys.push_back(one.key);
  if (condition.field == field.key) {
    out.problem(place, "the field itself", "another field");
  } else if (other == nullptr) {
    out.problem(place, "\"" + condition.field + "\"", expected_one_of("a field", condition.field, keys));
  } else if (is_circle(fields, field)) {
    out.problem(place, "a field that shows only when this one does", "one that does not depend on this one");
  } else if (other->is_secret()) {
    out.problem(place, "a secret", "a field whose value may be seen");
  } else if (!vault::judge_value(auth::field_declaration(*other), condition.equals)) {
    out.problem(join(at, "visible_when.equals"), "a value that \"" + condition.field + "\" cannot have",
                vault::expectation(auth::field_declaration(*other)));
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
    Findings own;
    check_value(field, at, own);
    check_bounds(field, at, own);
    check_default(field, at, own);
    out.problems.insert(out.problems.end(), own.problems.begin(), own.problems.end());
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
