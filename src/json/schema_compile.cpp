#include "json/schema_compile.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "json/schema_shortcuts.h"
#include "json/serialize.h"

namespace junctor::schema {
namespace {

// The nodes that judge the same value as this one.
template <typename Visit>
void for_each_in_place(const Program& program, NodeId id, Visit visit) {
  const Node& node = program.nodes[id];
  if (node.logic != none) {
    const LogicRules& rules = program.logic[node.logic];
    visit(rules.ref);
    if (rules.dynamic_name == none) visit(rules.dynamic_ref);
    for (const auto* list : {&rules.all_of, &rules.any_of, &rules.one_of}) {
      for (NodeId child : *list) visit(child);
    }
    for (NodeId child : {rules.negated, rules.condition, rules.then, rules.otherwise}) visit(child);
  }
  if (node.object != none) {
    for (const auto& dependency : program.objects[node.object].dependencies) visit(dependency.node);
  }
}

Kinds plausible_of_logic(const Program& program, const LogicRules& rules) {
  Kinds kinds = any_kind;
  const auto of = [&](NodeId id) { return program.nodes[id].plausible; };
  if (rules.ref != none) kinds = kinds & of(rules.ref);
  for (NodeId child : rules.all_of) kinds = kinds & of(child);
  for (const auto* list : {&rules.any_of, &rules.one_of}) {
    if (list->empty()) continue;
    Kinds any = 0;
    for (NodeId child : *list) any = any | of(child);
    kinds = kinds & any;
  }
  return kinds;
}

Kinds kinds_of_values(const ValueRules& rules) {
  Kinds kinds = 0;
  for (const Json& value : rules.values) {
    switch (value.kind()) {
      case boost::json::kind::null: kinds |= null_kind; break;
      case boost::json::kind::bool_: kinds |= boolean_kind; break;
      case boost::json::kind::object: kinds |= object_kind; break;
      case boost::json::kind::array: kinds |= array_kind; break;
      case boost::json::kind::string: kinds |= string_kind; break;
      default: kinds |= number_kinds; break;
    }
  }
  return kinds;
}

}  // namespace

std::string describe(const Json& value) { return excerpt(json::to_text(value)); }

Result<Program> Compiler::compile(const Json& schema) {
  Dialect dialect;
  const Place root = documents_.add(schema, options_.base_uri, dialect);
  program_.root = node_of(root);
  finish();
  if (!problems_.empty()) return std::move(problems_);
  refuse_circles();
  if (!problems_.empty()) return std::move(problems_);
  find_plausible_kinds();
  find_plain_objects();
  program_.shortcuts = find_shortcuts(program_);
  return std::move(program_);
}

NodeId Compiler::node_of(const Place& place) {
  const auto [known, is_new] =
      known_.emplace(place.value, static_cast<NodeId>(program_.nodes.size()));
  if (!is_new) return known->second;
  Node node;
  node.resource = place.resource;
  program_.nodes.push_back(node);
  program_.locations.push_back(documents_.location(place));
  work_.push_back({known->second, place});
  return known->second;
}

void Compiler::finish() {
  do {
    while (!work_.empty()) {
      if (program_.nodes.size() > options_.max_nodes) {
        documents_.report(work_.front().place, "", "more subschemas than the bound of " +
                          std::to_string(options_.max_nodes), "a smaller schema");
        return;
      }
      const Work work = std::move(work_.front());
      work_.pop_front();
      compile_node(work);
    }
    compile_dynamic_anchors();
  } while (!work_.empty());
}

void Compiler::compile_node(const Work& work) {
  const Json& value = *work.place.value;
  if (value.is_bool()) {
    if (value.get_bool()) return;
    program_.nodes[work.id].types = 0;
    program_.nodes[work.id].is_false = true;
    return;
  }
  if (!value.is_object()) {
    documents_.report(work.place, "", describe(value), "a schema: an object, true or false");
    return;
  }
  const Dialect dialect = documents_.resource(work.place.resource).dialect;
  const Subject at{work.id, work.place, value.get_object(), dialect};
  compile_references(at);
  if (dialect.ref_hides_siblings() && at.schema.contains("$ref")) return;
  if (dialect.validation) {
    compile_types(at);
    compile_values(at);
    compile_number(at);
  }
  compile_string(at);
  compile_array(at);
  compile_object(at);
  if (dialect.applicator) compile_logic(at);
  if (dialect.unevaluated && dialect.is_modern()) compile_unevaluated(at);
}

LogicRules& Compiler::logic_of(NodeId id) {
  if (program_.nodes[id].logic == none) {
    program_.nodes[id].logic = static_cast<std::uint32_t>(program_.logic.size());
    program_.logic.emplace_back();
  }
  return program_.logic[program_.nodes[id].logic];
}

void Compiler::compile_references(const Subject& at) {
  if (const Json* ref = get(at, "$ref")) {
    if (!ref->is_string()) {
      wrong(at, "$ref", *ref, "a URI reference");
    } else if (const auto target =
                   documents_.resolve(at.place, "$ref", std::string_view(ref->get_string()))) {
      const NodeId node = node_of(*target);
      logic_of(at.id).ref = node;
      logic_of(at.id).ref_keyword = "$ref";
    }
  }
  if (at.dialect.draft == Draft::v2020_12) compile_dynamic_reference(at, "$dynamicRef");
  if (at.dialect.draft == Draft::v2019_09) compile_dynamic_reference(at, "$recursiveRef");
}

void Compiler::compile_dynamic_reference(const Subject& at, std::string_view keyword) {
  const Json* ref = get(at, keyword);
  if (ref == nullptr) return;
  if (!ref->is_string()) return wrong(at, keyword, *ref, "a URI reference");
  const std::string text(ref->get_string().begin(), ref->get_string().end());
  const auto target = documents_.resolve(at.place, keyword, text);
  if (!target) return;
  const NodeId node = node_of(*target);
  LogicRules& rules = logic_of(at.id);
  rules.dynamic_ref = node;
  rules.dynamic_keyword = keyword;
  // Dynamic only if what it means at first was made by a dynamic anchor of that name.
  const auto hash = text.find('#');
  const std::string fragment = hash == std::string::npos ? "" : text.substr(hash + 1);
  const auto& anchors = documents_.resource(target->resource).dynamic_anchors;
  const auto anchor = anchors.find(fragment);
  const bool by_pointer = fragment.empty() && keyword == "$dynamicRef";
  if (by_pointer || anchor == anchors.end() || anchor->second.value != target->value) return;
  rules.dynamic_name = dynamic_name(fragment);
  program_.is_dynamic = true;
}

std::uint32_t Compiler::dynamic_name(const std::string& name) {
  return dynamic_names_.emplace(name, static_cast<std::uint32_t>(dynamic_names_.size()))
      .first->second;
}

// Anchors that a dynamic reference may reach at run time are compiled though nothing names them.
void Compiler::compile_dynamic_anchors() {
  for (const auto& [name, number] : dynamic_names_) {
    for (std::uint32_t i = 0; i < documents_.resource_count(); ++i) {
      const auto& anchors = documents_.resource(i).dynamic_anchors;
      const auto anchor = anchors.find(name);
      if (anchor == anchors.end() || program_.dynamic_target(i, number) != none) continue;
      program_.dynamic_anchors.push_back({i, number, node_of(anchor->second)});
    }
  }
}

void Compiler::compile_logic(const Subject& at) {
  LogicRules rules;
  bool any = read_schemas(at, "allOf", rules.all_of);
  any |= read_schemas(at, "anyOf", rules.any_of);
  any |= read_schemas(at, "oneOf", rules.one_of);
  any |= read_schema(at, "not", rules.negated);
  if (at.dialect.draft >= Draft::draft_07 && read_schema(at, "if", rules.condition)) {
    any = true;
    read_schema(at, "then", rules.then);
    read_schema(at, "else", rules.otherwise);
  }
  if (!any) return;
  LogicRules& own = logic_of(at.id);
  rules.ref = own.ref;
  rules.ref_keyword = own.ref_keyword;
  rules.dynamic_ref = own.dynamic_ref;
  rules.dynamic_keyword = own.dynamic_keyword;
  rules.dynamic_name = own.dynamic_name;
  own = std::move(rules);
}

// Starts from "anything" and only takes away, so every round is sound; a few reach through the
// usual chains of references.
void Compiler::find_plausible_kinds() {
  for (int round = 0; round < 6; ++round) {
    for (std::size_t i = program_.nodes.size(); i-- > 0;) {
      Node& node = program_.nodes[i];
      Kinds kinds = node.types;
      if (node.values != none) kinds = kinds & kinds_of_values(program_.values[node.values]);
      if (node.logic != none) kinds = kinds & plausible_of_logic(program_, program_.logic[node.logic]);
      node.plausible = kinds;
    }
  }
}

void Compiler::find_plain_objects() {
  for (ObjectRules& rules : program_.objects) {
    rules.is_plain = rules.names.size() <= 64 && rules.patterns.empty() &&
                     rules.property_names == none && rules.dependencies.empty() &&
                     rules.unevaluated == none && rules.min_properties == 0 &&
                     rules.max_properties == UINT64_MAX;
    for (Member& member : rules.members) {
      member.judge = member.node == none ? rules.additional : member.node;
    }
  }
}

void Compiler::refuse_circles() {
  enum : std::uint8_t { unseen, open, done };
  std::vector<std::uint8_t> state(program_.nodes.size(), unseen);
  std::vector<std::pair<NodeId, bool>> stack;
  for (NodeId start = 0; start < program_.nodes.size(); ++start) {
    stack.emplace_back(start, false);
    while (!stack.empty()) {
      const auto [id, leaving] = stack.back();
      stack.pop_back();
      if (leaving) {
        state[id] = done;
        continue;
      }
      if (state[id] != unseen) continue;
      state[id] = open;
      stack.emplace_back(id, true);
      for_each_in_place(program_, id, [&, from = id](NodeId next) {
        if (next == none || state[next] == done) return;
        if (state[next] == unseen) {
          stack.emplace_back(next, false);
        } else if (problems_.size() < 100) {
          Problem problem;
          problem.path = program_.locations[from];
          problem.found = "a reference that comes back to " + program_.locations[next] +
                          " without looking at any part of the document";
          problem.expected = "references that end";
          problems_.push_back(std::move(problem));
        }
      });
    }
  }
}

}  // namespace junctor::schema
