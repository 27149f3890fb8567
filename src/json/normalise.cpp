#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "json/equal.h"
#include "json/parse.h"
#include "json/pointer.h"
#include "json/schema_run.h"
#include "junctor/schema.h"

namespace junctor {
namespace {

using schema::Kinds;
using schema::Node;
using schema::NodeId;
using schema::none;
using schema::ObjectRules;
using schema::Program;

using Nodes = std::vector<NodeId>;

std::string_view text_of(const Json& value) {
  const JsonString& text = value.get_string();
  return {text.data(), text.size()};
}

// The text as one JSON number, nothing around it; null when it is none.
Json number_from(std::string_view text) {
  const bool starts_right = !text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
  if (!starts_right || text.back() < '0' || text.back() > '9' || text.size() > 400) return nullptr;
  auto number = json::parse(text);
  return number && number.value().is_number() ? std::move(number).value() : Json();
}

Json boolean_from(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return nullptr;
}

bool is_integral(const Json& number) {
  return number.is_number() && json::is_integral(json::Number::of(number));
}

// Changes a document towards what its schema asks for; judging it is left to validate.
class Normaliser {
 public:
  Normaliser(const Program& program, const NormaliseOptions& options)
      : program_(program), options_(options) {}

  // All nodes that apply to the value are taken together: what one declares, another must not strip.
  void normalise(const Nodes& nodes, Json& value) {
    if (++depth_ > options_.limits.max_depth || ++steps_ > options_.limits.max_steps) {
      --depth_;
      return;
    }
    Nodes active;
    for (const NodeId node : nodes) expand(node, value, active);
    if (value.is_object()) {
      normalise_members(active, value.get_object());
    } else if (value.is_array()) {
      normalise_items(active, value.get_array());
    }
    --depth_;
  }

  // JSON Pointers of what was taken away.
  const std::vector<std::string>& stripped() const { return stripped_; }

 private:
  const schema::ObjectRules* object_rules(NodeId id) const {
    const std::uint32_t rules = program_.nodes[id].object;
    return rules == none ? nullptr : &program_.objects[rules];
  }

  bool accepts(NodeId id, const Json& value) {
    schema::Run run(program_, options_.limits);
    return schema::judge_json_at(run, id, value);
  }

  // Adds the node and every node that applies to the same value because of it.
  void expand(NodeId id, Json& value, Nodes& active) {
    if (std::find(active.begin(), active.end(), id) != active.end()) return;
    if (++steps_ > options_.limits.max_steps) return;
    active.push_back(id);
    const Node& node = program_.nodes[id];
    if (options_.coercion == NormaliseOptions::Coercion::from_text) coerce(node, value);
    if (node.object != none && value.is_object()) {
      for (const auto& dependency : object_rules(id)->dependencies) {
        const bool applies = value.get_object().contains(dependency.name);
        if (applies && dependency.node != none) expand(dependency.node, value, active);
      }
    }
    if (node.logic == none) return;
    const schema::LogicRules& rules = program_.logic[node.logic];
    if (rules.ref != none) expand(rules.ref, value, active);
    if (rules.dynamic_ref != none) expand(rules.dynamic_ref, value, active);
    for (const NodeId child : rules.all_of) expand(child, value, active);
    expand_first_that_fits(rules.any_of, value, active);
    expand_first_that_fits(rules.one_of, value, active);
    if (rules.condition == none) return;
    const bool holds = would_hold(rules.condition, value, active);
    if (holds) expand(rules.condition, value, active);
    const NodeId next = holds ? rules.then : rules.otherwise;
    if (next != none) expand(next, value, active);
  }

  void expand_first_that_fits(const Nodes& branches, Json& value, Nodes& active) {
    for (const NodeId branch : branches) {
      Json tried = value;
      const std::size_t stripped_before = stripped_.size();
      normalise({branch}, tried);
      stripped_.resize(stripped_before);
      if (!accepts(branch, tried)) continue;
      expand(branch, value, active);
      return;
    }
  }

  // Judges the value as it will be, with nothing taken away.
  bool would_hold(NodeId condition, Json value, Nodes active) {
    const auto before = options_.undeclared;
    options_.undeclared = NormaliseOptions::Undeclared::keep;
    expand(condition, value, active);
    if (value.is_object()) normalise_members(active, value.get_object());
    options_.undeclared = before;
    return accepts(condition, value);
  }

  void coerce(const Node& node, Json& value) {
    if (!value.is_string()) return;
    if (node.types == schema::any_kind) return coerce_to_values(node, value);
    if ((node.types & schema::string_kind) != 0) return;
    const std::string_view text = text_of(value);
    Json better;
    if ((node.types & schema::number_kinds) != 0) {
      better = number_from(text);
      const bool fits = (node.types & schema::fraction_kind) != 0 || is_integral(better);
      if (!fits) better = nullptr;
    }
    if (better.is_null() && (node.types & schema::boolean_kind) != 0) better = boolean_from(text);
    if (!better.is_null()) {
      value = std::move(better);
    } else if ((node.types & schema::array_kind) != 0) {
      JsonArray list;
      list.push_back(std::move(value));
      value = std::move(list);
    }
  }

  // An enum or const without a type: the text becomes the value it spells.
  void coerce_to_values(const Node& node, Json& value) {
    if (node.values == none || program_.values[node.values].only_strings) return;
    const auto& allowed = program_.values[node.values].values;
    const auto is_allowed = [&](const Json& one) {
      return std::any_of(allowed.begin(), allowed.end(),
                         [&](const Json& other) { return json::json_equal(one, other); });
    };
    if (is_allowed(value)) return;
    for (const Json& candidate : {number_from(text_of(value)), boolean_from(text_of(value))}) {
      if (!candidate.is_null() && is_allowed(candidate)) {
        value = candidate;
        return;
      }
    }
  }

  void normalise_items(const Nodes& active, JsonArray& items) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      Nodes nodes;
      for (const NodeId id : active) {
        if (program_.nodes[id].array == none) continue;
        const schema::ArrayRules& rules = program_.arrays[program_.nodes[id].array];
        if (i < rules.prefix.size()) {
          nodes.push_back(rules.prefix[i]);
        } else if (rules.items != none) {
          nodes.push_back(rules.items);
        }
      }
      const std::size_t path_before = path_.size();
      json::append_pointer_token(path_, std::to_string(i));
      if (!nodes.empty()) normalise(nodes, items[i]);
      path_.resize(path_before);
    }
  }

  void normalise_members(const Nodes& active, JsonObject& members) {
    if (options_.defaults == NormaliseOptions::Defaults::fill) fill_defaults(active, members);
    bool speaks_of_others = false;
    bool declares = false;
    for (const NodeId id : active) {
      const ObjectRules* rules = object_rules(id);
      if (rules == nullptr) continue;
      declares = declares || rules->has_properties;
      speaks_of_others = speaks_of_others || rules->additional != none || rules->unevaluated != none;
    }
    std::vector<std::string> strangers;
    for (auto& member : members) {
      bool declared = false;
      const std::string_view key(member.key().data(), member.key().size());
      const Nodes nodes = nodes_of_member(active, key, declared);
      const std::size_t path_before = path_.size();
      json::append_pointer_token(path_, key);
      if (!nodes.empty()) normalise(nodes, member.value());
      path_.resize(path_before);
      if (!declared) strangers.emplace_back(key);
    }
    const bool strips = options_.undeclared == NormaliseOptions::Undeclared::strip;
    if (!strips || !declares || speaks_of_others) return;
    for (const std::string& name : strangers) {
      members.stable_erase(name);
      stripped_.push_back(path_);
      json::append_pointer_token(stripped_.back(), name);
    }
  }

  void fill_defaults(const Nodes& active, JsonObject& members) {
    for (const NodeId id : active) {
      const ObjectRules* rules = object_rules(id);
      if (rules == nullptr) continue;
      for (const auto& standard : rules->defaults) {
        if (!members.contains(standard.name)) members.emplace(standard.name, standard.value);
      }
    }
  }

  Nodes nodes_of_member(const Nodes& active, std::string_view key, bool& declared) {
    Nodes nodes;
    for (const NodeId id : active) {
      const ObjectRules* rules = object_rules(id);
      if (rules == nullptr) continue;
      bool here = false;
      const std::uint32_t known = rules->names.find(key);
      if (known != json::NameTable::absent) {
        declared = true;
        here = rules->members[known].node != none;
        if (here) nodes.push_back(rules->members[known].node);
      }
      for (const auto& [pattern, node] : rules->patterns) {
        if (program_.patterns[pattern].match(key, patterns_) != json::Pattern::Outcome::matches) continue;
        declared = here = true;
        nodes.push_back(node);
      }
      if (!here && rules->additional != none) nodes.push_back(rules->additional);
    }
    return nodes;
  }

  const Program& program_;
  NormaliseOptions options_;
  json::PatternScratch patterns_;
  std::string path_;
  std::vector<std::string> stripped_;
  std::size_t depth_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace

namespace schema {

std::vector<std::string> undeclared_members(const Program& program, Json document) {
  NormaliseOptions options;
  options.defaults = NormaliseOptions::Defaults::leave;
  Normaliser normaliser(program, options);
  normaliser.normalise({program.root}, document);
  return normaliser.stripped();
}

}  // namespace schema

Result<Json> normalise(const CompiledSchema& schema, Json document, const NormaliseOptions& options) {
  Normaliser(schema.program(), options).normalise({schema.program().root}, document);
  const std::vector<SchemaError> errors = schema.validate(document, options.limits);
  if (errors.empty()) return document;
  std::vector<Problem> problems;
  for (const SchemaError& error : errors) problems.push_back(to_problem(error));
  return problems;
}

}  // namespace junctor
