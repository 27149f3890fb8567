// The compiled form of a schema: flat tables that refer to each other by index.
//
// Invariants: 1. every index is `none` or valid. 2. nothing changes after compile.
// 3. nodes that apply to the same value (ref, all_of, …) form no circle without a $dynamicRef.
//
// Threads: immutable, any thread.
#pragma once

#include <bit>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/name_table.h"
#include "json/number.h"
#include "json/pattern.h"
#include "json/schema_format.h"

namespace junctor::schema {

using NodeId = std::uint32_t;
inline constexpr std::uint32_t none = 0xffffffff;
// Answers that stand where a node could: whatever the value is, it passes or it does not.
inline constexpr NodeId always = 0xfffffffe;
inline constexpr NodeId never = 0xfffffffd;

// Kinds of values as bits; a JSON Schema "number" is integer or fraction.
using Kinds = std::uint8_t;
inline constexpr Kinds null_kind = 1;
inline constexpr Kinds boolean_kind = 2;
inline constexpr Kinds object_kind = 4;
inline constexpr Kinds array_kind = 8;
inline constexpr Kinds string_kind = 16;
inline constexpr Kinds integer_kind = 32;
inline constexpr Kinds fraction_kind = 64;
inline constexpr Kinds number_kinds = integer_kind | fraction_kind;
inline constexpr Kinds any_kind = 127;

// Integer or fraction. Calls nothing: it is asked of every value.
inline Kinds kind_of(double number) {
  constexpr double all_beyond_are_whole = 4503599627370496.0;
  const bool is_whole = number < all_beyond_are_whole && number > -all_beyond_are_whole
                            ? number == static_cast<double>(static_cast<std::int64_t>(number))
                            : number == number;
  return is_whole ? integer_kind : fraction_kind;
}

// The number of a kind, from 0.
inline std::size_t slot_of(Kinds kind) { return static_cast<std::size_t>(std::countr_zero(kind)); }
inline constexpr std::size_t kind_slots = 8;

// "string or null".
std::string words_of(Kinds kinds);

// One subschema. What it says about one kind of value stands in that kind's table.
struct Node {
  Kinds types = any_kind;      // `type`; nothing passes the schema `false`
  Kinds plausible = any_kind;  // what can pass at all, references included
  bool tracks = false;         // has unevaluatedItems or unevaluatedProperties
  bool is_false = false;
  std::uint32_t resource = 0;
  std::uint32_t number = none;
  std::uint32_t string = none;
  std::uint32_t array = none;
  std::uint32_t object = none;
  std::uint32_t values = none;  // const, enum
  std::uint32_t logic = none;
};

struct NumberRules {
  enum Has : std::uint8_t { minimum_bit = 1, above_bit = 2, maximum_bit = 4, below_bit = 8, multiple_bit = 16 };
  std::uint8_t has = 0;
  json::Number minimum, above, maximum, below, multiple_of;
};

struct StringRules {
  std::uint64_t min_length = 0;
  std::uint64_t max_length = UINT64_MAX;
  std::uint32_t pattern = none;
  FormatCheck format = nullptr;
  std::string format_name;
};

struct ArrayRules {
  std::uint64_t min_items = 0;
  std::uint64_t max_items = UINT64_MAX;
  std::vector<NodeId> prefix;
  NodeId items = none;
  bool prefix_is_items = false;  // said as a list in `items`, what follows as `additionalItems`
  NodeId contains = none;
  std::uint64_t min_contains = 1;
  std::uint64_t max_contains = UINT64_MAX;
  bool contains_evaluates = true;  // since 2020-12
  bool unique = false;
  NodeId unevaluated = none;
};

// What a schema says about a member it names.
struct Member {
  NodeId node = none;
  bool required = false;
  NodeId judge = none;  // node, or else the rule for additional members
};

struct ObjectRules {
  json::NameTable names;        // of properties in their order, then of required
  std::vector<Member> members;  // by position in names
  std::uint64_t required = 0;   // bit i: member i must be there; the first 64
  std::vector<std::uint32_t> late_required;  // positions beyond
  NodeId additional = none;
  NodeId property_names = none;
  std::uint64_t min_properties = 0;
  std::uint64_t max_properties = UINT64_MAX;
  struct ByPattern {
    std::uint32_t pattern = none;
    NodeId node = none;
  };
  std::vector<ByPattern> patterns;
  struct Dependency {
    std::string name;
    std::vector<std::string> requires_names;
    NodeId node = none;
    std::string_view keyword;
  };
  std::vector<Dependency> dependencies;
  NodeId unevaluated = none;
  // Nothing counts but what the members' names lead to and which of at most 64 names are there.
  bool is_plain = false;
  bool has_properties = false;  // `properties` or `patternProperties` is present
  // Whether the members beyond the named ones matter: decides if repeated keys need a closer look.
  bool counts_members = false;
  struct Default {
    std::string name;
    Json value;
  };
  std::vector<Default> defaults;
};

struct ValueRules {
  bool is_const = false;
  bool only_strings = false;
  json::NameTable strings;    // when only_strings
  std::vector<Json> values;
};

struct LogicRules {
  NodeId ref = none;
  std::string_view ref_keyword;
  NodeId dynamic_ref = none;           // what it means when the dynamic scope has nothing better
  std::string_view dynamic_keyword;    // "$dynamicRef" or "$recursiveRef"
  std::uint32_t dynamic_name = none;   // none: it is an ordinary reference
  std::vector<NodeId> all_of, any_of, one_of;
  NodeId negated = none;
  NodeId condition = none, then = none, otherwise = none;
};

// A $dynamicAnchor of a resource.
struct DynamicAnchor {
  std::uint32_t resource = 0;
  std::uint32_t name = 0;
  NodeId node = none;
};

struct Program {
  std::vector<Node> nodes;
  std::vector<NumberRules> numbers;
  std::vector<StringRules> strings;
  std::vector<ArrayRules> arrays;
  std::vector<ObjectRules> objects;
  std::vector<ValueRules> values;
  std::vector<LogicRules> logic;
  std::vector<json::Pattern> patterns;
  std::vector<std::string> pattern_texts;
  std::vector<DynamicAnchor> dynamic_anchors;
  std::vector<std::string> locations;  // by node: URI and pointer
  NodeId root = 0;
  bool is_dynamic = false;  // some reference depends on the way taken
  std::vector<NodeId> shortcuts;  // by node and kind (schema_shortcuts.h)

  // The node that decides in `id`'s place on values of that kind, `always` or `never`.
  NodeId shortcut(NodeId id, Kinds kind) const { return shortcuts[id * kind_slots + slot_of(kind)]; }

  // The node of that dynamic anchor in that resource, or none.
  NodeId dynamic_target(std::uint32_t resource, std::uint32_t name) const {
    for (const DynamicAnchor& anchor : dynamic_anchors) {
      if (anchor.resource == resource && anchor.name == name) return anchor.node;
    }
    return none;
  }
};

}  // namespace junctor::schema
