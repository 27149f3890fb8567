// A YAML (or JSON) text as a tree that knows its lines.
//
// YAML 1.2 core schema: only true, false, null, ~ and numbers are no text, so `no` and `on` stay
// texts. Anchors and aliases are copied within the bound on nodes; `<<` merges mappings.
//
// Threads: values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "junctor/json.h"
#include "junctor/result.h"

namespace junctor::connector {

enum class NodeKind { null, boolean, integer, number, text, list, map };

struct Entry;

struct Node {
  NodeKind kind = NodeKind::null;
  int line = 0;       // 1-based
  bool truth = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;   // of a scalar: as it stands in the source
  std::vector<Node> items;
  std::vector<Entry> entries;

  const Node* find(std::string_view key) const;
};

struct Entry {
  std::string first;
  Node second;
};

// What stands there, in words for a message: text "abc", a list, nothing.
std::string describe(const Node& node);

// Without lines.
Json to_json(const Node& node);

struct DocumentLimits {
  std::size_t max_bytes = 4u << 20;
  std::size_t max_depth = 64;
  std::size_t max_nodes = 200'000;  // after aliases are copied
};

// Exactly one document. Problems: too long, too deep, too many nodes (aliases of aliases), more than
// one document, invalid UTF-8, syntax, repeated keys, keys that are no scalars.
Result<Node> parse_document(std::string_view text, const std::string& file, DocumentLimits limits = {});

}  // namespace junctor::connector
