// From documents to a Program: one worklist of subschemas, each compiled once.
//
// Threads: one caller, one use.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "json/schema_documents.h"
#include "json/schema_program.h"

namespace junctor::schema {

class Compiler {
 public:
  explicit Compiler(const SchemaOptions& options)
      : options_(options), documents_(options, problems_) {}

  Result<Program> compile(const Json& schema);

 private:
  // The subschema being compiled, and what it is made of.
  struct Subject {
    NodeId id;
    Place place;
    const JsonObject& schema;
    Dialect dialect;
  };
  struct Work {
    NodeId id;
    Place place;
  };

  NodeId node_of(const Place& place);
  void compile_node(const Work& work);
  void finish();

  // References (schema_compile.cpp).
  void compile_references(const Subject& at);
  void compile_dynamic_reference(const Subject& at, std::string_view keyword);
  void compile_dynamic_anchors();
  std::uint32_t dynamic_name(const std::string& name);
  void compile_logic(const Subject& at);
  void find_plausible_kinds();
  void find_plain_objects();
  void refuse_circles();

  // Assertions and the applicators of one kind of value (schema_compile_rules.cpp).
  void compile_types(const Subject& at);
  void compile_values(const Subject& at);
  void compile_number(const Subject& at);
  void compile_string(const Subject& at);
  void compile_array(const Subject& at);
  void compile_array_applicators(const Subject& at, ArrayRules& rules, bool& any);
  void compile_object(const Subject& at);
  void compile_members(const Subject& at, ObjectRules& rules, bool& any);
  bool compile_required(const Subject& at, ObjectRules& rules, std::vector<std::string>& names);
  void compile_dependencies(const Subject& at, ObjectRules& rules, bool& any);
  void compile_unevaluated(const Subject& at);

  // Readers of keyword values; a wrong value is a problem and reads as absent.
  const Json* get(const Subject& at, std::string_view keyword) const;
  void wrong(const Subject& at, std::string_view keyword, const Json& found, std::string expected);
  bool read_count(const Subject& at, std::string_view keyword, std::uint64_t& out);
  bool read_number(const Subject& at, std::string_view keyword, json::Number& out);
  bool read_schema(const Subject& at, std::string_view keyword, NodeId& out);
  bool read_schemas(const Subject& at, std::string_view keyword, std::vector<NodeId>& out);
  bool read_names(const Subject& at, std::string_view keyword, const Json& value,
                  std::vector<std::string>& out);
  std::uint32_t pattern_of(const Subject& at, std::string_view keyword, std::string_view text);
  LogicRules& logic_of(NodeId id);
  ArrayRules& array_of(NodeId id);
  ObjectRules& object_of(NodeId id);

  const SchemaOptions& options_;
  std::vector<Problem> problems_;
  Documents documents_;
  Program program_;
  std::unordered_map<const Json*, NodeId> known_;
  std::deque<Work> work_;
  std::map<std::string, std::uint32_t> patterns_;
  std::map<std::string, std::uint32_t> dynamic_names_;
};

// "the number 12", "a string", … bounded.
std::string describe(const Json& value);

}  // namespace junctor::schema
