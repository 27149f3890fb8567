// A set of names fixed once, looked up very often: the members a schema knows.
//
// Names are kept as length plus first and last bytes in two words, so that most look-ups compare
// two integers and never touch the name's own text.
//
// Threads: immutable after construction, any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace junctor::json {

class NameTable {
 public:
  static constexpr std::uint32_t absent = 0xffffffff;

  NameTable() : NameTable(std::vector<std::string>()) {}
  // Names must differ from each other; a look-up answers a name's position here.
  explicit NameTable(std::vector<std::string> names);

  // Complexity: constant. `hint` is where the name is tried first, at most size(): the position after
  // the last hit makes documents written in the schema's order cheapest.
  std::uint32_t find(std::string_view name, std::uint32_t hint) const {
    const Words words = words_of(name);
    if (is_at(hint, name, words)) return hint;
    return find_slow(name, words);
  }
  std::uint32_t find(std::string_view name) const { return find_slow(name, words_of(name)); }

  // Of the size and of the first and last bytes: quick, and easy to make collide.
  static std::size_t hash(std::string_view name) { return slot_of(words_of(name), name.size()); }

  const std::string& name(std::uint32_t position) const { return names_[position]; }
  std::size_t size() const { return names_.size(); }

 private:
  struct Words {
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
  };
  struct Entry {
    Words words;
    std::size_t size = 0;
  };

  static std::uint64_t load(const char* at, std::size_t bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, bytes);
    return word;
  }
  // Up to 16 bytes two words, overlapping where they must, hold the whole name.
  static Words words_of(std::string_view name) {
    const std::size_t size = name.size();
    const char* const text = name.data();
    if (size >= 8) return {load(text, 8), load(text + size - 8, 8)};
    if (size >= 4) return {load(text, 4), load(text + size - 4, 4)};
    if (size >= 2) return {load(text, 2), load(text + size - 2, 2)};
    return {size == 0 ? 0 : load(text, 1), 0};
  }
  bool is_at(std::uint32_t position, std::string_view name, Words words) const {
    const Entry& entry = entries_[position];
    return entry.size == name.size() && entry.words.head == words.head &&
           entry.words.tail == words.tail && (name.size() <= 16 || names_[position] == name);
  }
  static std::size_t slot_of(Words words, std::size_t size) {
    const std::uint64_t mixed = (words.head ^ (words.tail << 7 | words.tail >> 57) ^ size) *
                                0x9E3779B97F4A7C15ULL;
    return static_cast<std::size_t>(mixed >> 32);
  }
  std::uint32_t find_slow(std::string_view name, Words words) const;

  std::vector<std::string> names_;
  std::vector<Entry> entries_;        // one more than names: no name has the size of the last
  std::vector<std::uint32_t> slots_;  // open addressing; size a power of two, half of it empty
};

}  // namespace junctor::json
