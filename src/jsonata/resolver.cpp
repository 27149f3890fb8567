#include "jsonata/resolver.h"

#include <algorithm>

#include "jsonata/functions.h"

namespace junctor::jsonata {
namespace {

bool is_integer_key(std::string_view key) {
  return !key.empty() && key.front() >= '0' && key.front() <= '9';
}

bool is_bare(const Node& node) {
  const bool grouped = node.group && node.kind != Kind::path && node.kind != Kind::object;
  return node.predicates.empty() && !grouped && !node.keep_array;
}

bool is_plain_step(const Node& step) {
  return step.kind == Kind::name && step.stages.empty() && step.predicates.empty() &&
         !step.tuple && !step.keep_array && !step.group;
}

bool is_plain(const Node& path) {
  if (path.tuple || path.group || path.keep_singleton_array) return false;
  return std::all_of(path.list.begin(), path.list.end(),
                     [](const Node* step) { return step->plain_step; });
}

std::uint16_t plain_prefix(const Node& path) {
  const std::size_t most = std::min<std::size_t>(path.list.size() - 1, 0xFFFF);
  std::size_t count = 0;
  // Sorting wants a sequence before it.
  while (count < most && path.list[count]->plain_step && path.list[count + 1]->kind != Kind::sort) {
    ++count;
  }
  return static_cast<std::uint16_t>(count);
}

// Parentheses around one expression that nothing is done to.
bool is_transparent(const Node& node) {
  return node.kind == Kind::block && node.list.size() == 1 && is_bare(node) && !node.group &&
         node.stages.empty() && !node.tuple && !node.cons_array && node.focus.empty() &&
         node.index.empty() && node.scope->names.empty();
}

const Scope* tuple_scope(const Node* node) {
  if (node->kind == Kind::path) return node->scope;
  if (node->kind == Kind::block && !node->list.empty()) return tuple_scope(node->list.back());
  return nullptr;
}

bool has_plain_keys(const Group& group) {
  std::vector<std::string_view> keys;
  for (const auto& [key, value] : group.pairs) {
    if (key->kind != Kind::string || !key->predicates.empty() || key->group) return false;
    if (is_integer_key(key->text) || key->text.starts_with("_jsonata_")) return false;
    keys.push_back(key->text);
  }
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) == keys.end();
}

}  // namespace

std::uint32_t Scope::slot(std::string_view name) {
  if (const int found = find(name); found >= 0) return static_cast<std::uint32_t>(found);
  names.emplace_back(name);
  return static_cast<std::uint32_t>(names.size() - 1);
}

int Scope::find(std::string_view name) const {
  const auto at = std::find(names.begin(), names.end(), name);
  return at == names.end() ? -1 : static_cast<int>(at - names.begin());
}

void Resolver::run() {
  program_.root_scope = &program_.scopes.emplace_back();
  program_.root_scope->parent = outer_;
  for (const Pass pass : {Pass::declare, Pass::resolve}) {
    pass_ = pass;
    walk(program_.root, program_.root_scope);
  }
  if (program_.uses_eval) {
    for (Scope& scope : program_.scopes) scope.captured = true;
  }
}

Scope* Resolver::open(Node* node, Scope* parent) {
  if (pass_ == Pass::resolve) return mutable_scopes_.at(node->scope);
  Scope* scope = &program_.scopes.emplace_back();
  scope->parent = parent;
  node->scope = scope;
  mutable_scopes_[scope] = scope;
  return scope;
}

void Resolver::capture(Scope* scope) {
  for (const Scope* at = scope; at; at = at->parent) {
    if (!at->captured) const_cast<Scope*>(at)->captured = true;
  }
}

void Resolver::walk(Node* node, Scope* scope) {
  if (!node) return;
  program_.tick();
  node->bare = is_bare(*node);
  const bool literal = node->kind == Kind::string || node->kind == Kind::number ||
                       node->kind == Kind::literal;
  node->constant = literal && node->bare;
  node->plain_name = node->kind == Kind::name && node->bare;
  node->plain_step = is_plain_step(*node);
  switch (node->kind) {
    case Kind::path: return walk_path(node, scope);
    case Kind::lambda: return walk_lambda(node, scope);
    case Kind::block: walk_block(node, scope); break;
    case Kind::function:
    case Kind::partial: walk_call(node, scope); break;
    case Kind::variable:
      if (pass_ == Pass::declare) {
        if (node->text == "eval") program_.uses_eval = true;
      } else if (!node->text.empty()) {
        resolve(node, node->text, scope);
      }
      break;
    case Kind::parent:
      if (pass_ == Pass::resolve) resolve(node, node->slot->label, scope);
      break;
    case Kind::name:
      if (pass_ == Pass::declare) {
        node->value = Value::of(node->text);
        node->hint = program_.hints++;
      }
      break;
    case Kind::bind:
      if (pass_ == Pass::declare) node->hint = scope->slot(node->lhs->text);
      walk(node->rhs, scope);
      see_through(node->rhs);
      break;
    default:
      if (node->kind == Kind::transform && pass_ == Pass::declare) capture(scope);
      walk(node->lhs, scope);
      walk(node->rhs, scope);
      walk(node->third, scope);
      for (Node* item : node->list) walk(item, scope);
      see_through_operands(node);
  }
  Scope* around = node->kind == Kind::block ? stream_scope(node, scope) : scope;
  for (Node* filter : node->predicates) walk(filter, around);
  if (node->group) walk_pairs(*node->group, around);
}

// The filters of a block that gives tuples see the variables of these.
Scope* Resolver::stream_scope(Node* node, Scope* scope) {
  const Scope* inner = node->tuple ? tuple_scope(node) : nullptr;
  if (!inner) return scope;
  if (pass_ == Pass::resolve) return mutable_scopes_.at(node->stream_scope);
  Scope* around = &program_.scopes.emplace_back(*inner);
  around->parent = scope;
  around->captured = false;
  mutable_scopes_[around] = around;
  node->stream_scope = around;
  return around;
}

void Resolver::walk_pairs(Group& group, Scope* scope) {
  for (auto& [key, value] : group.pairs) {
    walk(key, scope);
    walk(value, scope);
    see_through(value);
  }
  group.plain_keys = has_plain_keys(group);
}

void Resolver::declare_tuple_names(Node* step, Scope* scope) {
  if (!step->focus.empty()) step->focus_slot = static_cast<int>(scope->slot(step->focus));
  if (!step->index.empty()) step->index_slot = static_cast<int>(scope->slot(step->index));
  if (step->ancestor) step->ancestor_slot = static_cast<int>(scope->slot(step->ancestor->label));
  for (Stage& stage : step->stages) {
    if (!stage.filter) stage.slot = scope->slot(stage.name);
  }
  if (const Scope* inner = tuple_scope(step)) {
    for (const std::string& name : inner->names) step->merge.push_back(scope->slot(name));
  }
}

void Resolver::walk_path(Node* node, Scope* scope) {
  node->first_variable = node->list.front()->kind == Kind::variable;
  Scope* inner = scope;
  for (Node* step : node->list) {
    if (step->tuple && inner == scope) {
      inner = open(node, scope);
      if (pass_ == Pass::declare) inner->slot("@");
    }
    walk(step, inner);
    for (Stage& stage : step->stages) walk(stage.filter, inner);
    if (pass_ == Pass::declare && inner != scope) declare_tuple_names(step, inner);
  }
  node->plain_names = is_plain(*node);
  node->plain_prefix = plain_prefix(*node);
  for (Node*& step : node->list) {
    Node* within = step;
    see_through(within);
    const bool only_evaluated = !within->tuple && within->stages.empty() && !within->cons_array;
    if (only_evaluated) step = within;
  }
  if (node->group) walk_pairs(*node->group, inner);
  for (Node* filter : node->predicates) walk(filter, scope);
}

void Resolver::walk_lambda(Node* node, Scope* scope) {
  if (pass_ == Pass::declare) capture(scope);
  Scope* inner = open(node, scope);
  if (pass_ == Pass::declare) {
    for (const Node* parameter : node->list) node->merge.push_back(inner->slot(parameter->text));
  }
  walk(node->lhs, inner);
  see_through(node->lhs);
  for (Node* filter : node->predicates) walk(filter, scope);
  if (node->group) walk_pairs(*node->group, scope);
}

void Resolver::walk_block(Node* node, Scope* scope) {
  Scope* inner = open(node, scope);
  for (Node* item : node->list) walk(item, inner);
}

void Resolver::walk_call(Node* node, Scope* scope) {
  if (pass_ == Pass::declare) {
    if (node->kind == Kind::partial) capture(scope);
    if (node->lhs->kind == Kind::path) {
      node->callee_name = &program_.nodes.emplace_back();
      node->callee_name->kind = Kind::variable;
      node->callee_name->text = node->lhs->list.front()->text;
    }
  } else if (node->callee_name && !node->callee_name->text.empty()) {
    resolve(node->callee_name, node->callee_name->text, scope);
  }
  walk(node->lhs, scope);
  for (Node*& argument : node->list) {
    walk(argument, scope);
    see_through(argument);
  }
}

void Resolver::see_through(Node*& child) const {
  while (pass_ == Pass::resolve && child && is_transparent(*child)) child = child->list.front();
}

void Resolver::see_through_operands(Node* node) const {
  switch (node->kind) {
    case Kind::binary:
    case Kind::condition:
    case Kind::coalesce:
    case Kind::elvis:
    case Kind::negate:
      see_through(node->lhs);
      see_through(node->rhs);
      see_through(node->third);
      return;
    case Kind::sort:
      for (Node*& term : node->list) see_through(term);
      return;
    default: return;
  }
}

void Resolver::resolve(Node* node, std::string_view name, const Scope* scope) {
  node->places.clear();
  std::uint32_t hops = 0;
  for (const Scope* at = scope; at; at = at->parent) {
    if (at->names.empty()) continue;  // has no frame
    if (const int slot = at->find(name); slot >= 0) {
      node->places.push_back({hops, static_cast<std::uint32_t>(slot)});
    }
    ++hops;
  }
  const auto [at, added] = program_.global_index.try_emplace(
      std::string(name), static_cast<std::uint32_t>(program_.globals.size()));
  if (added) {
    program_.globals.emplace_back(name);
    program_.global_defaults.push_back(builtin_value(name));
  }
  node->global = at->second;
}

}  // namespace junctor::jsonata
