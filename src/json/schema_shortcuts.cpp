#include "json/schema_shortcuts.h"

namespace junctor::schema {
namespace {

// Longer chains of references are walked from where the shortcut ends.
constexpr int max_hops = 16;

bool has_rules_for(const Node& node, Kinds kind) {
  if (node.values != none) return true;
  if ((kind & number_kinds) != 0) return node.number != none;
  switch (kind) {
    case string_kind: return node.string != none;
    case array_kind: return node.array != none || node.tracks;
    case object_kind: return node.object != none || node.tracks;
    default: return false;
  }
}

// Collects the subschemas that must accept; `count` beyond one means that no single one decides.
struct Deciding {
  NodeId node = none;
  std::size_t count = 0;

  void add(NodeId id) {
    node = id;
    ++count;
  }
  void add_alternatives(const Program& program, const std::vector<NodeId>& branches, Kinds kind) {
    for (const NodeId branch : branches) {
      if ((program.nodes[branch].plausible & kind) != 0) add(branch);
    }
  }
};

// The one node that decides for this one, or none.
NodeId next_of(const Program& program, const Node& node, Kinds kind) {
  const LogicRules& rules = program.logic[node.logic];
  if (rules.dynamic_ref != none || rules.negated != none || rules.condition != none) return none;
  Deciding deciding;
  if (rules.ref != none) deciding.add(rules.ref);
  for (const NodeId branch : rules.all_of) deciding.add(branch);
  deciding.add_alternatives(program, rules.any_of, kind);
  deciding.add_alternatives(program, rules.one_of, kind);
  if (deciding.count != 1) return none;
  const bool leaves = program.nodes[deciding.node].resource != node.resource;
  return program.is_dynamic && leaves ? none : deciding.node;
}

// One step: the next node, the node itself, `always` or `never`.
NodeId step_of(const Program& program, NodeId id, Kinds kind) {
  const Node& node = program.nodes[id];
  if ((node.plausible & kind) == 0) return never;
  if (has_rules_for(node, kind)) return id;
  if (node.logic == none) return always;
  const NodeId next = next_of(program, node, kind);
  return next == none ? id : next;
}

}  // namespace

std::vector<NodeId> find_shortcuts(const Program& program) {
  std::vector<NodeId> steps(program.nodes.size() * kind_slots, never);
  for (NodeId id = 0; id < program.nodes.size(); ++id) {
    for (Kinds kind = 1; kind <= fraction_kind; kind = static_cast<Kinds>(kind << 1)) {
      steps[id * kind_slots + slot_of(kind)] = step_of(program, id, kind);
    }
  }
  std::vector<NodeId> shortcuts = steps;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    NodeId& target = shortcuts[at];
    for (int hop = 0; hop < max_hops && target < never; ++hop) {
      const NodeId next = steps[target * kind_slots + at % kind_slots];
      if (next == target) break;
      target = next;
    }
    // The last hop may have ended on a node that only hands an answer on.
    if (target >= never) continue;
    const NodeId last = steps[target * kind_slots + at % kind_slots];
    if (last >= never) target = last;
  }
  return shortcuts;
}

}  // namespace junctor::schema
