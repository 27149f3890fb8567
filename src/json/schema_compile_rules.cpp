#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <set>

#include "json/equal.h"
#include "json/schema_compile.h"

namespace junctor::schema {
namespace {

Kinds kinds_named(std::string_view name) {
  if (name == "null") return null_kind;
  if (name == "boolean") return boolean_kind;
  if (name == "object") return object_kind;
  if (name == "array") return array_kind;
  if (name == "string") return string_kind;
  if (name == "number") return number_kinds;
  if (name == "integer") return integer_kind;
  return 0;
}

constexpr std::string_view type_names =
    "null, boolean, object, array, string, number or integer, or a list of them";

std::string text_of(const Json& value) {
  return std::string(value.get_string().begin(), value.get_string().end());
}

}  // namespace

std::string words_of(Kinds kinds) {
  if (kinds == any_kind) return "anything";
  std::vector<std::string> words;
  if (kinds & null_kind) words.emplace_back("null");
  if (kinds & boolean_kind) words.emplace_back("boolean");
  if (kinds & object_kind) words.emplace_back("object");
  if (kinds & array_kind) words.emplace_back("array");
  if (kinds & string_kind) words.emplace_back("string");
  if (kinds & fraction_kind) {
    words.emplace_back("number");
  } else if (kinds & integer_kind) {
    words.emplace_back("integer");
  }
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text.empty() ? "nothing" : text;
}

const Json* Compiler::get(const Subject& at, std::string_view keyword) const {
  return at.schema.if_contains(keyword);
}

void Compiler::wrong(const Subject& at, std::string_view keyword, const Json& found,
                     std::string expected) {
  documents_.report(at.place, keyword, describe(found), std::move(expected));
}

bool Compiler::read_count(const Subject& at, std::string_view keyword, std::uint64_t& out) {
  const Json* value = get(at, keyword);
  if (value == nullptr) return false;
  if (value->is_number()) {
    const json::Number number = json::Number::of(*value);
    const bool natural = json::is_integral(number) &&
                         json::compare(number, json::Number::of(std::int64_t{0})) >= 0;
    if (natural) {
      const double limit = 9007199254740992.0;
      using Form = json::Number::Form;
      out = number.form == Form::floating ? static_cast<std::uint64_t>(std::min(number.d, limit))
            : number.form == Form::unsigned_integer ? number.u
                                                    : static_cast<std::uint64_t>(number.i);
      return true;
    }
  }
  wrong(at, keyword, *value, "a whole number, 0 or more");
  return false;
}

bool Compiler::read_number(const Subject& at, std::string_view keyword, json::Number& out) {
  const Json* value = get(at, keyword);
  if (value == nullptr) return false;
  if (!value->is_number()) {
    wrong(at, keyword, *value, "a number");
    return false;
  }
  out = json::Number::of(*value);
  return true;
}

bool Compiler::read_schema(const Subject& at, std::string_view keyword, NodeId& out) {
  const Json* value = get(at, keyword);
  if (value == nullptr) return false;
  out = node_of(documents_.below(at.place, *value, keyword));
  return true;
}

bool Compiler::read_schemas(const Subject& at, std::string_view keyword, std::vector<NodeId>& out) {
  const Json* value = get(at, keyword);
  if (value == nullptr) return false;
  if (!value->is_array() || (value->get_array().empty() && keyword != "items")) {
    wrong(at, keyword, *value, "a list of at least one schema");
    return false;
  }
  std::size_t number = 0;
  for (const Json& child : value->get_array()) {
    out.push_back(node_of(documents_.below(at.place, child, keyword, std::to_string(number++))));
  }
  return true;
}

bool Compiler::read_names(const Subject& at, std::string_view keyword, const Json& value,
                          std::vector<std::string>& out) {
  const bool fits = value.is_array() &&
                    std::all_of(value.get_array().begin(), value.get_array().end(),
                                [](const Json& item) { return item.is_string(); });
  if (!fits) {
    wrong(at, keyword, value, "a list of strings");
    return false;
  }
  std::set<std::string_view> seen;
  for (const Json& item : value.get_array()) {
    if (!seen.insert(std::string_view(item.get_string())).second) {
      wrong(at, keyword, item, "every name once");
      return false;
    }
    out.push_back(text_of(item));
  }
  return true;
}

std::uint32_t Compiler::pattern_of(const Subject& at, std::string_view keyword,
                                   std::string_view text) {
  const auto known = patterns_.find(std::string(text));
  if (known != patterns_.end()) return known->second;
  auto pattern = json::Pattern::compile(text);
  if (!pattern) {
    const Problem& problem = pattern.problems().front();
    documents_.report(at.place, keyword, problem.found, problem.expected);
    return none;
  }
  const auto number = static_cast<std::uint32_t>(program_.patterns.size());
  program_.patterns.push_back(std::move(pattern).value());
  program_.pattern_texts.emplace_back(text);
  patterns_.emplace(text, number);
  return number;
}

void Compiler::compile_types(const Subject& at) {
  const Json* value = get(at, "type");
  if (value == nullptr) return;
  Kinds kinds = 0;
  bool good = true;
  const auto add = [&](const Json& name) {
    const Kinds more = name.is_string() ? kinds_named(std::string_view(name.get_string())) : Kinds{0};
    good = good && more != 0;
    kinds |= more;
  };
  if (value->is_array()) {
    for (const Json& name : value->get_array()) add(name);
  } else {
    add(*value);
  }
  if (!good || kinds == 0) return wrong(at, "type", *value, std::string(type_names));
  program_.nodes[at.id].types = kinds;
}

void Compiler::compile_values(const Subject& at) {
  ValueRules rules;
  if (const Json* value = get(at, "enum")) {
    if (!value->is_array()) return wrong(at, "enum", *value, "a list of values");
    rules.values.assign(value->get_array().begin(), value->get_array().end());
  }
  if (const Json* value = get(at, "const")) {
    // Beside an enum both must hold; the constant alone decides if the enum has it.
    rules.is_const = true;
    const bool excluded = at.schema.contains("enum") &&
                          std::none_of(rules.values.begin(), rules.values.end(),
                                       [&](const Json& one) { return json::json_equal(one, *value); });
    rules.values.clear();
    if (!excluded) rules.values.push_back(*value);
  } else if (!at.schema.contains("enum")) {
    return;
  }
  rules.only_strings = std::all_of(rules.values.begin(), rules.values.end(),
                                   [](const Json& one) { return one.is_string(); });
  if (rules.only_strings) {
    std::vector<std::string> names;
    std::set<std::string_view> seen;
    for (const Json& one : rules.values) {
      if (seen.insert(std::string_view(one.get_string())).second) names.push_back(text_of(one));
    }
    rules.strings = json::NameTable(std::move(names));
  }
  program_.nodes[at.id].values = static_cast<std::uint32_t>(program_.values.size());
  program_.values.push_back(std::move(rules));
}

void Compiler::compile_number(const Subject& at) {
  NumberRules rules;
  const auto read = [&](std::string_view keyword, json::Number& out, std::uint8_t bit) {
    if (read_number(at, keyword, out)) rules.has = static_cast<std::uint8_t>(rules.has | bit);
  };
  read("minimum", rules.minimum, NumberRules::minimum_bit);
  read("exclusiveMinimum", rules.above, NumberRules::above_bit);
  read("maximum", rules.maximum, NumberRules::maximum_bit);
  read("exclusiveMaximum", rules.below, NumberRules::below_bit);
  read("multipleOf", rules.multiple_of, NumberRules::multiple_bit);
  if ((rules.has & NumberRules::multiple_bit) != 0 &&
      json::compare(rules.multiple_of, json::Number::of(std::int64_t{0})) <= 0) {
    return wrong(at, "multipleOf", *get(at, "multipleOf"), "a number above 0");
  }
  if (rules.has == 0) return;
  program_.nodes[at.id].number = static_cast<std::uint32_t>(program_.numbers.size());
  program_.numbers.push_back(rules);
}

void Compiler::compile_string(const Subject& at) {
  StringRules rules;
  bool any = false;
  if (at.dialect.validation) {
    any = read_count(at, "minLength", rules.min_length);
    any |= read_count(at, "maxLength", rules.max_length);
    if (const Json* value = get(at, "pattern")) {
      if (!value->is_string()) return wrong(at, "pattern", *value, "a regular expression");
      rules.pattern = pattern_of(at, "pattern", std::string_view(value->get_string()));
      any = true;
    }
  }
  if (const Json* value = get(at, "format")) {
    if (!value->is_string()) return wrong(at, "format", *value, "the name of a format");
    rules.format_name = text_of(*value);
    if (options_.formats == SchemaOptions::Formats::check || at.dialect.asserts_format) {
      rules.format = format_check(rules.format_name);
      any |= rules.format != nullptr;
    }
  }
  if (!any) return;
  program_.nodes[at.id].string = static_cast<std::uint32_t>(program_.strings.size());
  program_.strings.push_back(std::move(rules));
}

ArrayRules& Compiler::array_of(NodeId id) {
  if (program_.nodes[id].array == none) {
    program_.nodes[id].array = static_cast<std::uint32_t>(program_.arrays.size());
    program_.arrays.emplace_back();
  }
  return program_.arrays[program_.nodes[id].array];
}

void Compiler::compile_array(const Subject& at) {
  ArrayRules rules;
  bool any = false;
  if (at.dialect.validation) {
    any = read_count(at, "minItems", rules.min_items);
    any |= read_count(at, "maxItems", rules.max_items);
    if (const Json* value = get(at, "uniqueItems")) {
      if (!value->is_bool()) return wrong(at, "uniqueItems", *value, "true or false");
      rules.unique = value->get_bool();
      any |= rules.unique;
    }
  }
  if (at.dialect.applicator) compile_array_applicators(at, rules, any);
  if (any) array_of(at.id) = std::move(rules);
}

void Compiler::compile_array_applicators(const Subject& at, ArrayRules& rules, bool& any) {
  const Json* items = get(at, "items");
  if (at.dialect.has_item_arrays() && items != nullptr && items->is_array()) {
    any |= read_schemas(at, "items", rules.prefix);
    rules.prefix_is_items = true;
    read_schema(at, "additionalItems", rules.items);
  } else {
    any |= read_schema(at, "items", rules.items);
  }
  if (at.dialect.draft == Draft::v2020_12) any |= read_schemas(at, "prefixItems", rules.prefix);
  if (!read_schema(at, "contains", rules.contains)) return;
  any = true;
  rules.contains_evaluates = at.dialect.draft == Draft::v2020_12;
  if (!at.dialect.is_modern() || !at.dialect.validation) return;
  read_count(at, "minContains", rules.min_contains);
  read_count(at, "maxContains", rules.max_contains);
}

ObjectRules& Compiler::object_of(NodeId id) {
  if (program_.nodes[id].object == none) {
    program_.nodes[id].object = static_cast<std::uint32_t>(program_.objects.size());
    program_.objects.emplace_back();
  }
  return program_.objects[program_.nodes[id].object];
}

void Compiler::compile_object(const Subject& at) {
  ObjectRules rules;
  bool any = false;
  if (at.dialect.validation) {
    any = read_count(at, "minProperties", rules.min_properties);
    any |= read_count(at, "maxProperties", rules.max_properties);
  }
  rules.counts_members = any;
  compile_members(at, rules, any);
  compile_dependencies(at, rules, any);
  if (any) object_of(at.id) = std::move(rules);
}

void Compiler::compile_members(const Subject& at, ObjectRules& rules, bool& any) {
  std::vector<std::string> names;
  const Json* properties = at.dialect.applicator ? get(at, "properties") : nullptr;
  if (properties != nullptr && !properties->is_object()) {
    wrong(at, "properties", *properties, "an object of schemas");
  } else if (properties != nullptr) {
    any = rules.has_properties = true;
    for (const auto& property : properties->get_object()) {
      const std::string_view name = property.key();
      names.emplace_back(name);
      rules.members.push_back(
          {node_of(documents_.below(at.place, property.value(), "properties", name)), false});
      const Json* standard = property.value().is_object()
                                 ? property.value().get_object().if_contains("default") : nullptr;
      if (standard != nullptr) rules.defaults.push_back({std::string(name), *standard});
    }
  }
  any |= compile_required(at, rules, names);
  rules.names = json::NameTable(std::move(names));
  if (!at.dialect.applicator) return;
  if (const Json* value = get(at, "patternProperties")) {
    if (!value->is_object()) {
      return wrong(at, "patternProperties", *value, "an object of schemas");
    }
    rules.has_properties = true;
    for (const auto& property : value->get_object()) {
      const std::string_view text = property.key();
      rules.patterns.push_back(
          {pattern_of(at, "patternProperties", text),
           node_of(documents_.below(at.place, property.value(), "patternProperties", text))});
    }
  }
  any |= read_schema(at, "additionalProperties", rules.additional);
  any |= read_schema(at, "propertyNames", rules.property_names);
  any |= !rules.patterns.empty();
  rules.counts_members |= rules.additional != none || rules.property_names != none ||
                          !rules.patterns.empty();
}

bool Compiler::compile_required(const Subject& at, ObjectRules& rules,
                                std::vector<std::string>& names) {
  const Json* value = get(at, "required");
  std::vector<std::string> required;
  if (value == nullptr || !at.dialect.validation) return false;
  if (!read_names(at, "required", *value, required)) return false;
  const json::NameTable declared(names);
  for (std::string& name : required) {
    std::uint32_t position = declared.find(name);
    if (position == json::NameTable::absent) {
      position = static_cast<std::uint32_t>(names.size());
      names.push_back(std::move(name));
      rules.members.emplace_back();
    }
    rules.members[position].required = true;
    if (position < 64) {
      rules.required |= std::uint64_t{1} << position;
    } else {
      rules.late_required.push_back(position);
    }
  }
  return !required.empty();
}

void Compiler::compile_dependencies(const Subject& at, ObjectRules& rules, bool& any) {
  const auto read = [&](std::string_view keyword, bool names, bool schemas) {
    const Json* value = get(at, keyword);
    if (value == nullptr) return;
    if (!value->is_object()) return wrong(at, keyword, *value, "an object");
    for (const auto& entry : value->get_object()) {
      ObjectRules::Dependency dependency;
      dependency.name = entry.key();
      dependency.keyword = keyword;
      if (names && (entry.value().is_array() || !schemas)) {
        read_names(at, keyword, entry.value(), dependency.requires_names);
      } else {
        dependency.node = node_of(documents_.below(at.place, entry.value(), keyword, entry.key()));
      }
      rules.dependencies.push_back(std::move(dependency));
      any = true;
    }
  };
  if (at.dialect.is_modern() && at.dialect.validation) read("dependentRequired", true, false);
  if (at.dialect.is_modern() && at.dialect.applicator) read("dependentSchemas", false, true);
  if (at.dialect.applicator) read("dependencies", true, true);
}

void Compiler::compile_unevaluated(const Subject& at) {
  NodeId items = none;
  NodeId properties = none;
  if (read_schema(at, "unevaluatedItems", items)) array_of(at.id).unevaluated = items;
  if (read_schema(at, "unevaluatedProperties", properties)) {
    object_of(at.id).unevaluated = properties;
    object_of(at.id).counts_members = true;
  }
  program_.nodes[at.id].tracks = items != none || properties != none;
}

}  // namespace junctor::schema
