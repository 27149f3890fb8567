#include "json/pattern_dfa.h"

#include <algorithm>
#include <map>
#include <utility>

#include "json/pattern_nfa.h"

namespace junctor::json {
namespace {

constexpr std::size_t max_states = 256;
constexpr std::size_t max_build_steps = 4'000'000;  // of the subset construction: some 50 ms

}  // namespace

// Subset construction.
class DfaBuilder {
 public:
  explicit DfaBuilder(PatternNfa nfa) : nfa_(std::move(nfa)) {}

  PatternDfa build() {
    split_bytes();
    sets_ = {{}, {}};
    const std::uint32_t start = state_of(closure({nfa_.start}));
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
    for (std::size_t i = 2; i < sets_.size(); ++i) {
      dfa.accepts_[i * width] = accepts(sets_[i]) ? 1 : 0;
    }
    return dfa;
  }

 private:
  // Bytes that no node tells apart share a class.
  void split_bytes() {
    std::map<std::vector<bool>, std::uint8_t> seen;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      std::vector<bool> readers;
      for (const PatternNfa::Node& node : nfa_.nodes) readers.push_back(node.reads.test(byte));
      const auto found = seen.emplace(readers, static_cast<std::uint8_t>(seen.size()));
      if (found.second) representatives_.push_back(static_cast<unsigned char>(byte));
      class_of_[byte] = found.first->second;
    }
  }

  std::vector<int> closure(std::vector<int> open) {
    spent_ += nfa_.nodes.size();
    if (spent_ > max_build_steps) throw PatternUnsupported();
    std::vector<bool> seen(nfa_.nodes.size());
    std::vector<int> all;
    while (!open.empty()) {
      const int index = open.back();
      open.pop_back();
      if (index < 0 || seen[static_cast<std::size_t>(index)]) continue;
      seen[static_cast<std::size_t>(index)] = true;
      const PatternNfa::Node& node = nfa_.nodes[static_cast<std::size_t>(index)];
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
      const PatternNfa::Node& node = nfa_.nodes[static_cast<std::size_t>(index)];
      if (node.reads.test(byte)) open.push_back(node.out);
    }
    if (!nfa_.anchored_start) open.push_back(nfa_.start);
    return closure(std::move(open));
  }

  bool accepts(const std::vector<int>& nodes) const {
    return std::any_of(nodes.begin(), nodes.end(), [&](int index) {
      return nfa_.nodes[static_cast<std::size_t>(index)].accepts;
    });
  }

  std::uint32_t state_of(std::vector<int> nodes) {
    if (nodes.empty()) return PatternDfa::dead;
    if (!nfa_.anchored_end && accepts(nodes)) return PatternDfa::accept_always;
    const auto found = states_.find(nodes);
    if (found != states_.end()) return found->second;
    if (sets_.size() >= max_states) throw PatternUnsupported();
    const auto state = static_cast<std::uint32_t>(sets_.size());
    states_.emplace(nodes, state);
    sets_.push_back(std::move(nodes));
    return state;
  }

  const PatternNfa nfa_;
  std::size_t spent_ = 0;
  std::array<std::uint8_t, 256> class_of_{};
  std::vector<unsigned char> representatives_;
  std::map<std::vector<int>, std::uint32_t> states_;
  std::vector<std::vector<int>> sets_;
  std::vector<std::uint32_t> targets_;  // of state 2 and on, by class
};

std::optional<PatternDfa> PatternDfa::compile(std::string_view pattern) {
  try {
    return DfaBuilder(parse_pattern(pattern)).build();
  } catch (const PatternUnsupported&) {
    return std::nullopt;
  }
}

}  // namespace junctor::json
