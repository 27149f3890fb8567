// Whether keys of one object are all different: the first 64 without allocating, then by sorting.
//
// Threads: one caller. Lifetime: the keys' bytes must outlive the set.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "json/name_table.h"

namespace junctor::json {

class KeySet {
 public:
  // False when the key is among the first 64 of those added before.
  bool add(std::string_view key) {
    if (count_ == max_direct) {
      rest_.push_back(key);
      return true;
    }
    ++count_;
    std::size_t slot = NameTable::hash(key) % slots_.size();
    for (; is_taken(slot); slot = (slot + 1) % slots_.size()) {
      if (slots_[slot].key() == key) return false;
    }
    slots_[slot] = {key.data(), key.size()};
    taken_[slot / 64] |= std::uint64_t{1} << slot % 64;
    return true;
  }

  // Whether all keys were different, given that every add was true. Ends the use of the set.
  bool are_different() {
    if (rest_.empty()) return true;
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
      if (is_taken(slot)) rest_.push_back(slots_[slot].key());
    }
    // Shorter first: most comparisons end there.
    std::sort(rest_.begin(), rest_.end(), [](std::string_view a, std::string_view b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    return std::adjacent_find(rest_.begin(), rest_.end()) == rest_.end();
  }

 private:
  static constexpr std::size_t max_direct = 64;

  // No string_view: that would be 2 KiB of zeros for every object.
  struct Slot {
    const char* data;
    std::size_t size;
    std::string_view key() const { return {data, size}; }
  };

  bool is_taken(std::size_t slot) const { return (taken_[slot / 64] >> slot % 64 & 1) != 0; }

  std::array<std::uint64_t, 2> taken_{};
  std::size_t count_ = 0;
  std::vector<std::string_view> rest_;
  std::array<Slot, 2 * max_direct> slots_;  // not initialised, read where taken
};

}  // namespace junctor::json
