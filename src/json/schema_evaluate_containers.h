// Part of schema_evaluate.h: arrays and objects.
#pragma once

#include "json/schema_evaluate.h"

namespace junctor::schema {

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_array(NodeId id, Value value, Evaluated* evaluated,
                                             AtArgument at) {
  const ArrayRules& rules = program_.arrays[program_.nodes[id].array];
  bool good = true;
  std::size_t index = 0;
  Model::for_each_item(value, [&](Value item) {
    if (index < rules.prefix.size()) {
      const auto step = at.into(rules.prefix_is_items ? "items" : "prefixItems", index);
      good = check(rules.prefix[index], item, nullptr, step.item(index)) && good;
    } else if (rules.items != none) {
      const auto step = at.into(rules.prefix_is_items ? "additionalItems" : "items");
      good = check(rules.items, item, nullptr, step.item(index)) && good;
    }
    ++index;
    return !stop(good);
  });
  if (stop(good)) return false;
  if (index < rules.min_items || index > rules.max_items) {
    const bool few = index < rules.min_items;
    good = fail(id, few ? "minItems" : "maxItems", at, [&] {
      return "found " + std::to_string(index) + " items, expected at " + (few ? "least " : "most ") +
             std::to_string(few ? rules.min_items : rules.max_items);
    });
    if (stop(good)) return false;
  }
  if (evaluated != nullptr) {
    for (std::size_t i = 0; i < rules.prefix.size() && i < index; ++i) evaluated->mark(i);
    if (rules.items != none) evaluated->mark_all();
  }
  if (rules.contains != none) good = check_contains(id, rules, value, evaluated, at) && good;
  if (!stop(good) && rules.unique) good = check_unique(id, value, at) && good;
  if (!stop(good) && rules.unevaluated != none) {
    good = check_unevaluated_items(id, rules.unevaluated, value, *evaluated, at) && good;
  }
  return good;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_contains(NodeId id, const ArrayRules& rules, Value value,
                                                Evaluated* evaluated, AtArgument at) {
  std::size_t index = 0;
  std::size_t count = 0;
  Model::for_each_item(value, [&](Value item) {
    if (probe(rules.contains, item, nullptr)) {
      ++count;
      if (evaluated != nullptr && rules.contains_evaluates) evaluated->mark(index);
    }
    ++index;
    return true;
  });
  if (count < rules.min_contains) {
    return fail(id, rules.min_contains == 1 ? "contains" : "minContains", at, [&] {
      return "found " + std::to_string(count) + " items that 'contains' accepts, expected at least " +
             std::to_string(rules.min_contains);
    });
  }
  if (count <= rules.max_contains) return true;
  return fail(id, "maxContains", at, [&] {
    return "found " + std::to_string(count) + " items that 'contains' accepts, expected at most " +
           std::to_string(rules.max_contains);
  });
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_unique(NodeId id, Value value, AtArgument at) {
  if (Model::items_are_unique(value)) return true;
  return fail(id, "uniqueItems", at, [] { return std::string("found equal items, expected every item once"); });
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_unevaluated_items(NodeId, NodeId rule, Value value,
                                                         Evaluated& evaluated, AtArgument at) {
  bool good = true;
  std::size_t index = 0;
  Model::for_each_item(value, [&](Value item) {
    if (!evaluated.has(index)) {
      const auto step = at.into("unevaluatedItems");
      good = check(rule, item, nullptr, step.item(index)) && good;
    }
    ++index;
    return !stop(good);
  });
  evaluated.mark_all();
  return good;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_plain_object(const ObjectRules& rules, Value value) {
  std::uint64_t seen = 0;
  std::uint32_t hint = 0;
  bool repeated = false;
  bool has_strangers = false;
  bool good = true;
  Model::for_each_member(value, [&](std::string_view key, Value member) {
    const std::uint32_t known = rules.names.find(key, hint);
    NodeId judge = rules.additional;
    if (known == json::NameTable::absent) {
      has_strangers = true;
    } else {
      hint = known + 1;
      const std::uint64_t bit = std::uint64_t{1} << known;
      repeated |= (seen & bit) != 0;
      seen |= bit;
      judge = rules.members[known].judge;
    }
    good = judge == none || check(judge, member, nullptr, {});
    return good;
  });
  if (repeated) run_.repeated_keys = true;
  if (good && has_strangers && rules.counts_members) {
    run_.repeated_keys = run_.repeated_keys || Model::has_repeated_keys(value);
  }
  return good && (seen & rules.required) == rules.required;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_object(NodeId id, Value value, Evaluated* evaluated,
                                              AtArgument at) {
  const ObjectRules& rules = program_.objects[program_.nodes[id].object];
  if constexpr (!collects) {
    if (rules.is_plain && evaluated == nullptr) return check_plain_object(rules, value);
  }
  bool good = true;
  std::uint64_t seen = 0;
  std::size_t index = 0;
  std::uint32_t hint = 0;
  bool has_strangers = false;
  Model::for_each_member(value, [&](std::string_view key, Value member) {
    const std::uint32_t known = rules.names.find(key, hint);
    if (known < 64) {
      const std::uint64_t bit = std::uint64_t{1} << known;
      if ((seen & bit) != 0) run_.repeated_keys = true;
      seen |= bit;
    } else {
      has_strangers = true;
    }
    hint = known + 1;
    bool declared = false;
    good = check_member(rules, known, key, member, declared, at) && good;
    if (evaluated != nullptr && declared) evaluated->mark(index);
    ++index;
    return !stop(good);
  });
  if (stop(good)) return false;
  if (has_strangers && (rules.counts_members || rules.names.size() > 64)) {
    run_.repeated_keys = run_.repeated_keys || Model::has_repeated_keys(value);
  }
  if (index < rules.min_properties || index > rules.max_properties) {
    const bool few = index < rules.min_properties;
    good = fail(id, few ? "minProperties" : "maxProperties", at, [&] {
      return "found " + std::to_string(index) + " members, expected at " +
             (few ? "least " : "most ") +
             std::to_string(few ? rules.min_properties : rules.max_properties);
    });
    if (stop(good)) return false;
  }
  if ((seen & rules.required) != rules.required || !rules.late_required.empty()) {
    good = check_required(id, rules, value, seen, at) && good;
  }
  if (!stop(good) && !rules.dependencies.empty()) {
    good = check_dependencies(id, rules, value, evaluated, at) && good;
  }
  if (!stop(good) && rules.unevaluated != none) {
    good = check_unevaluated_members(id, rules.unevaluated, value, *evaluated, at) && good;
  }
  return good;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_member(const ObjectRules& rules, std::uint32_t known,
                                              std::string_view key, Value member, bool& declared,
                                              AtArgument at) {
  bool good = true;
  if (known != json::NameTable::absent && rules.members[known].node != none) {
    declared = true;
    const auto step = at.into("properties", key);
    good = check(rules.members[known].node, member, nullptr, step.member(key));
  }
  for (std::size_t i = 0; i < rules.patterns.size() && !stop(good); ++i) {
    using Outcome = json::Pattern::Outcome;
    const auto& [pattern, node] = rules.patterns[i];
    const Outcome outcome = program_.patterns[pattern].match(key, run_.patterns);
    if (outcome == Outcome::too_much_work) return abort("a pattern takes too many steps on a key");
    if (outcome == Outcome::differs) continue;
    declared = true;
    const auto step = at.into("patternProperties", program_.pattern_texts[pattern]);
    good = check(node, member, nullptr, step.member(key)) && good;
  }
  if (!declared && rules.additional != none && !stop(good)) {
    declared = true;
    const auto step = at.into("additionalProperties");
    good = check(rules.additional, member, nullptr, step.member(key)) && good;
  }
  if (rules.property_names != none && !stop(good)) good = check_name(rules, key, at) && good;
  return good;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_name(const ObjectRules& rules, std::string_view key,
                                            AtArgument at) {
  // Keys are checked through Json whatever the model: a key is no value of the document.
  const Json name(boost::json::string_view(key.data(), key.size()));
  const auto step = at.into("propertyNames");
  return check_key(run_, rules.property_names, name, step.member(key));
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_required(NodeId id, const ObjectRules& rules, Value value,
                                                std::uint64_t seen, AtArgument at) {
  bool good = true;
  const auto missing = [&](std::uint32_t position) {
    good = fail(id, "required", at, [&] {
      return "the member '" + rules.names.name(position) + "' is missing";
    });
  };
  for (std::uint32_t i = 0; i < rules.members.size() && i < 64 && !stop(good); ++i) {
    if (((rules.required & ~seen) >> i & 1) != 0) missing(i);
  }
  for (std::size_t i = 0; i < rules.late_required.size() && !stop(good); ++i) {
    const std::uint32_t position = rules.late_required[i];
    if (!Model::has_member(value, rules.names.name(position))) missing(position);
  }
  return good;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_dependencies(NodeId id, const ObjectRules& rules, Value value,
                                                    Evaluated* evaluated, AtArgument at) {
  bool good = true;
  for (const auto& dependency : rules.dependencies) {
    if (stop(good)) break;
    if (!Model::has_member(value, dependency.name)) continue;
    if (dependency.node != none) {
      const auto step = at.into(dependency.keyword, dependency.name);
      good = check(dependency.node, value, evaluated, step) && good;
    }
    for (const std::string& name : dependency.requires_names) {
      if (stop(good) || Model::has_member(value, name)) continue;
      good = fail(id, dependency.keyword, at, [&] {
        return "the member '" + name + "' is missing: '" + dependency.name + "' needs it";
      });
    }
  }
  return good;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_unevaluated_members(NodeId, NodeId rule, Value value,
                                                           Evaluated& evaluated, AtArgument at) {
  bool good = true;
  std::size_t index = 0;
  Model::for_each_member(value, [&](std::string_view key, Value member) {
    if (!evaluated.has(index)) {
      const auto step = at.into("unevaluatedProperties");
      good = check(rule, member, nullptr, step.member(key)) && good;
    }
    ++index;
    return !stop(good);
  });
  evaluated.mark_all();
  return good;
}

}  // namespace junctor::schema
