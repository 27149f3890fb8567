#include "json/pattern_dfa.h"

#include <algorithm>
#include <bitset>
#include <map>
#include <string>

namespace junctor::json {
namespace {

using Bytes = std::bitset<256>;

constexpr int max_nodes = 2000;
constexpr int max_work = 20000;  // nodes ever made: nested quantifiers parse their inside again
constexpr std::size_t max_states = 256;
constexpr std::size_t max_build_steps = 4'000'000;  // of the subset construction: some 50 ms
constexpr int max_nesting = 30;

// Thompson's construction: a node either reads a byte of its set, or splits, or accepts.
struct Node {
  Bytes reads;
  int out = -1;
  int also = -1;  // a second way without reading
  bool splits = false;
  bool accepts = false;
};

struct Fragment {
  int start = -1;
  int end = -1;  // a split node whose `out` is still open
};

struct Unsupported {};

class NfaParser {
 public:
  explicit NfaParser(std::string_view pattern) : text_(pattern) {}

  // Answers the start node.
  int parse();
  std::vector<Node> take_nodes() { return std::move(nodes_); }
  bool anchored_start() const { return anchored_start_; }
  bool anchored_end() const { return anchored_end_; }

 private:
  int add(Node node) {
    if (nodes_.size() >= max_nodes || ++work_ > max_work) throw Unsupported();
    nodes_.push_back(node);
    return static_cast<int>(nodes_.size()) - 1;
  }
  int add_split(int out = -1, int also = -1) {
    Node node;
    node.splits = true;
    node.out = out;
    node.also = also;
    return add(node);
  }
  Fragment empty() {
    const int node = add_split();
    return {node, node};
  }
  Node& at(int index) { return nodes_[static_cast<std::size_t>(index)]; }
  Fragment set(const Bytes& bytes);
  Fragment bytes_in_turn(std::initializer_list<Bytes> sets);
  Fragment either(Fragment a, Fragment b);
  Fragment after(Fragment a, Fragment b);
  Fragment non_ascii(bool line_separators);
  Fragment with_non_ascii(const Bytes& ascii, bool line_separators);

  Fragment alternation(int depth);
  Fragment sequence(int depth);
  Fragment quantified(int depth);
  Fragment atom(int depth);
  Fragment bracket();
  Fragment repeated(std::size_t from, int depth, int low, int high);
  Bytes escape_class(char c, bool& known);
  unsigned char literal_escape();
  int bound();
  bool more() const { return pos_ < text_.size(); }

  std::string_view text_;
  std::size_t pos_ = 0;
  std::vector<Node> nodes_;
  int work_ = 0;
  bool anchored_start_ = false;
  bool anchored_end_ = false;
};

Bytes range(int low, int high) {
  Bytes bytes;
  for (int b = low; b <= high; ++b) bytes.set(static_cast<std::size_t>(b));
  return bytes;
}
Bytes word_bytes() { return range('a', 'z') | range('A', 'Z') | range('0', '9') | range('_', '_'); }

Fragment NfaParser::set(const Bytes& bytes) {
  Node node;
  node.reads = bytes;
  const int end = add_split();
  node.out = end;
  return {add(node), end};
}

Fragment NfaParser::bytes_in_turn(std::initializer_list<Bytes> sets) {
  Fragment all = empty();
  for (const Bytes& bytes : sets) all = after(all, set(bytes));
  return all;
}

Fragment NfaParser::after(Fragment a, Fragment b) {
  at(a.end).out = b.start;
  return {a.start, b.end};
}

Fragment NfaParser::either(Fragment a, Fragment b) {
  const int end = add_split();
  at(a.end).out = end;
  at(b.end).out = end;
  return {add_split(a.start, b.start), end};
}

// The encodings of every character above U+007F, with or without U+2028 and U+2029.
Fragment NfaParser::non_ascii(bool line_separators) {
  const Bytes tail = range(0x80, 0xbf);
  Fragment all = bytes_in_turn({range(0xc2, 0xdf), tail});
  all = either(all, bytes_in_turn({range(0xf0, 0xf4), tail, tail, tail}));
  if (line_separators) return either(all, bytes_in_turn({range(0xe0, 0xef), tail, tail}));
  const Bytes e2 = range(0xe2, 0xe2);
  all = either(all, bytes_in_turn({range(0xe0, 0xef) & ~e2, tail, tail}));
  all = either(all, bytes_in_turn({e2, range(0x81, 0xbf), tail}));
  return either(all, bytes_in_turn({e2, range(0x80, 0x80), tail & ~range(0xa8, 0xa9)}));
}

Fragment NfaParser::with_non_ascii(const Bytes& ascii, bool line_separators) {
  return either(set(ascii), non_ascii(line_separators));
}

int NfaParser::parse() {
  if (text_.starts_with('^')) {
    anchored_start_ = true;
    ++pos_;
  }
  // An anchor belongs to its alternative; only patterns without a top-level '|' may carry one.
  const Fragment all = alternation(0);
  if (more()) throw Unsupported();
  Node accept;
  accept.accepts = true;
  at(all.end).out = add(accept);
  return all.start;
}

Fragment NfaParser::alternation(int depth) {
  if (depth > max_nesting) throw Unsupported();
  Fragment all = sequence(depth);
  while (more() && text_[pos_] == '|') {
    if (depth == 0 && (anchored_start_ || anchored_end_)) throw Unsupported();
    ++pos_;
    all = either(all, sequence(depth));
    if (depth == 0 && anchored_end_) throw Unsupported();
  }
  return all;
}

Fragment NfaParser::sequence(int depth) {
  Fragment all = empty();
  while (more() && text_[pos_] != '|' && text_[pos_] != ')') {
    if (text_[pos_] == '$' && depth == 0 && pos_ + 1 == text_.size()) {
      anchored_end_ = true;
      ++pos_;
      break;
    }
    all = after(all, quantified(depth));
  }
  return all;
}

// Copies are made by parsing the same text again: simpler than cloning nodes.
Fragment NfaParser::repeated(std::size_t from, int depth, int low, int high) {
  const std::size_t after_all = pos_;
  Fragment all = empty();
  const auto copy = [&] {
    pos_ = from;
    return atom(depth);
  };
  for (int i = 0; i < low; ++i) all = after(all, copy());
  if (high < 0) {
    const Fragment body = copy();
    const int loop = add_split(body.start, -1);
    at(body.end).out = loop;
    const int end = add_split();
    at(loop).also = end;
    all = after(all, {loop, end});
  }
  for (int i = low; i < high; ++i) {
    const Fragment body = copy();
    const int end = add_split();
    at(body.end).out = end;
    all = after(all, {add_split(body.start, end), end});
  }
  pos_ = after_all;
  return all;
}

int NfaParser::bound() {
  int value = 0;
  const std::size_t from = pos_;
  while (more() && text_[pos_] >= '0' && text_[pos_] <= '9') {
    value = value * 10 + (text_[pos_++] - '0');
    if (value > 256) throw Unsupported();
  }
  if (pos_ == from) throw Unsupported();
  return value;
}

Fragment NfaParser::quantified(int depth) {
  const std::size_t from = pos_;
  const std::size_t nodes_before = nodes_.size();
  const Fragment once = atom(depth);
  if (!more() || std::string_view("*+?{").find(text_[pos_]) == std::string_view::npos) return once;
  int low = 0;
  int high = -1;
  switch (text_[pos_++]) {
    case '*': break;
    case '+': low = 1; break;
    case '?': high = 1; break;
    default:
      low = high = bound();
      if (more() && text_[pos_] == ',') {
        ++pos_;
        high = more() && text_[pos_] == '}' ? -1 : bound();
      }
      if (!more() || text_[pos_++] != '}' || (high >= 0 && high < low)) throw Unsupported();
  }
  if (more() && text_[pos_] == '?') ++pos_;  // lazy: finds the same texts
  if (more() && std::string_view("*+?{").find(text_[pos_]) != std::string_view::npos) {
    throw Unsupported();
  }
  nodes_.resize(nodes_before);
  return repeated(from, depth, low, high);
}

Fragment NfaParser::atom(int depth) {
  const char c = text_[pos_++];
  if (static_cast<unsigned char>(c) >= 0x80) {
    // One character of several bytes is one atom for a quantifier.
    Fragment all = set(range(static_cast<unsigned char>(c), static_cast<unsigned char>(c)));
    while (more() && (static_cast<unsigned char>(text_[pos_]) & 0xc0) == 0x80) {
      const auto byte = static_cast<unsigned char>(text_[pos_++]);
      all = after(all, set(range(byte, byte)));
    }
    return all;
  }
  switch (c) {
    case '(': {
      if (text_.substr(pos_).starts_with("?:")) {
        pos_ += 2;
      } else if (more() && text_[pos_] == '?') {
        throw Unsupported();
      }
      const Fragment inner = alternation(depth + 1);
      if (!more() || text_[pos_++] != ')') throw Unsupported();
      return inner;
    }
    case '[': return bracket();
    case '.': return with_non_ascii(range(0, 127) & ~range('\n', '\n') & ~range('\r', '\r'), false);
    case '\\': {
      if (!more()) throw Unsupported();
      bool known = false;
      const Bytes bytes = escape_class(text_[pos_], known);
      if (known) {
        const bool negated = text_[pos_++] < 'a';
        return negated ? with_non_ascii(bytes, true) : set(bytes);
      }
      const unsigned char byte = literal_escape();
      return set(range(byte, byte));
    }
    case '^': case '$': case '*': case '+': case '?': case '{': case '}': case ']': case ')':
      throw Unsupported();
    default: {
      const auto byte = static_cast<unsigned char>(c);
      return set(range(byte, byte));
    }
  }
}

// \d, \w and their opposites. \s reaches beyond ASCII and is left to the general engine.
Bytes NfaParser::escape_class(char c, bool& known) {
  known = true;
  switch (c) {
    case 'd': return range('0', '9');
    case 'D': return range(0, 127) & ~range('0', '9');
    case 'w': return word_bytes();
    case 'W': return range(0, 127) & ~word_bytes();
    default: known = false; return {};
  }
}

unsigned char NfaParser::literal_escape() {
  const char c = text_[pos_++];
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'f': return '\f';
    case 'v': return '\v';
    default: break;
  }
  if (std::string_view("^$\\.*+?()[]{}|/-").find(c) == std::string_view::npos) throw Unsupported();
  return static_cast<unsigned char>(c);
}

Fragment NfaParser::bracket() {
  const bool negated = more() && text_[pos_] == '^';
  if (negated) ++pos_;
  Bytes bytes;
  while (more() && text_[pos_] != ']') {
    if (static_cast<unsigned char>(text_[pos_]) >= 0x80) throw Unsupported();
    bool known = false;
    unsigned char low = static_cast<unsigned char>(text_[pos_++]);
    if (low == '\\') {
      if (!more()) throw Unsupported();
      const Bytes escaped = escape_class(text_[pos_], known);
      if (known) {
        if (text_[pos_++] < 'a') throw Unsupported();
        bytes |= escaped;
        continue;
      }
      low = literal_escape();
    }
    unsigned char high = low;
    if (pos_ + 1 < text_.size() && text_[pos_] == '-' && text_[pos_ + 1] != ']') {
      high = static_cast<unsigned char>(text_[pos_ + 1]);
      if (high == '\\' || high >= 0x80 || high < low) throw Unsupported();
      pos_ += 2;
    }
    bytes |= range(low, high);
  }
  if (!more()) throw Unsupported();
  ++pos_;
  return negated ? with_non_ascii(range(0, 127) & ~bytes, true) : set(bytes);
}

}  // namespace

// Subset construction.
class DfaBuilder {
 public:
  DfaBuilder(std::vector<Node> nodes, bool anchored_start, bool anchored_end, int start)
      : nodes_(std::move(nodes)),
        anchored_start_(anchored_start),
        anchored_end_(anchored_end),
        start_(start) {}

  PatternDfa build() {
    split_bytes();
    sets_ = {{}, {}};
    const std::uint32_t start = state_of(closure({start_}));
    for (std::size_t state = 2; state < sets_.size(); ++state) {
      const std::vector<int> from = sets_[state];
      for (unsigned char byte : representatives_) targets_.push_back(state_of(step(from, byte)));
    }
    const auto width = static_cast<std::uint32_t>(representatives_.size());
    PatternDfa dfa;
    dfa.class_of_ = class_of_;
    dfa.start_ = start * width;
    dfa.last_settled_ = PatternDfa::accept_always * width;
    dfa.next_.assign(width, PatternDfa::dead);
    dfa.next_.insert(dfa.next_.end(), width, dfa.last_settled_);
    for (const std::uint32_t target : targets_) dfa.next_.push_back(target * width);
    dfa.accepts_.assign(sets_.size() * width, 0);
    dfa.accepts_[dfa.last_settled_] = 1;
    for (std::size_t i = 2; i < sets_.size(); ++i) dfa.accepts_[i * width] = accepts(sets_[i]) ? 1 : 0;
    return dfa;
  }

 private:
  // Bytes that no node tells apart share a class.
  void split_bytes() {
    std::map<std::vector<bool>, std::uint8_t> seen;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      std::vector<bool> readers;
      for (const Node& node : nodes_) readers.push_back(node.reads.test(byte));
      const auto found = seen.emplace(readers, static_cast<std::uint8_t>(seen.size()));
      if (found.second) representatives_.push_back(static_cast<unsigned char>(byte));
      class_of_[byte] = found.first->second;
    }
  }

  std::vector<int> closure(std::vector<int> open) {
    spent_ += nodes_.size();
    if (spent_ > max_build_steps) throw Unsupported();
    std::vector<bool> seen(nodes_.size());
    std::vector<int> all;
    while (!open.empty()) {
      const int index = open.back();
      open.pop_back();
      if (index < 0 || seen[static_cast<std::size_t>(index)]) continue;
      seen[static_cast<std::size_t>(index)] = true;
      const Node& node = nodes_[static_cast<std::size_t>(index)];
      if (!node.splits) all.push_back(index);
      if (node.splits) {
        open.push_back(node.out);
        open.push_back(node.also);
      }
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  std::vector<int> step(const std::vector<int>& from, unsigned char byte) {
    std::vector<int> open;
    for (int index : from) {
      const Node& node = nodes_[static_cast<std::size_t>(index)];
      if (node.reads.test(byte)) open.push_back(node.out);
    }
    if (!anchored_start_) open.push_back(start_);
    return closure(std::move(open));
  }

  bool accepts(const std::vector<int>& nodes) const {
    return std::any_of(nodes.begin(), nodes.end(),
                       [&](int index) { return nodes_[static_cast<std::size_t>(index)].accepts; });
  }

  std::uint32_t state_of(std::vector<int> nodes) {
    if (nodes.empty()) return PatternDfa::dead;
    if (!anchored_end_ && accepts(nodes)) return PatternDfa::accept_always;
    const auto found = states_.find(nodes);
    if (found != states_.end()) return found->second;
    if (sets_.size() >= max_states) throw Unsupported();
    const auto state = static_cast<std::uint32_t>(sets_.size());
    states_.emplace(nodes, state);
    sets_.push_back(std::move(nodes));
    return state;
  }

  std::vector<Node> nodes_;
  bool anchored_start_;
  bool anchored_end_;
  int start_;
  std::size_t spent_ = 0;
  std::array<std::uint8_t, 256> class_of_{};
  std::vector<unsigned char> representatives_;
  std::map<std::vector<int>, std::uint32_t> states_;
  std::vector<std::vector<int>> sets_;
  std::vector<std::uint32_t> targets_;  // of state 2 and on, by class
};

std::optional<PatternDfa> PatternDfa::compile(std::string_view pattern) {
  try {
    NfaParser parser(pattern);
    const int start = parser.parse();
    DfaBuilder builder(parser.take_nodes(), parser.anchored_start(), parser.anchored_end(), start);
    return builder.build();
  } catch (const Unsupported&) {
    return std::nullopt;
  }
}

}  // namespace junctor::json
