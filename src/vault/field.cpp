#include "vault/field.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "json/serialize.h"
#include "vault/field_value.h"
#include "vault/vault.h"

namespace junctor::vault {
namespace {

constexpr std::array<std::string_view, 11> kind_names = {
    "text",     "password", "url",         "number", "boolean", "select",
    "textarea", "json",     "multiselect", "email",  "date"};

std::string_view view(const JsonString& text) { return {text.data(), text.size()}; }

const FieldDeclaration* find(const FieldDeclarations& fields, std::string_view key) {
  for (const FieldDeclaration& field : fields)
    if (field.key == key) return &field;
  return nullptr;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string declared_names(const FieldDeclarations& fields, std::string_view key) {
  if (fields.empty()) return "no var at all; this integration declares none";
  std::string out = "one of ";
  for (const FieldDeclaration& field : fields)
    out += fmt::format("{}\"{}\"", &field == &fields.front() ? "" : ", ", field.key);
  const auto nearest =
      std::min_element(fields.begin(), fields.end(), [&](const auto& a, const auto& b) {
        return distance(a.key, key.substr(0, 64)) < distance(b.key, key.substr(0, 64));
      });
  if (distance(nearest->key, key.substr(0, 64)) <= 2)
    out += fmt::format("; did you mean \"{}\"?", nearest->key);
  return out;
}

bool is_mask(const Json& value) { return value.is_string() && view(value.as_string()) == mask; }

// The bound ends circles.
bool is_visible(const FieldDeclarations& fields, const FieldDeclaration& field, const JsonObject& open, int depth) {
  if (!field.visible_when) return true;
  const FieldDeclaration* other = find(fields, field.visible_when->field);
  if (other == nullptr || depth > 16 || !is_visible(fields, *other, open, depth + 1)) return false;
  const Json* value = open.if_contains(other->key);
  return value != nullptr ? *value == field.visible_when->equals
                          : other->default_value && *other->default_value == field.visible_when->equals;
}

Secret as_secret(const Json& value) {
  return value.is_string() ? Secret(view(value.as_string())) : Secret(json::to_text(value));
}

class Check {
 public:
  Check(const FieldDeclarations& fields, const JsonObject& present,
        const std::set<std::string>& kept)
      : fields_(fields), secrets_(kept) {
    checked_.open = present;
  }

  void take(const JsonObject& given) {
    for (const auto& [key, value] : given) {
      const FieldDeclaration* field = find(fields_, key);
      if (field == nullptr) {
        problem(key, "a var that is not declared", declared_names(fields_, key));
      } else if (value.is_null()) {
        erase(*field);
      } else if (field->is_secret()) {
        take_secret(*field, value);
      } else {
        take_open(*field, value);
      }
    }
    for (const FieldDeclaration& field : fields_)
      if (field.default_value && !field.is_secret() && !checked_.open.contains(field.key) &&
          is_visible(field))
        checked_.open[field.key] = *field.default_value;
  }

  Result<CheckedVars> finish(Completeness completeness) {
    for (const FieldDeclaration& field : fields_) {
      if (!is_visible(field)) {
        erase(field);
      } else if (field.required && !has(field) && !is_wrong(field) &&
                 is_due(field, completeness)) {
        problem(field.key, "nothing", fmt::format("{}; this var is required", expectation(field)));
      }
    }
    if (!problems_.empty()) return std::move(problems_);
    return std::move(checked_);
  }

 private:
  void problem(std::string_view key, std::string found, std::string expected) {
    problems_.push_back(
        {fmt::format("vars.{}", key.substr(0, 64)), 0, std::move(found), std::move(expected), {}});
  }

  void misfit(const FieldDeclaration& field, const Problem& what) {
    problem(field.key, what.found, what.expected);
  }

  static bool is_due(const FieldDeclaration& field, Completeness completeness) {
    switch (completeness) {
      case Completeness::as_far_as_given:
        return false;
      case Completeness::before_authorisation:
        return field.phase == FieldPhase::before_authorisation;
      case Completeness::complete:
        break;
    }
    return true;
  }

  // A value that was given and does not fit is not missing as well.
  bool is_wrong(const FieldDeclaration& field) const {
    return std::any_of(problems_.begin(), problems_.end(),
                       [&](const Problem& one) { return one.path == "vars." + field.key; });
  }

  bool has(const FieldDeclaration& field) const {
    return secrets_.contains(field.key) || checked_.open.contains(field.key);
  }

  bool is_visible(const FieldDeclaration& field) const {
    return vault::is_visible(fields_, field, checked_.open);
  }

  void erase(const FieldDeclaration& field) {
    checked_.open.erase(field.key);
    checked_.secrets.erase(field.key);
    if (secrets_.erase(field.key) > 0) checked_.erased.insert(field.key);
  }

  void take_secret(const FieldDeclaration& field, const Json& value) {
    if (is_mask(value)) return keep(field);
    const auto fit = judge_value(field, value);
    if (!fit) return misfit(field, fit.problems().front());
    const Json& good = fit.value();
    if (has_mask(field.key, good)) return;
    if (good.is_string() && good.as_string().empty())
      return problem(field.key, "an empty text", expectation(field));
    checked_.secrets[field.key] = as_secret(good);
    checked_.erased.erase(field.key);
    checked_.open.erase(field.key);
    secrets_.insert(field.key);
  }

  void keep(const FieldDeclaration& field) {
    if (!secrets_.contains(field.key))
      problem(field.key, "a mask", "the value itself; no secret is stored yet");
  }

  // A mask beside or inside something else was not meant to be stored.
  bool has_mask(const std::string& path, const Json& value) {
    if (value.is_string() && view(value.as_string()).find(mask) != std::string_view::npos) {
      problem(path, "a mask inside a value", "the whole secret, or the mask alone to keep it");
      return true;
    }
    bool found = false;
    if (value.is_array())
      for (std::size_t i = 0; i < value.as_array().size(); ++i)
        found |= has_mask(fmt::format("{}[{}]", path, i), value.as_array()[i]);
    if (value.is_object())
      for (const auto& [key, member] : value.as_object()) {
        found |= has_mask(path, Json(key));
        found |= has_mask(path + "." + std::string(key), member);
      }
    return found;
  }

  void take_open(const FieldDeclaration& field, const Json& value) {
    if (is_mask(value)) return keep(field);
    auto fit = judge_value(field, value);
    if (!fit) return misfit(field, fit.problems().front());
    Json& good = fit.value();
    // An empty text is what a form sends for a field left alone.
    if (good.is_string() && good.as_string().empty()) return erase(field);
    erase(field);
    checked_.open[field.key] = std::move(good);
  }

  const FieldDeclarations& fields_;
  std::set<std::string> secrets_;
  CheckedVars checked_;
  std::vector<Problem> problems_;
};

}  // namespace

std::string_view to_string(FieldKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

std::optional<FieldKind> parse_field_kind(std::string_view name) {
  for (std::size_t i = 0; i < kind_names.size(); ++i)
    if (kind_names[i] == name) return static_cast<FieldKind>(i);
  return std::nullopt;
}

Result<CheckedVars> check_vars(const FieldDeclarations& fields, const JsonObject& given,
                               const JsonObject& present, const std::set<std::string>& kept,
                               Completeness completeness) {
  Check check(fields, present, kept);
  check.take(given);
  return check.finish(completeness);
}

bool is_visible(const FieldDeclarations& fields, const FieldDeclaration& field, const JsonObject& open) {
  return is_visible(fields, field, open, 0);
}

std::vector<std::string> missing_vars(const FieldDeclarations& fields, const JsonObject& open,
                                      const std::set<std::string>& secrets) {
  Check check(fields, open, secrets);
  check.take({});
  const auto result = check.finish(Completeness::complete);
  std::vector<std::string> names;
  if (result) return names;
  for (const Problem& problem : result.problems()) names.push_back(problem.path.substr(5));
  return names;
}

JsonObject masked_vars(const FieldDeclarations& fields, const JsonObject& open,
                       const std::set<std::string>& secrets) {
  JsonObject out = open;
  for (const std::string& name : secrets)
    if (const FieldDeclaration* field = find(fields, name);
        field == nullptr || field->is_secret() || !open.contains(name))
      out[name] = mask;
  for (const FieldDeclaration& field : fields)
    if (field.is_secret() && out.contains(field.key)) out[field.key] = mask;
  return out;
}

std::map<std::string, Secret> take_declared_secrets(const FieldDeclarations& fields,
                                                    JsonObject& open) {
  std::map<std::string, Secret> out;
  for (const FieldDeclaration& field : fields) {
    const Json* value = field.is_secret() ? open.if_contains(field.key) : nullptr;
    if (value == nullptr) continue;
    out.emplace(field.key, as_secret(*value));
    open.erase(field.key);
  }
  return out;
}

}  // namespace junctor::vault
