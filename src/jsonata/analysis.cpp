#include "jsonata/analysis.h"

#include <algorithm>

#include "jsonata/messages.h"
#include "jsonata/parser.h"
#include "jsonata/text.h"

namespace junctor::jsonata {
namespace {

Node* last_step(Node* node) { return node->kind == Kind::path ? node->list.back() : node; }

void move_predicates_to_stages(Node* step) {
  for (Node* filter : step->predicates) step->stages.push_back({.filter = filter});
  step->predicates.clear();
}

}  // namespace

Node* Analysis::run(Node* root) {
  Node* node = process(root);
  if (node->kind == Kind::parent || !node->seeking.empty()) {
    throw make_error("S0217", {.position = node->position,
                               .token = std::string(type_name(node->kind))});
  }
  return node;
}

Node* Analysis::process(Node* node) {
  program_.tick();
  const bool keep_array = node->keep_array;
  Node* result = process_kind(node);
  if (keep_array) result->keep_array = true;
  return result;
}

Node* Analysis::process_kind(Node* node) {
  switch (node->kind) {
    case Kind::dot: return dot(node);
    case Kind::predicate: return predicate(node);
    case Kind::group: return group(node);
    case Kind::order_by: return order_by(node);
    case Kind::focus: return focus(node);
    case Kind::position: return position(node);
    case Kind::apply: return apply(node);
    case Kind::negate: return negate(node);
    case Kind::block: return block(node);
    case Kind::function:
    case Kind::partial: return call(node);
    case Kind::name: return name(node);
    case Kind::word:
      node->kind = Kind::name;
      return name(node);
    case Kind::parent:
      node->slot = &program_.slots.emplace_back();
      node->slot->label = "!" + std::to_string(labels_++);
      return node;
    case Kind::lambda:
      node->lhs = tail_calls(process(node->lhs));
      return node;
    case Kind::bind:
      node->rhs = process(node->rhs);
      push_ancestry(node, node->rhs);
      return node;
    case Kind::end: throw make_error("S0207", {.position = node->position, .token = "(end)"});
    default: return children(node);
  }
}

Node* Analysis::children(Node* node) {
  const bool ancestry = node->kind != Kind::transform;
  for (Node** child : {&node->lhs, &node->rhs, &node->third}) {
    if (!*child) continue;
    *child = process(*child);
    if (ancestry) push_ancestry(node, *child);
  }
  for (Node*& item : node->list) {
    item = process(item);
    push_ancestry(node, item);
  }
  if (node->group && node->kind == Kind::object) {
    for (auto& [key, value] : node->group->pairs) {
      key = process(key);
      push_ancestry(node, key);
      value = process(value);
      push_ancestry(node, value);
    }
  }
  return node;
}

Node* Analysis::make_path(Node* first) {
  Node& path = program_.nodes.emplace_back();
  path.kind = Kind::path;
  path.position = first->position;
  path.list.push_back(first);
  return &path;
}

Node* Analysis::name(Node* node) {
  Node* path = make_path(node);
  path->keep_singleton_array = node->keep_array;
  return path;
}

Node* Analysis::dot(Node* node) {
  Node* left = process(node->lhs);
  Node* path = left->kind == Kind::path ? left : make_path(left);
  if (left->kind == Kind::parent) path->seeking = {left->slot};
  Node* rest = process(node->rhs);
  if (rest->kind == Kind::path) {
    path->list.insert(path->list.end(), rest->list.begin(), rest->list.end());
  } else {
    if (!rest->predicates.empty()) {
      rest->stages.clear();
      move_predicates_to_stages(rest);
    }
    path->list.push_back(rest);
  }
  for (Node* step : path->list) {
    if (step->kind == Kind::number || step->kind == Kind::literal) {
      throw make_error("S0213", {.position = step->position, .token = std::string(step->text),
                                 .value = std::string(step->text)});
    }
    if (step->kind == Kind::string) step->kind = Kind::name;
    if (step->keep_array) path->keep_singleton_array = true;
  }
  if (path->list.front()->kind == Kind::array) path->list.front()->cons_array = true;
  if (path->list.back()->kind == Kind::array) path->list.back()->cons_array = true;
  resolve_ancestry(path);
  return path;
}

Node* Analysis::predicate(Node* node) {
  Node* result = process(node->lhs);
  Node* step = last_step(result);
  if (step->group && step->kind != Kind::object) {
    throw make_error("S0209", {.position = node->position});
  }
  Node* filter = process(node->rhs);
  for (Slot* slot : filter->seeking) {
    if (slot->level == 1) {
      seek_parent(step, slot);
    } else {
      --slot->level;
    }
  }
  if (!filter->seeking.empty()) push_ancestry(step, filter);
  if (result->kind == Kind::path) {
    step->stages.push_back({.filter = filter});
  } else {
    step->predicates.push_back(filter);
  }
  return result;
}

Node* Analysis::group(Node* node) {
  Node* result = process(node->lhs);
  if (result->kind == Kind::object) {
    // An object that is grouped again: the constructor becomes the only step of a block.
    Node& block = program_.nodes.emplace_back();
    block.kind = Kind::block;
    block.position = result->position;
    block.list.push_back(result);
    block.seeking = result->seeking;
    block.predicates = std::move(result->predicates);
    result->predicates.clear();
    result = &block;
  }
  if (result->group) throw make_error("S0210", {.position = node->position});
  result->group = std::move(node->group);
  for (auto& [key, value] : result->group->pairs) {
    key = process(key);
    value = process(value);
  }
  return result;
}

Node* Analysis::order_by(Node* node) {
  Node* result = process(node->lhs);
  if (result->kind != Kind::path) result = make_path(result);
  Node& sort = program_.nodes.emplace_back();
  sort.kind = Kind::sort;
  sort.position = node->position;
  sort.descending = node->descending;
  for (Node* term : node->list) {
    Node* processed = process(term);
    push_ancestry(&sort, processed);
    sort.list.push_back(processed);
  }
  result->list.push_back(&sort);
  resolve_ancestry(result);
  return result;
}

Node* Analysis::focus(Node* node) {
  Node* result = process(node->lhs);
  Node* step = last_step(result);
  if (!step->stages.empty() || !step->predicates.empty()) {
    throw make_error("S0215", {.position = node->position, .token = "@"});
  }
  if (step->kind == Kind::sort) {
    throw make_error("S0216", {.position = node->position, .token = "@"});
  }
  if (node->keep_array) step->keep_array = true;
  step->focus = node->rhs->text;
  step->tuple = true;
  return result;
}

Node* Analysis::position(Node* node) {
  Node* result = process(node->lhs);
  Node* step = last_step(result);
  if (result->kind != Kind::path) {
    result = make_path(result);
    move_predicates_to_stages(step);
  }
  if (step->stages.empty()) {
    step->index = node->rhs->text;
  } else {
    step->stages.push_back({.name = std::string(node->rhs->text)});
  }
  step->tuple = true;
  return result;
}

Node* Analysis::apply(Node* node) {
  node->lhs = process(node->lhs);
  node->rhs = process(node->rhs);
  node->keep_array = node->lhs->keep_array || node->rhs->keep_array;
  return node;
}

Node* Analysis::negate(Node* node) {
  Node* operand = process(node->lhs);
  if (operand->kind == Kind::number) {
    operand->value.number = -operand->value.number;
    operand->text = program_.keep(number_text(operand->value.number));
    return operand;
  }
  node->lhs = operand;
  push_ancestry(node, operand);
  return node;
}

Node* Analysis::block(Node* node) {
  for (Node*& part : node->list) {
    part = process(part);
    push_ancestry(node, part);
    if (part->cons_array || (part->kind == Kind::path && part->list.front()->cons_array)) {
      node->cons_array = true;
    }
  }
  return node;
}

Node* Analysis::call(Node* node) {
  for (Node*& argument : node->list) {
    argument = process(argument);
    push_ancestry(node, argument);
  }
  node->lhs = process(node->lhs);
  return node;
}

Node* Analysis::tail_calls(Node* node) {
  // What is still filtered or grouped is not the end of the function.
  if (!node->predicates.empty() || (node->group && node->kind != Kind::function)) return node;
  switch (node->kind) {
    case Kind::function:
      if (node->predicates.empty()) node->tail = true;
      break;
    case Kind::condition:
      node->rhs = tail_calls(node->rhs);
      if (node->third) node->third = tail_calls(node->third);
      break;
    case Kind::coalesce:
    case Kind::elvis: node->third = tail_calls(node->third); break;
    case Kind::block:
      if (!node->list.empty()) node->list.back() = tail_calls(node->list.back());
      break;
    default: break;
  }
  return node;
}

void Analysis::push_ancestry(Node* result, const Node* value) {
  result->seeking.insert(result->seeking.end(), value->seeking.begin(), value->seeking.end());
  if (value->kind == Kind::parent) result->seeking.push_back(value->slot);
}

void Analysis::seek_parent(Node* node, Slot* slot) {
  switch (node->kind) {
    case Kind::name:
    case Kind::wildcard:
      if (--slot->level == 0) {
        if (node->ancestor) slot->label = node->ancestor->label;
        node->ancestor = slot;
        node->tuple = true;
      }
      return;
    case Kind::parent: ++slot->level; return;
    case Kind::block:
      if (node->list.empty()) return;
      node->tuple = true;
      return seek_parent(node->list.back(), slot);
    case Kind::path: {
      node->tuple = true;
      std::size_t i = node->list.size();
      seek_parent(node->list[--i], slot);
      while (slot->level > 0 && i > 0) seek_parent(node->list[--i], slot);
      return;
    }
    default:
      throw make_error("S0217", {.position = node->position,
                                 .token = std::string(type_name(node->kind))});
  }
}

void Analysis::resolve_ancestry(Node* path) {
  Node* last = path->list.back();
  std::vector<Slot*> slots = last->seeking;
  if (last->kind == Kind::parent) slots.push_back(last->slot);
  for (Slot* slot : slots) {
    auto i = static_cast<std::ptrdiff_t>(path->list.size()) - 2;
    while (slot->level > 0) {
      if (i < 0) {
        path->seeking.push_back(slot);
        break;
      }
      const auto at = [&](std::ptrdiff_t k) { return path->list[static_cast<std::size_t>(k)]; };
      Node* step = at(i--);
      // Steps in a row that bind the context all stand on the same one.
      while (i >= 0 && !step->focus.empty() && !at(i)->focus.empty()) step = at(i--);
      seek_parent(step, slot);
    }
  }
}

std::string_view type_name(Kind kind) {
  switch (kind) {
    case Kind::path: return "path";
    case Kind::name: return "name";
    case Kind::variable: return "variable";
    case Kind::string: return "string";
    case Kind::number: return "number";
    case Kind::literal: return "value";
    case Kind::binary: return "binary";
    case Kind::negate:
    case Kind::array:
    case Kind::object: return "unary";
    case Kind::wildcard: return "wildcard";
    case Kind::descendant: return "descendant";
    case Kind::parent: return "parent";
    case Kind::condition:
    case Kind::coalesce:
    case Kind::elvis: return "condition";
    case Kind::block: return "block";
    case Kind::bind: return "bind";
    case Kind::regex: return "regex";
    case Kind::function: return "function";
    case Kind::partial: return "partial";
    case Kind::lambda: return "lambda";
    case Kind::apply: return "apply";
    case Kind::transform: return "transform";
    case Kind::sort: return "sort";
    default: return "operator";
  }
}

}  // namespace junctor::jsonata
