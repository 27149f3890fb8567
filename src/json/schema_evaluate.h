// The evaluation of a Program on a document, once for every model of a document.
//
// A Model offers: Value, kind, number, text, for_each_item, for_each_member, has_member, to_json,
// items_are_unique and has_repeated_keys. `collects` decides between the first error ending everything and every error
// being written down. Included by schema_evaluate_json.cpp and schema_evaluate_text.cpp only.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "json/equal.h"
#include "json/schema_run.h"
#include "json/schema_where.h"

namespace junctor::schema {

// A value as an error message shows it, bounded.
std::string shown(const Json& value);
std::size_t count_characters(std::string_view text);
bool are_unique(const std::vector<const Json*>& items);
// Judges a key by propertyNames.
bool check_key(Run& run, NodeId node, const Json& key, const Where<false>& at);
bool check_key(Run& run, NodeId node, const Json& key, const Where<true>& at);

template <typename Model, bool collects>
class Evaluator {
 public:
  using Value = typename Model::Value;
  using At = Where<collects>;
  // By value where it is empty: then it takes no register.
  using AtArgument = std::conditional_t<collects, const At&, At>;

  explicit Evaluator(Run& run) : run_(run), program_(run.program) {}

  bool check(NodeId id, Value value, Evaluated* outer, AtArgument at) {
    const Kinds kind = Model::kind(value);
    if constexpr (!collects) {
      id = program_.shortcut(id, kind);
      if (id >= never) return id == always;
    }
    // Whatever happens next is the last call: check keeps nothing on the stack.
    const Node& node = program_.nodes[id];
    if (!collects && kind == string_kind && node.logic == none) {
      if (node.values == none) return check_string(id, value, at);
      if (node.string == none) return check_values(id, value, at);
    }
    return check_rules(id, value, kind, outer, at);
  }

 private:
  // Whether a subschema accepts, when a rejection is information and no error.
  bool probe(NodeId id, Value value, Evaluated* evaluated) {
    const bool good = Evaluator<Model, false>(run_).check(id, value, evaluated, {});
    run_.is_doubtful = run_.is_doubtful || !good;
    return good;
  }

  static bool stop(bool good) { return !collects && !good; }

  bool check_rules(NodeId id, Value value, Kinds kind, Evaluated* outer, AtArgument at);
  bool check_deep(NodeId id, const Node& node, Value value, Kinds kind, Evaluated* outer,
                  AtArgument at);
  bool check_inside(NodeId id, const Node& node, Value value, Kinds kind, Evaluated* evaluated,
                    AtArgument at);
  bool check_logic(NodeId id, Value value, Kinds kind, Evaluated* evaluated, AtArgument at);
  bool check_any_of(NodeId id, const LogicRules& rules, Value value, Kinds kind,
                    Evaluated* evaluated, AtArgument at);
  bool check_one_of(NodeId id, const LogicRules& rules, Value value, Kinds kind,
                    Evaluated* evaluated, AtArgument at);
  bool check_condition(const LogicRules& rules, Value value, Evaluated* evaluated, AtArgument at);
  void explain_branches(const std::vector<NodeId>& branches, std::string_view keyword, Value value,
                        Kinds kind, AtArgument at);
  NodeId dynamic_target(const LogicRules& rules) const;

  bool check_number(NodeId id, Value value, AtArgument at);
  bool check_string(NodeId id, Value value, AtArgument at);
  bool check_pattern(NodeId id, const StringRules& rules, std::string_view text, AtArgument at);
  bool check_values(NodeId id, Value value, AtArgument at);

  bool check_array(NodeId id, Value value, Evaluated* evaluated, AtArgument at);
  bool check_contains(NodeId id, const ArrayRules& rules, Value value, Evaluated* evaluated,
                      AtArgument at);
  bool check_unique(NodeId id, Value value, AtArgument at);
  bool check_unevaluated_items(NodeId id, NodeId rule, Value value, Evaluated& evaluated,
                               AtArgument at);

  bool check_object(NodeId id, Value value, Evaluated* evaluated, AtArgument at);
  bool check_plain_object(const ObjectRules& rules, Value value);
  bool check_member(const ObjectRules& rules, std::uint32_t known, std::string_view key,
                    Value member, bool& declared, AtArgument at);
  bool check_name(const ObjectRules& rules, std::string_view key, AtArgument at);
  bool check_required(NodeId id, const ObjectRules& rules, Value value, std::uint64_t seen,
                      AtArgument at);
  bool check_dependencies(NodeId id, const ObjectRules& rules, Value value, Evaluated* evaluated,
                          AtArgument at);
  bool check_unevaluated_members(NodeId id, NodeId rule, Value value, Evaluated& evaluated,
                                 AtArgument at);

  bool wrong_type(NodeId id, const Node& node, Value value, Kinds kind, AtArgument at);

  // Writes an error down; `message` is only called when errors are collected.
  template <typename Message>
  bool fail(NodeId id, std::string_view keyword, AtArgument at, Message message) {
    if constexpr (collects) {
      if (run_.errors.size() >= run_.limits.max_errors) return false;
      SchemaError error;
      error.instance_path = at.instance_path();
      error.schema_path = at.schema_path();
      error.schema_uri = program_.locations[id];
      if (!keyword.empty()) {
        json::append_pointer_token(error.schema_path, keyword);
        json::append_pointer_token(error.schema_uri, keyword);
      }
      error.keyword = keyword;
      error.message = message();
      run_.errors.push_back(std::move(error));
    }
    return false;
  }
  bool abort(const char* bound) {
    run_.aborted = bound;
    return false;
  }

  Run& run_;
  const Program& program_;
};

}  // namespace junctor::schema

#include "json/schema_evaluate_containers.h"
#include "json/schema_evaluate_logic.h"
#include "json/schema_evaluate_scalars.h"
