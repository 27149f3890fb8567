// Part of schema_evaluate.h: references and the keywords that combine schemas.
#pragma once

#include "json/schema_evaluate.h"

namespace junctor::schema {

// Never inlined, as check_string and check_values: check keeps nothing across calls and stays short.
template <typename Model, bool collects>
[[gnu::noinline]] bool Evaluator<Model, collects>::check_rules(NodeId id, Value value, Kinds kind,
                                                               Evaluated* outer, AtArgument at) {
  const Node& node = program_.nodes[id];
  if constexpr (collects) {
    if ((node.types & kind) == 0) return wrong_type(id, node, value, kind, at);
  }
  bool good = true;
  if (kind == string_kind) {
    if (node.string != none) good = check_string(id, value, at);
  } else if ((kind & number_kinds) != 0) {
    if (node.number != none) good = check_number(id, value, at);
  }
  if (node.values != none && good) good = check_values(id, value, at);
  if (node.logic == none && (kind & (object_kind | array_kind)) == 0) return good;
  if (!collects && !good) return false;
  return check_deep(id, node, value, kind, outer, at) && good;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_deep(NodeId id, const Node& node, Value value, Kinds kind,
                                            Evaluated* outer, AtArgument at) {
  if (run_.aborted != nullptr) return false;
  if (++run_.steps > run_.limits.max_steps) return abort("the document takes too many steps");
  if (run_.depth >= run_.limits.max_depth) return abort("the document or its schema is too deep");
  const Scope* const scope_before = run_.scope;
  Scope scope{scope_before, node.resource};
  if (program_.is_dynamic && (scope_before == nullptr || scope_before->resource != node.resource)) {
    run_.scope = &scope;
  }
  ++run_.depth;
  bool good = true;
  if (node.tracks) {
    Evaluated own;
    good = check_inside(id, node, value, kind, &own, at);
    if (outer != nullptr) outer->add(own);
  } else {
    good = check_inside(id, node, value, kind, outer, at);
  }
  --run_.depth;
  run_.scope = scope_before;
  return good;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_inside(NodeId id, const Node& node, Value value, Kinds kind,
                                              Evaluated* evaluated, AtArgument at) {
  bool good = node.logic == none || check_logic(id, value, kind, evaluated, at);
  if (!stop(good)) {
    if (kind == object_kind && node.object != none) {
      good = check_object(id, value, evaluated, at) && good;
    } else if (kind == array_kind && node.array != none) {
      good = check_array(id, value, evaluated, at) && good;
    }
  }
  return good;
}

template <typename Model, bool collects>
NodeId Evaluator<Model, collects>::dynamic_target(const LogicRules& rules) const {
  NodeId target = rules.dynamic_ref;
  if (rules.dynamic_name == none) return target;
  for (const Scope* scope = run_.scope; scope != nullptr; scope = scope->up) {
    const NodeId here = program_.dynamic_target(scope->resource, rules.dynamic_name);
    if (here != none) target = here;
  }
  return target;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_logic(NodeId id, Value value, Kinds kind,
                                             Evaluated* evaluated, AtArgument at) {
  const LogicRules& rules = program_.logic[program_.nodes[id].logic];
  bool good = true;
  if (rules.ref != none) good = check(rules.ref, value, evaluated, at.into(rules.ref_keyword));
  if (!stop(good) && rules.dynamic_ref != none) {
    good = check(dynamic_target(rules), value, evaluated, at.into(rules.dynamic_keyword)) && good;
  }
  for (std::size_t i = 0; i < rules.all_of.size() && !stop(good); ++i) {
    good = check(rules.all_of[i], value, evaluated, at.into("allOf", i)) && good;
  }
  if (!stop(good) && !rules.any_of.empty()) {
    good = check_any_of(id, rules, value, kind, evaluated, at) && good;
  }
  if (!stop(good) && !rules.one_of.empty()) {
    good = check_one_of(id, rules, value, kind, evaluated, at) && good;
  }
  if (!stop(good) && rules.negated != none) {
    if (probe(rules.negated, value, nullptr)) {
      good = fail(id, "not", at, [&] {
        return "found " + shown(Model::to_json(value)) + ", which the schema in 'not' accepts";
      });
    }
  }
  if (!stop(good) && rules.condition != none) {
    good = check_condition(rules, value, evaluated, at) && good;
  }
  return good;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_any_of(NodeId id, const LogicRules& rules, Value value,
                                              Kinds kind, Evaluated* evaluated, AtArgument at) {
  bool any = false;
  for (const NodeId branch : rules.any_of) {
    if ((program_.nodes[branch].plausible & kind) == 0) continue;
    if (evaluated == nullptr) {
      if (probe(branch, value, nullptr)) return true;
      continue;
    }
    Evaluated mine;
    if (!probe(branch, value, &mine)) continue;
    evaluated->add(mine);
    any = true;
  }
  if (any) return true;
  fail(id, "anyOf", at, [&] {
    return "found " + shown(Model::to_json(value)) + ", which none of the " +
           std::to_string(rules.any_of.size()) + " alternatives accepts";
  });
  explain_branches(rules.any_of, "anyOf", value, kind, at);
  return false;
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_one_of(NodeId id, const LogicRules& rules, Value value,
                                              Kinds kind, Evaluated* evaluated, AtArgument at) {
  std::vector<std::size_t> accepting;
  std::size_t count = 0;
  for (std::size_t i = 0; i < rules.one_of.size(); ++i) {
    if ((program_.nodes[rules.one_of[i]].plausible & kind) == 0) continue;
    Evaluated mine;
    const bool good =
        probe(rules.one_of[i], value, evaluated == nullptr ? nullptr : &mine);
    if (!good) continue;
    ++count;
    if (evaluated != nullptr) evaluated->add(mine);
    if (stop(count <= 1)) return false;
    if constexpr (collects) accepting.push_back(i);
  }
  if (count == 1) return true;
  fail(id, "oneOf", at, [&] {
    std::string text = "found " + shown(Model::to_json(value)) + ", which ";
    if (count == 0) return text + "none of the " + std::to_string(rules.one_of.size()) + " alternatives accepts";
    text += std::to_string(count) + " alternatives accept (";
    for (std::size_t i = 0; i < accepting.size() && i < 10; ++i) {
      text += (i == 0 ? "" : ", ") + std::to_string(accepting[i]);
    }
    return text + "), expected exactly one";
  });
  if (count == 0) explain_branches(rules.one_of, "oneOf", value, kind, at);
  return false;
}

// The errors of the alternatives that might have been meant: those that take this kind of value.
template <typename Model, bool collects>
void Evaluator<Model, collects>::explain_branches(const std::vector<NodeId>& branches,
                                                  std::string_view keyword, Value value, Kinds kind,
                                                  AtArgument at) {
  if constexpr (collects) {
    for (std::size_t i = 0; i < branches.size(); ++i) {
      if ((program_.nodes[branches[i]].plausible & kind) == 0) continue;
      check(branches[i], value, nullptr, at.into(keyword, i));
    }
  }
}

template <typename Model, bool collects>
bool Evaluator<Model, collects>::check_condition(const LogicRules& rules, Value value,
                                                 Evaluated* evaluated, AtArgument at) {
  Evaluated mine;
  if (probe(rules.condition, value, evaluated == nullptr ? nullptr : &mine)) {
    if (evaluated != nullptr) evaluated->add(mine);
    return rules.then == none || check(rules.then, value, evaluated, at.into("then"));
  }
  return rules.otherwise == none || check(rules.otherwise, value, evaluated, at.into("else"));
}

}  // namespace junctor::schema
