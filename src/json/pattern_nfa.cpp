#include "json/pattern_nfa.h"

#include <initializer_list>
#include <utility>

namespace junctor::json {
namespace {

using Bytes = PatternNfa::Bytes;
using Node = PatternNfa::Node;

constexpr int max_nodes = 2000;
constexpr int max_work = 20000;  // nodes ever made: nested quantifiers parse their inside again
constexpr int max_nesting = 30;

struct Fragment {
  int start = -1;
  int end = -1;  // a split node whose `out` is still open
};

class NfaParser {
 public:
  explicit NfaParser(std::string_view pattern) : text_(pattern) {}

  PatternNfa parse();

 private:
  int add(Node node) {
    if (nfa_.nodes.size() >= max_nodes || ++work_ > max_work) throw PatternUnsupported();
    nfa_.nodes.push_back(node);
    return static_cast<int>(nfa_.nodes.size()) - 1;
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
  Node& at(int index) { return nfa_.nodes[static_cast<std::size_t>(index)]; }
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
  PatternNfa nfa_;
  int work_ = 0;
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

PatternNfa NfaParser::parse() {
  if (text_.starts_with('^')) {
    nfa_.anchored_start = true;
    ++pos_;
  }
  // An anchor belongs to its alternative; only patterns without a top-level '|' may carry one.
  const Fragment all = alternation(0);
  if (more()) throw PatternUnsupported();
  Node accept;
  accept.accepts = true;
  at(all.end).out = add(accept);
  nfa_.start = all.start;
  return std::move(nfa_);
}

Fragment NfaParser::alternation(int depth) {
  if (depth > max_nesting) throw PatternUnsupported();
  Fragment all = sequence(depth);
  while (more() && text_[pos_] == '|') {
    if (depth == 0 && (nfa_.anchored_start || nfa_.anchored_end)) throw PatternUnsupported();
    ++pos_;
    all = either(all, sequence(depth));
    if (depth == 0 && nfa_.anchored_end) throw PatternUnsupported();
  }
  return all;
}

Fragment NfaParser::sequence(int depth) {
  Fragment all = empty();
  while (more() && text_[pos_] != '|' && text_[pos_] != ')') {
    if (text_[pos_] == '$' && depth == 0 && pos_ + 1 == text_.size()) {
      nfa_.anchored_end = true;
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
    if (value > 256) throw PatternUnsupported();
  }
  if (pos_ == from) throw PatternUnsupported();
  return value;
}

Fragment NfaParser::quantified(int depth) {
  const std::size_t from = pos_;
  const std::size_t nodes_before = nfa_.nodes.size();
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
      if (!more() || text_[pos_++] != '}' || (high >= 0 && high < low)) throw PatternUnsupported();
  }
  if (more() && text_[pos_] == '?') ++pos_;  // lazy: finds the same texts
  if (more() && std::string_view("*+?{").find(text_[pos_]) != std::string_view::npos) {
    throw PatternUnsupported();
  }
  nfa_.nodes.resize(nodes_before);
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
        throw PatternUnsupported();
      }
      const Fragment inner = alternation(depth + 1);
      if (!more() || text_[pos_++] != ')') throw PatternUnsupported();
      return inner;
    }
    case '[': return bracket();
    case '.': return with_non_ascii(range(0, 127) & ~range('\n', '\n') & ~range('\r', '\r'), false);
    case '\\': {
      if (!more()) throw PatternUnsupported();
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
      throw PatternUnsupported();
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
  const std::string_view plain_when_escaped = "^$\\.*+?()[]{}|/-";
  if (plain_when_escaped.find(c) == std::string_view::npos) throw PatternUnsupported();
  return static_cast<unsigned char>(c);
}

Fragment NfaParser::bracket() {
  const bool negated = more() && text_[pos_] == '^';
  if (negated) ++pos_;
  Bytes bytes;
  while (more() && text_[pos_] != ']') {
    if (static_cast<unsigned char>(text_[pos_]) >= 0x80) throw PatternUnsupported();
    bool known = false;
    unsigned char low = static_cast<unsigned char>(text_[pos_++]);
    if (low == '\\') {
      if (!more()) throw PatternUnsupported();
      const Bytes escaped = escape_class(text_[pos_], known);
      if (known) {
        if (text_[pos_++] < 'a') throw PatternUnsupported();
        bytes |= escaped;
        continue;
      }
      low = literal_escape();
    }
    unsigned char high = low;
    if (pos_ + 1 < text_.size() && text_[pos_] == '-' && text_[pos_ + 1] != ']') {
      high = static_cast<unsigned char>(text_[pos_ + 1]);
      if (high == '\\' || high >= 0x80 || high < low) throw PatternUnsupported();
      pos_ += 2;
    }
    bytes |= range(low, high);
  }
  if (!more()) throw PatternUnsupported();
  ++pos_;
  return negated ? with_non_ascii(range(0, 127) & ~bytes, true) : set(bytes);
}

}  // namespace

PatternNfa parse_pattern(std::string_view pattern) { return NfaParser(pattern).parse(); }

}  // namespace junctor::json
