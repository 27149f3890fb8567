#include "connector/document.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <boost/json/value.hpp>
#include <charconv>
#include <map>
#include <set>
#include <sstream>

#include "base/text.h"
#include "json/serialize.h"

namespace junctor::connector {
namespace {

struct Stop {
  Problem problem;
};

// Plain scalars of the core schema.
void resolve_plain(Node& node) {
  const std::string& t = node.text;
  if (t.empty() || t == "~" || t == "null" || t == "Null" || t == "NULL") {
    node.kind = NodeKind::null;
    return;
  }
  const bool yes = t == "true" || t == "True" || t == "TRUE";
  if (yes || t == "false" || t == "False" || t == "FALSE") {
    node.kind = NodeKind::boolean;
    node.truth = yes;
    return;
  }
  const char* first = t.data() + (t.front() == '+' ? 1 : 0);
  const char* last = t.data() + t.size();
  const auto whole = std::from_chars(first, last, node.integer);
  if (whole.ec == std::errc() && whole.ptr == last) {
    node.kind = NodeKind::integer;
    return;
  }
  if (t.size() > 2 && t[0] == '0' && t[1] == 'x') {
    const auto hex = std::from_chars(t.data() + 2, last, node.integer, 16);
    if (hex.ec == std::errc() && hex.ptr == last) {
      node.kind = NodeKind::integer;
      return;
    }
  }
  const bool digits = t.find_first_of("0123456789") != std::string::npos &&
                      t.find_first_not_of("0123456789.eE+-") == std::string::npos;
  const auto real = std::from_chars(first, last, node.number);
  node.kind = digits && real.ec == std::errc() && real.ptr == last ? NodeKind::number : NodeKind::text;
}

class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string file, DocumentLimits limits) : file_(std::move(file)), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.line = mark.line + 1;
    leaf(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) stop(mark.line + 1, "an alias inside its own anchor", "a value");
    count(known->second.second, mark.line + 1);
    Node copy = known->second.first;
    if (stack_.size() + depth_of(copy) > limits_.max_depth) too_deep(mark.line + 1);
    for (Open& open : stack_) open.nodes += known->second.second;
    attach(std::move(copy));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.line = mark.line + 1;
    node.text = value;
    node.kind = NodeKind::text;
    if (tag == "?" || tag.empty()) resolve_plain(node);
    else if (tag != "!" && tag != "tag:yaml.org,2002:str") {
      stop(node.line, "the tag " + tag, "no tags in a definition");
    }
    leaf(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(NodeKind::list, mark.line + 1, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(NodeKind::map, mark.line + 1, anchor);
  }
  void OnMapEnd() override { close(); }

  Node take_root() { return std::move(root_); }
  std::vector<Problem> take_problems() { return std::move(problems_); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::size_t nodes = 1;
    bool has_key = false;
    std::string key;
    std::set<std::string> keys;
    std::vector<Node> merges;
  };

  [[noreturn]] void stop(int line, std::string found, std::string expected) const {
    throw Stop{{"", line, std::move(found), std::move(expected), file_}};
  }
  [[noreturn]] void too_deep(int line) const {
    stop(line, "more than " + std::to_string(limits_.max_depth) + " levels of nesting", "a flatter document");
  }
  void count(std::size_t nodes, int line) {
    total_ += nodes;
    if (total_ > limits_.max_nodes) {
      stop(line, "more than " + std::to_string(limits_.max_nodes) + " values, aliases copied",
           "a smaller document");
    }
  }
  static std::size_t depth_of(const Node& node) {
    std::size_t deepest = 0;
    for (const Node& item : node.items) deepest = std::max(deepest, depth_of(item));
    for (const auto& entry : node.entries) deepest = std::max(deepest, depth_of(entry.second));
    return deepest + 1;
  }
  void leaf(Node node, YAML::anchor_t anchor) {
    count(1, node.line);
    for (Open& one : stack_) ++one.nodes;
    if (anchor != 0) anchors_[anchor] = {node, 1};
    attach(std::move(node));
  }
  void open(NodeKind kind, int line, YAML::anchor_t anchor) {
    if (stack_.size() >= limits_.max_depth) too_deep(line);
    count(1, line);
    for (Open& one : stack_) ++one.nodes;
    Open fresh;
    fresh.node.kind = kind;
    fresh.node.line = line;
    fresh.anchor = anchor;
    stack_.push_back(std::move(fresh));
  }
  void close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    for (Node& merged : done.merges) merge(done, std::move(merged));
    if (done.anchor != 0) {
      count(done.nodes, done.node.line);
      anchors_[done.anchor] = {done.node, done.nodes};
    }
    attach(std::move(done.node));
  }
  void merge(Open& into, Node from) {
    if (from.kind == NodeKind::list) {
      for (Node& item : from.items) merge(into, std::move(item));
      return;
    }
    if (from.kind != NodeKind::map) stop(from.line, describe(from), "a mapping, or a list of them, after <<");
    for (auto& [key, value] : from.entries) {
      if (into.keys.insert(key).second) into.node.entries.push_back({key, std::move(value)});
    }
  }
  void attach(Node node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& top = stack_.back();
    if (top.node.kind == NodeKind::list) {
      top.node.items.push_back(std::move(node));
    } else if (!top.has_key) {
      take_key(top, node);
    } else {
      top.has_key = false;
      if (top.key == "<<") top.merges.push_back(std::move(node));
      else if (top.keys.insert(top.key).second) top.node.entries.push_back({std::move(top.key), std::move(node)});
      else problems_.push_back({"", node.line, "the key \"" + top.key + "\" twice in one mapping",
                                "each key once", file_});
    }
  }
  void take_key(Open& top, const Node& node) {
    if (node.kind == NodeKind::list || node.kind == NodeKind::map) {
      stop(node.line, describe(node) + " as a key", "a text");
    }
    top.key = node.text;
    top.has_key = true;
  }

  std::string file_;
  DocumentLimits limits_;
  std::size_t total_ = 0;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, std::pair<Node, std::size_t>> anchors_;
  std::vector<Problem> problems_;
  Node root_;
};

// yaml-cpp reports a tab, an open bracket and the like; its sentence stands as what was found.
Result<Node> run(std::string_view text, const std::string& file, DocumentLimits limits) {
  std::istringstream stream{std::string(text)};
  Builder builder(file, limits);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return Problem{"", 1, "an empty document", "a definition", file};
    Builder second(file, limits);
    if (parser.HandleNextDocument(second)) {
      return Problem{"", 0, "more than one document", "one document per file", file};
    }
  } catch (const Stop& stop) {
    auto problems = builder.take_problems();
    problems.push_back(stop.problem);
    return problems;
  } catch (const YAML::Exception& fault) {
    const int line = fault.mark.is_null() ? 0 : fault.mark.line + 1;
    return Problem{"", line, fault.msg, "valid YAML", file};
  }
  if (auto problems = builder.take_problems(); !problems.empty()) return problems;
  return builder.take_root();
}

// Otherwise line is where it is none.
bool is_text(std::string_view text, int& line) {
  line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0 || text[i] == '\0') return false;
    if (text[i] == '\n') ++line;
    i += length;
  }
  return true;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.first == key) return &entry.second;
  }
  return nullptr;
}

std::string describe(const Node& node) {
  constexpr std::size_t shown = 60;
  switch (node.kind) {
    case NodeKind::null: return "nothing";
    case NodeKind::list: return "a list";
    case NodeKind::map: return "a mapping";
    case NodeKind::text:
      return json::to_text(Json(node.text.substr(0, shown))) + (node.text.size() > shown ? "…" : "");
    default: return node.text;
  }
}

Json to_json(const Node& node) {
  switch (node.kind) {
    case NodeKind::null: return nullptr;
    case NodeKind::boolean: return node.truth;
    case NodeKind::integer: return node.integer;
    case NodeKind::number: return node.number;
    case NodeKind::text: return Json(node.text);
    case NodeKind::list: {
      JsonArray out;
      for (const Node& item : node.items) out.push_back(to_json(item));
      return out;
    }
    case NodeKind::map: {
      JsonObject out;
      for (const auto& [key, value] : node.entries) out.emplace(key, to_json(value));
      return out;
    }
  }
  return nullptr;
}

Result<Node> parse_document(std::string_view text, const std::string& file, DocumentLimits limits) {
  if (text.size() > limits.max_bytes) {
    return Problem{"", 0, std::to_string(text.size()) + " bytes",
                   "at most " + std::to_string(limits.max_bytes), file};
  }
  int line = 0;
  if (!is_text(text, line)) return Problem{"", line, "bytes that are no text", "UTF-8", file};
  return run(text, file, limits);
}

}  // namespace junctor::connector
